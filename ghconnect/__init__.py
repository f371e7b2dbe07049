"""ghconnect: the project, and who is connected to what."""

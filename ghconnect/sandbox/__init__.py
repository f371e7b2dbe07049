"""Another system: a pretend GHES fleet and a pretend GHEC that answer as GitHub documents.

It shares nothing with the console: no import of ours, no database, no code. `python -m ghconnect.sandbox --help`.
"""

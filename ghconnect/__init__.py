"""ghconnect: the project, and who is connected to what.

Celery's application is not loaded here: the sandbox, another system, shares this parent package. Doors that
send tasks load it through `ghconnect.apps`.
"""

"""The WSGI entry point."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "ghconnect.settings")

application = get_wsgi_application()

from django.core.exceptions import ImproperlyConfigured  # noqa: E402 (Django first)

from ghconnect.key_check import WORDS, right_key  # noqa: E402

if not right_key():
    # Not an exit: gunicorn would take that for a worker that died, and start one after the other.
    raise ImproperlyConfigured(WORDS)

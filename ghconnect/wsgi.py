"""The WSGI entry point."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "ghconnect.settings")

application = get_wsgi_application()

from ghconnect.key_check import refuse_wrong_key  # noqa: E402 (Django first)

refuse_wrong_key()

"""Leaves SAML out of other runs, where neither the extra nor its settings are there."""

from django.conf import settings

collect_ignore_glob = [] if "saml" in settings.SOCIALACCOUNT_PROVIDERS else ["test_*.py"]

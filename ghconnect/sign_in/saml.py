"""Addresses of SAML, where an operator has set it; without the extra nothing of it is imported."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any

from django.conf import settings
from django.urls import URLPattern, path

NAMES = {
    "login/": "login",
    "acs/": "acs",
    "acs/finish/": "finish_acs",
    "metadata/": "metadata",
    "sls/": "sls",
}


def addresses(guard: Callable[[Any], Any]) -> list[URLPattern]:
    """Sign-in, where the provider's answer comes in, and what is told the provider; `guard` stands before each."""
    if "saml" not in settings.SOCIALACCOUNT_PROVIDERS:
        return []
    views = import_module("allauth.socialaccount.providers.saml.views")
    place = "sign-in/saml/<slug:organization_slug>"
    return [
        path(f"{place}/{tail}", guard(getattr(views, name)), name=f"saml_{name}")
        for tail, name in NAMES.items()
    ]

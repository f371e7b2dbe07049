"""Pages that belong to no enterprise."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import render
from django.views import i18n
from django.views.decorators.http import require_POST, require_safe

from ghconnect.access import public
from ghconnect.usecases import preferences


@public
@require_safe
def about(request: HttpRequest) -> HttpResponseBase:
    """What the console does and does not do (PRODUCT §1)."""
    return render(request, "ghconnect/about.html")


@public
@require_POST
def set_language(request: HttpRequest) -> HttpResponseBase:
    """Keep the chosen language: in a cookie, and with the person if somebody is signed in."""
    language = request.POST.get("language", "")
    if request.user.is_authenticated and language in dict(settings.LANGUAGES):
        preferences.choose_language(by=request.user, language=language)
    return i18n.set_language(request)

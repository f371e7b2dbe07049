"""Pages that belong to no enterprise."""

from __future__ import annotations

import sys

from django.conf import settings
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views import i18n
from django.views.decorators.http import require_POST, require_safe
from django.views.defaults import server_error

from ghconnect import away
from ghconnect.access import PlacedRequest, public
from ghconnect.middleware import unavailable
from ghconnect.models import Enterprise
from ghconnect.usecases import preferences


@require_safe
def home(request: PlacedRequest) -> HttpResponseBase:
    """Lead to the one enterprise somebody has, else to the list of them."""
    mine = Enterprise.objects.of(request.user)[:2]
    return redirect("overview", slug=mine[0].slug) if len(mine) == 1 else redirect("enterprises")


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


def failed(request: HttpRequest) -> HttpResponseBase:
    """Say what failed: 503 where the database does not answer, else 500. Nothing is read for it."""
    if isinstance(sys.exception(), OperationalError | InterfaceError):
        return unavailable(request, maintenance=False)
    if away.for_programs(request):
        return away.answer(request, 500, _("Something failed here"), {})
    return server_error(request)

"""Tokens of an enterprise for scripts: who made which, for what, and when it was last used."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpResponseBadRequest, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from ghconnect import paging
from ghconnect.access import PlacedRequest, overseer, owner
from ghconnect.forms.tokens import AccessTokenForm
from ghconnect.models import AccessToken
from ghconnect.usecases import access_tokens

from . import asking
from .enterprise_settings import render_page
from .here import deed_of

ASKS = require_http_methods(["GET", "HEAD", "POST"])


@overseer
@ASKS
def page(request: PlacedRequest) -> HttpResponseBase:
    """List the tokens, also those of servers; make one or replace one, and show its text this once."""
    if request.method != "POST":
        return _page(request)
    deed = deed_of(request, {"create": _create, "rotate": _rotate})
    return deed(request) if deed else HttpResponseBadRequest()


def _page(request: PlacedRequest, **more: Any) -> HttpResponseBase:
    enterprise = request.place.enterprise
    rows = AccessToken.objects.filter(enterprise=enterprise, revoked_at=None).select_related(
        "server", "enterprise"
    )
    listed = paging.of(request, rows, "-id")
    now = timezone.now()
    tokens = [(token, token.is_usable(now), asking.revoke_token(token)) for token in listed.rows]
    context = {
        "form": AccessTokenForm(enterprise=enterprise),
        "page": listed,
        "tokens": tokens,
        "real_now": now,
    }
    return render_page(request, "tokens", {**context, **more})


def _create(request: PlacedRequest) -> HttpResponseBase:
    enterprise = request.place.enterprise
    form = AccessTokenForm(request.POST, enterprise=enterprise)
    if not form.is_valid():
        return _page(request, form=form)
    given = form.cleaned_data
    made, text = access_tokens.create(
        enterprise=enterprise,
        name=given["name"],
        scopes=given["scopes"],
        server=form.servers.get(given["host"]),
        days=given["days"],
        by=request.user,
    )
    return _page(request, made=made, text=text)


def _rotate(request: PlacedRequest) -> HttpResponseBase:
    token = _token(request, request.POST.get("token", ""))
    try:
        made, text = access_tokens.rotate(token=token, by=request.user)
    except access_tokens.NotUsable:
        messages.error(request, _("This token is no longer valid. Make another one."))
        return redirect("settings_tokens", request.place.enterprise.slug)
    return _page(request, made=made, text=text, replaced=token)


@owner
@ASKS
def revoke(request: PlacedRequest, pk: int) -> HttpResponseBase:
    """Ask, then revoke a token."""
    token = _token(request, str(pk))
    if request.method != "POST":
        return asking.revoke_token(token).page(request)
    access_tokens.revoke(token=token, by=request.user)
    messages.success(request, _("{token}… is revoked.").format(token=token.shown))
    return redirect("settings_tokens", request.place.enterprise.slug)


def _token(request: PlacedRequest, pk: str) -> AccessToken:
    """One of the enterprise's tokens; 404 for any other."""
    own = AccessToken.objects.filter(enterprise=request.place.enterprise).select_related("enterprise")
    return get_object_or_404(own, pk=pk if pk.isdecimal() and len(pk) < 19 else 0)

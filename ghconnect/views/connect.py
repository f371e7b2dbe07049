"""GitHub Connect of one server: the tab, enabling and disabling, and the switches of its features."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponseBadRequest, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from ghconnect import catalogue, features, wording
from ghconnect.access import PlacedRequest, owner, reader
from ghconnect.features import Feature
from ghconnect.models import ConnectedFeature, Connection, Server
from ghconnect.usecases import connect
from ghconnect.usecases import features as switches

from . import asking
from .here import server_of

ASKS = require_http_methods(["GET", "HEAD", "POST"])


@reader
@require_safe
def tab(request: PlacedRequest) -> HttpResponseBase:
    """The GitHub Connect page of a server, connected or not (PRODUCT §5.5)."""
    server = server_of(request)
    connection = Connection.objects.filter(server=server).first()
    enabled = ConnectedFeature.objects.filter(connection=connection) if connection else ()
    states = {feature.key for feature in enabled}
    context: dict[str, Any] = {
        "connection": connection,
        "rows": [_row(request, listed, connection, states) for listed in catalogue.listed()],
        "account_panels": features.panels("account_box", request, server),
    }
    if connection:
        context["remedy"] = wording.remedy(connection.broken_key) if connection.broken_at else ""
        context["disable"] = asking.disable(request, server)
    return render(request, "ghconnect/connect.html", context)


def _row(
    request: PlacedRequest, listed: catalogue.Listed, connection: Connection | None, enabled: set[str]
) -> dict[str, Any]:
    """One feature row; only what this console performs has a control."""
    feature, server = features.get(listed.key), server_of(request)
    row: dict[str, Any] = {"listed": listed, "performed": feature is not None}
    if feature is None:
        return row
    row |= {"enabled": listed.key in enabled, "panel": feature.panel("feature_row", request, server)}
    if connection and request.place.is_owner:
        row |= asking.switch_menu(request, feature, server, enabled=row["enabled"])
    return row


@owner
@ASKS
def enable(request: PlacedRequest) -> HttpResponseBase:
    """Show the one account with Connect and its checks; then the question; then connect."""
    server = server_of(request)
    if request.method == "POST":
        return _enable(request, server)
    if Connection.objects.filter(server=server).exists():
        return _tab(server)
    question = asking.enable(request, server)
    if "account" in request.GET:
        return question.page(request)
    return render(request, "ghconnect/connect_enable.html", {"question": question})


def _enable(request: PlacedRequest, server: Server) -> HttpResponseBase:
    try:
        connect.enable(server=server, by=request.user)
    except connect.AlreadyConnected:
        messages.info(request, _("GitHub Connect is enabled for {host} already.").format(host=server.host))
    else:
        words = _("GitHub Connect is enabled for {host}. License sync stays Disabled until you set it.")
        messages.success(request, words.format(host=server.host))
    return _tab(server)


@owner
@ASKS
def disable(request: PlacedRequest) -> HttpResponseBase:
    """Ask, then disconnect the server here."""
    server = server_of(request)
    if request.method == "POST":
        return _disable(request, server)
    if not Connection.objects.filter(server=server).exists():
        return _tab(server)
    return asking.disable(request, server).page(request)


def _disable(request: PlacedRequest, server: Server) -> HttpResponseBase:
    try:
        connect.disable(server=server, by=request.user)
    except connect.NotConnected:
        messages.info(request, _("GitHub Connect is not enabled for {host}.").format(host=server.host))
    else:
        messages.success(request, _("GitHub Connect is disabled for {host}.").format(host=server.host))
    return _tab(server)


@owner
@ASKS
def feature_switch(request: PlacedRequest, key: str) -> HttpResponseBase:
    """Ask, then set a feature to Enabled or Disabled; refused while GitHub Connect is off."""
    feature, server = features.get(key), server_of(request)
    if feature is None:
        raise Http404
    wanted = (request.POST if request.method == "POST" else request.GET).get("state", "")
    if wanted not in ("enabled", "disabled"):
        return HttpResponseBadRequest() if request.method == "POST" else _tab(server)
    if request.method == "POST":
        return _switch(request, feature, server, enabled=wanted == "enabled")
    if not Connection.objects.filter(server=server).exists():
        return _refused(request, server)
    return asking.switch(request, feature, server, enabled=wanted == "enabled").page(request)


def _switch(request: PlacedRequest, feature: Feature, server: Server, *, enabled: bool) -> HttpResponseBase:
    try:
        switches.switch(server=server, key=feature.key, enabled=enabled, by=request.user)
    except switches.ConnectIsOff:
        return _refused(request, server)
    state = asking.state_words(enabled=enabled)
    words = _("{host}: “{feature}” is set to {state}.")
    messages.success(request, words.format(host=server.host, feature=feature.label, state=state))
    return _tab(server)


def _refused(request: PlacedRequest, server: Server) -> HttpResponseBase:
    messages.error(request, _("Enable GitHub Connect first."))
    return _tab(server)


def _tab(server: Server) -> HttpResponseBase:
    return redirect("server_connect", server.enterprise.slug, server.host)

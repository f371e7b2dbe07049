"""The console's own doors to GitHub Connect of a server: its connection and its features (ENGINEERING §13)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Literal

from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from ninja import Router, Schema

from ghconnect import features
from ghconnect.models import AccessToken, ConnectedFeature, Connection, Enterprise, Role, Server
from ghconnect.usecases import connect
from ghconnect.usecases import features as switching

from . import auth
from .answers import changed, tagged
from .auth import refuse
from .shapes import CHANGES, PROBLEMS

router = Router(tags=["console"])
READ = auth.Token(AccessToken.Scope.READ_ENTERPRISE)
ADMIN = auth.Token(AccessToken.Scope.ADMIN_CONNECT)
# What of an enterprise only those may read who see all of it: accounts of servers, and who is counted twice.
OVERSEE = auth.Token(AccessToken.Scope.READ_ENTERPRISE, roles={Role.OWNER, Role.AUDITOR})


class Feature(Schema):
    """A feature this console performs."""

    key: str
    label: str
    state: Literal["enabled", "disabled"]
    by: str | None
    at: str | None


class ConnectionState(Schema):
    """GitHub Connect of a server, here."""

    host: str
    connected: bool
    by: str | None
    at: str | None
    broken: str | None
    features: list[Feature]


class Switch(Schema):
    """What a feature shall be."""

    state: Literal["enabled", "disabled"]


def enterprise_of(request: HttpRequest) -> Enterprise:
    """Return the enterprise of the token that asks."""
    enterprise: Enterprise = request.token.enterprise  # type: ignore[attr-defined]
    return enterprise


def server_of(request: HttpRequest, host: str) -> Server:
    """Return a server of the token's enterprise; 404 for any other."""
    enterprise = enterprise_of(request)
    server = Server.objects.filter(enterprise=enterprise, host=host.lower().replace("\0", "")).first()
    if server is None:
        raise Http404
    server.enterprise = enterprise
    return server


@router.get("/servers/{host}/connection", auth=READ, response={200: ConnectionState, **PROBLEMS})
def connection(request: HttpRequest, host: str) -> HttpResponse:
    """Tell whether GitHub Connect is on for a server here, and its features. Scope read:enterprise."""
    return tagged(request, _state(server_of(request, host)))


@router.put("/servers/{host}/connection", auth=ADMIN, response={200: ConnectionState, **CHANGES})
def connection_enable(request: HttpRequest, host: str) -> HttpResponse:
    """Enable GitHub Connect of a server, here. Scope admin:connect."""
    with _as_asked(request, host) as server:
        try:
            connect.enable(server=server, by=None)
        except connect.AlreadyConnected:
            raise refuse(409, "already_connected", _("GitHub Connect is enabled for this server.")) from None
    return changed(_state(server))


@router.delete("/servers/{host}/connection", auth=ADMIN, response={200: ConnectionState, **CHANGES})
def connection_disable(request: HttpRequest, host: str) -> HttpResponse:
    """Disable GitHub Connect of a server, here; what was read stays. Scope admin:connect."""
    with _as_asked(request, host) as server:
        try:
            connect.disable(server=server, by=None)
        except connect.NotConnected:
            raise refuse(409, "connect_off", _("GitHub Connect is not enabled for this server.")) from None
    return changed(_state(server))


@router.put("/servers/{host}/features/{key}", auth=ADMIN, response={200: ConnectionState, **CHANGES})
def feature_switch(request: HttpRequest, host: str, key: str, body: Switch) -> HttpResponse:
    """Set a feature to enabled or disabled, by the same gate as the page. Scope admin:connect."""
    with _as_asked(request, host) as server:
        try:
            switching.switch(server=server, key=key, enabled=body.state == "enabled", by=None)
        except switching.UnknownFeature:
            raise Http404 from None
        except switching.ConnectIsOff:
            raise refuse(409, "connect_off", _("GitHub Connect is not enabled for this server.")) from None
    return changed(_state(server))


@contextmanager
def _as_asked(request: HttpRequest, host: str) -> Iterator[Server]:
    """Hold the server while its state is compared with If-Match and changed; raises Denied (412)."""
    with transaction.atomic():
        server = connect.locked(server_of(request, host))
        auth.as_asked(request, _state(server))
        yield server


def _state(server: Server) -> dict[str, Any]:
    found = Connection.objects.filter(server=server).prefetch_related("features").first()
    enabled = {feature.key: feature for feature in found.features.all()} if found else {}
    return {
        "host": server.host,
        "connected": found is not None,
        "by": found.by_login if found else None,
        "at": found.at.isoformat() if found else None,
        "broken": (found.broken_key or None) if found else None,
        "features": [_feature(each, enabled.get(each.key)) for each in features.registered()],
    }


def _feature(feature: features.Feature, row: ConnectedFeature | None) -> dict[str, Any]:
    return {
        "key": feature.key,
        "label": str(feature.label),
        "state": "enabled" if row else "disabled",
        "by": row.by_login if row else None,
        "at": row.at.isoformat() if row else None,
    }

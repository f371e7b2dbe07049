"""Servers for scripts: add one, its settings, token and checks, what was read of it, and its end here."""

from __future__ import annotations

from datetime import time
from typing import Annotated, Any, Literal

from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from ninja import Router, Schema
from pydantic import ConfigDict, Field

from ghconnect import wording
from ghconnect.api import auth
from ghconnect.api.answers import changed, tagged
from ghconnect.api.auth import refuse
from ghconnect.api.console import ADMIN, OVERSEE, enterprise_of, server_of
from ghconnect.api.shapes import CHANGES, CONFLICTS, PROBLEMS
from ghconnect.models import Server
from ghconnect.usecases import connect, servers

from .numbers import router as states  # of an address all methods are in one router

router = Router(tags=["console"])
ONE = "/servers/{host}/settings"
HOURS = {"quiet_from", "quiet_to"}
WayIn = Literal["pull", "push", "upload"]
# What a certificate is written with.
PRINTED = r"^[\n\r\t -~]*$"
Hour = Annotated[str, Field(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$")]
TokenText = Annotated[str, Field(min_length=1, max_length=300)]


class ServerSettings(Schema):
    """What owners say of a server; `token` only whether there is one. Quiet hours are in the enterprise's zone."""

    host: str
    way_in: WayIn
    managed_by: Literal["", "built_in", "ldap", "saml", "scim"]
    quiet_from: Hour | None
    quiet_to: Hour | None
    web_url: str
    ca_bundle: str
    token: bool
    token_login: str
    checked_at: str | None
    checks: list[dict[str, Any]]


class NewServer(Schema):
    """A server and its way in; one that this console reads needs a token."""

    host: str = Field(max_length=255)
    way_in: WayIn = "pull"
    token: str = Field("", max_length=300)
    ca_bundle: str = Field("", max_length=200_000, pattern=PRINTED)
    model_config = ConfigDict(
        json_schema_extra={"examples": [{"host": "ghe-osaka.example.com", "way_in": "push"}]}
    )


class SettingsChange(Schema):
    """What shall be other than it is; what is left out stays."""

    way_in: WayIn | None = None
    managed_by: Literal["", "built_in", "ldap", "saml", "scim"] | None = None
    quiet_from: Hour | None = None
    quiet_to: Hour | None = None
    web_url: str | None = Field(None, max_length=200, pattern=r"^(https?://[!-~]+)?$")
    ca_bundle: str | None = Field(None, max_length=200_000, pattern=PRINTED)
    model_config = ConfigDict(json_schema_extra={"examples": [{"quiet_from": "08:00", "quiet_to": "18:00"}]})


class ServerToken(Schema):
    """A token of the server; it is sealed here and never told again."""

    token: TokenText
    model_config = ConfigDict(json_schema_extra={"examples": [{"token": "ghp_..."}]})


class ServerName(Schema):
    """The host name."""

    host: str = Field(max_length=255)
    model_config = ConfigDict(json_schema_extra={"examples": [{"host": "ghe-new.example.com"}]})


@states.post("/servers", auth=ADMIN, response={201: ServerSettings, **CONFLICTS})
def server_add(request: HttpRequest, body: NewServer) -> HttpResponse:
    """Add a server; one that is read is checked first, and what the checks say is told. Scope admin:connect."""
    if body.way_in == "pull" and not body.token.strip():
        raise refuse(422, "no_token", _("Paste a token, or choose another way in."))
    pulled = body.way_in == "pull"
    given = {"token": body.token if pulled else "", "ca_bundle": body.ca_bundle if pulled else ""}
    try:
        made = servers.add(
            enterprise=enterprise_of(request), host=body.host, way_in=body.way_in, by=None, **given
        )
    except servers.AlreadyAdded:
        raise refuse(409, "already_added", _("This server is in this enterprise already.")) from None
    except servers.BadHost as error:
        raise refuse(422, error.key, wording.problem(error.key, error.params)) from None
    except servers.BadToken:
        raise refuse(422, "bad_token", wording.problem("bad_token")) from None
    except servers.BadValue as error:
        raise _bad_value(error) from None
    return changed(_settings(made), 201)


@router.get(ONE, auth=OVERSEE, response={200: ServerSettings, **PROBLEMS})
def server_settings(request: HttpRequest, host: str) -> HttpResponse:
    """Tell the settings of a server, without its token. Scope read:enterprise, of an owner or auditor."""
    return tagged(request, _settings(server_of(request, host)))


@router.patch(ONE, auth=ADMIN, response={200: ServerSettings, **CHANGES})
def server_settings_change(request: HttpRequest, host: str, body: SettingsChange) -> HttpResponse:
    """Change settings of a server; quiet hours come in pairs, null for none. Scope admin:connect."""
    values = body.dict(exclude_unset=True)
    hours = {
        name: time.fromisoformat(at) if (at := values.pop(name)) else None for name in HOURS & values.keys()
    }
    wanted = {name: value for name, value in values.items() if value is not None} | hours
    with transaction.atomic():
        server = connect.locked(server_of(request, host))
        auth.as_asked(request, _settings(server))
        try:
            server = servers.change(server=server, by=None, **wanted)
        except servers.BadValue as error:
            raise _bad_value(error) from None
    return changed(_settings(server))


@router.put("/servers/{host}/token", auth=ADMIN, response={200: ServerSettings, **CONFLICTS})
def server_token(request: HttpRequest, host: str, body: ServerToken) -> HttpResponse:
    """Replace the token of a server. Scope admin:connect.

    The server is asked first; the old one stays if it refuses.
    """
    server = server_of(request, host)
    try:
        server = servers.replace_token(server=server, token=body.token, by=None)
    except servers.BadToken:
        raise refuse(422, "bad_token", wording.problem("bad_token")) from None
    except servers.TokenRefused:
        words = _("{host} refuses this token. Nothing was changed.").format(host=server.host)
        raise refuse(409, "token_refused", words) from None
    return changed(_settings(server))


@router.delete("/servers/{host}/token", auth=ADMIN, response={200: ServerSettings, **PROBLEMS})
def server_token_delete(request: HttpRequest, host: str) -> HttpResponse:
    """Delete the token of a server here; at the server it stays valid. Scope admin:connect."""
    return changed(_settings(servers.delete_token(server=server_of(request, host), by=None)))


@router.post("/servers/{host}/checks", auth=ADMIN, response={200: ServerSettings, **PROBLEMS})
def server_check(request: HttpRequest, host: str) -> HttpResponse:
    """Check a server as it is set up, now. Scope admin:connect."""
    return changed(_settings(servers.check(server=server_of(request, host), by=None)))


@router.put("/servers/{host}/name", auth=ADMIN, response={200: ServerSettings, **CONFLICTS})
def server_rename(request: HttpRequest, host: str, body: ServerName) -> HttpResponse:
    """Give a server its new host name; its token is deleted, its accounts and history stay. Scope admin:connect."""
    try:
        server = servers.rename(server=server_of(request, host), host=body.host, by=None)
    except servers.AlreadyAdded:
        raise refuse(409, "already_added", _("This server is in this enterprise already.")) from None
    except servers.BadHost as error:
        raise refuse(422, error.key, wording.problem(error.key, error.params)) from None
    return changed(_settings(server))


@states.delete("/servers/{host}", auth=ADMIN, response={202: ServerSettings, **CONFLICTS})
def server_remove(request: HttpRequest, host: str, confirm: str = "") -> HttpResponse:
    """Remove a server and everything of it here; `confirm` repeats its host name. Scope admin:connect.

    202: it is disconnected, a worker counts its accounts out, and then it is 404.
    """
    server = server_of(request, host)
    if confirm.lower() != server.host:
        words = _("This is not the host name of the server. Nothing was removed.")
        raise refuse(409, "not_confirmed", words)
    return changed(_settings(servers.ask_to_remove(server=server, by=None)), 202)


def _bad_value(error: servers.BadValue) -> auth.Denied:
    words = wording.problem("bad_ca") if error.field == "ca_bundle" else _("This value cannot be kept.")
    return refuse(422, f"bad_{error.field}", words)


def _settings(server: Server) -> dict[str, Any]:
    return {
        "host": server.host,
        "way_in": server.way_in,
        "managed_by": server.managed_by,
        "quiet_from": f"{server.quiet_from:%H:%M}" if server.quiet_from else None,
        "quiet_to": f"{server.quiet_to:%H:%M}" if server.quiet_to else None,
        "web_url": server.web_url,
        "ca_bundle": server.ca_bundle,
        "token": bool(server.token),
        "token_login": server.token_login,
        "checked_at": server.checked_at.isoformat() if server.checked_at else None,
        "checks": server.checks,
    }

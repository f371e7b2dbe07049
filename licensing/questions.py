"""What is said before license sync is switched, a server disconnected, or a push token revoked (PRODUCT §6.5)."""

from __future__ import annotations

from datetime import datetime

from django.http import HttpRequest
from django.urls import reverse
from django.utils import dateformat, timezone
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from ghconnect import clock, moments
from ghconnect.features import Shown
from ghconnect.models import AccessToken, Server
from ghconnect.questions import Question
from licensing.models import DueSync, ServerPicture
from licensing.usecases import schedule

SAMPLE = "licensing/sample_link.html"


def switch_on(request: HttpRequest, server: Server) -> Shown:
    """Before Enabled: when the server is read, and what of each account."""
    title = _("Enable license sync")
    if server.way_in != Server.WayIn.PULL:
        words = _(
            "The file of {host} is handed over, not read. While Enabled, this console says when none came."
        )
        said = words.format(host=server.host)
        return SAMPLE, {"title": title, "body": said, "help": said}
    local = timezone.localtime(_due(server))
    clock_time = dateformat.format(local, pgettext("date format", "H:i T"))
    when = {"weekday": dateformat.format(local, "l"), "time": clock_time}
    body = _(
        "Every {weekday} about {time} this console reads the accounts of {host}: id, login, primary email, "
        "suspended, dormant, site admin, ever active. See a sample first."
    ).format(host=server.host, **when)
    short = _("Every {weekday} about {time} this console reads the accounts of {host}.")
    return SAMPLE, {"title": title, "body": body, "help": short.format(host=server.host, **when)}


def switch_off(request: HttpRequest, server: Server) -> Shown:
    """Before Disabled: what was read stays."""
    picture = _picture(server)
    words = _("{host} is no longer read.")
    if picture:
        words = _("{host} is no longer read. Its {n} accounts stay as of {date}.")
    said = words.format(host=server.host, **_facts(picture))
    return "", {"title": _("Disable license sync"), "body": said, "help": said}


def disconnect(request: HttpRequest, server: Server) -> Shown:
    """Before GitHub Connect is disabled: what was read stays."""
    picture = _picture(server)
    words = (
        _("The {n} accounts of {date} stay, marked as such.")
        if picture
        else _("Nothing of it has been read yet.")
    )
    return "", {"stays": words.format(**_facts(picture))}


def push_tokens_url(server: Server) -> str:
    """Where a server's push tokens are listed."""
    return reverse("server_settings", args=[server.enterprise.slug, server.host]) + "#push"


def revoke_push_token(server: Server, token: AccessToken) -> Question:
    """Before a push token is revoked."""
    words = _("{host} can no longer send its file with {token}…. What it has sent stays.")
    return Question(
        id=f"revoke-{token.pk}",
        action=reverse("server_push_revoke", args=[server.enterprise.slug, server.host, token.pk]),
        title=_("Revoke {token}…").format(token=token.shown),
        body=words.format(host=server.host, token=token.shown),
        verb=_("Revoke"),
        back=push_tokens_url(server),
        danger=True,
    )


def _due(server: Server) -> datetime:
    """When the server is due, or would be if license sync were enabled now."""
    due = DueSync.objects.filter(server=server).first()
    now = clock.now(server.enterprise)
    return due.at if due else schedule.next_due(server, now, now).at


def _picture(server: Server) -> ServerPicture | None:
    return ServerPicture.objects.filter(server=server).exclude(last_success=None).first()


def _facts(picture: ServerPicture | None) -> dict[str, str]:
    if picture is None or picture.last_success is None:
        return {}
    return {"n": f"{picture.accounts:,}", "date": moments.day(picture.observed_at or picture.last_success)}

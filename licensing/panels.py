"""What licensing shows on pages of `ghconnect`: feature row, account box, push tokens, list of enterprises."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta

from django.db.models import F
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from ghconnect import clock
from ghconnect.features import Shown
from ghconnect.models import AccessToken, Enterprise, Server, ServerName
from ghconnect.summaries import Summary
from licensing import bridge, clocks
from licensing.forms.push import PushTokenForm
from licensing.models import CloudPicture, Edition, SyncRun
from licensing.questions import revoke_push_token

# Which state of a server speaks for its enterprise: the first of these that one of them is in.
WORST = (
    "failing",
    "held",
    "silent",
    "stale",
    "late",
    "never_synced",
    "syncing",
    "disabled",
    "disconnected",
    "fresh",
)

TOKENS_SHOWN = 20
EXPIRES_SOON = timedelta(days=14)


def feature_row(request: HttpRequest, server: Server) -> Shown:
    """Beside the dropdown: "Last synced 3 hours ago · next Monday about 10:40 JST · License"."""
    now = clock.now(server.enterprise)
    both = clocks.one(server)
    due = getattr(both.server, "due", None)
    return "licensing/feature_row.html", {
        "clocks": both,
        "next": due.at if due and due.at > now and server.way_in == Server.WayIn.PULL else None,
    }


def account_box(request: HttpRequest, server: Server) -> Shown:
    """What GitHub says of the instance's own connection."""
    return "licensing/account_box.html", {"clocks": clocks.one(server), "listed": _listed(server)}


def _listed(server: Server) -> bool | None:
    """Whether GitHub lists the server as connected, by the last reading that could see it; None: never seen."""
    runs = SyncRun.objects.filter(enterprise=server.enterprise_id, server=None, state__in=SyncRun.GOOD)
    told = (
        runs.filter(counts__has_key="connected").order_by("-number").values_list("counts", flat=True).first()
    )
    known: dict[str, bool] = told["connected"] if told else {}
    names = [server.host, *ServerName.objects.filter(server=server).values_list("host", flat=True)]
    return next((known[name] for name in names if name in known), None)


def server_settings(request: HttpRequest, server: Server) -> Shown:
    """The tokens with which the server may send its file; those that were revoked are in the audit log."""
    tokens = AccessToken.objects.filter(server=server, revoked_at=None).order_by("-id")[:TOKENS_SHOWN]
    now = timezone.now()
    rows = [
        {
            "token": token,
            "expired": not token.is_usable(now),
            "soon": token.expires_at - now < EXPIRES_SOON,
            "question": revoke_push_token(server, token),
        }
        for token in tokens
    ]
    return "licensing/push_panel.html", {
        "push_rows": rows,
        "push_form": PushTokenForm(auto_id="push_%s"),
        "push_url": reverse("server_push", args=[server.enterprise.slug, server.host]),
        "real_now": now,
    }


def summarise(enterprises: Sequence[Enterprise]) -> Mapping[int, Summary]:
    """Return each enterprise's count and worst state: a constant number of queries for a page of them."""
    editions = {
        edition.enterprise_id: edition
        for edition in Edition.objects.filter(enterprise__in=enterprises, number=F("enterprise__edition"))
    }
    clouds = {cloud.enterprise_id: cloud for cloud in CloudPicture.objects.filter(enterprise__in=enterprises)}
    servers = clocks.of_many(enterprises)
    return {
        enterprise.pk: _summary(
            editions.get(enterprise.pk), clouds.get(enterprise.pk), servers[enterprise.pk]
        )
        for enterprise in enterprises
    }


def _summary(
    edition: Edition | None, cloud: CloudPicture | None, servers: Sequence[clocks.Clocks]
) -> Summary:
    totals = edition.totals if edition else {}
    counted = cloud.consumed if cloud else None  # the headline, as `bridge` tells it
    worst = min(servers, key=lambda each: WORST.index(each.console.key), default=None)
    return Summary(
        count=counted if counted is not None else totals.get("expected"),
        source=_("counted by GitHub")
        if counted is not None
        else _("counted by this console")
        if totals
        else "",
        counted_at=cloud.counted_at if cloud else None,
        console_at=bridge.latest(
            (
                edition.at if edition else None,
                *(each.picture.last_success for each in servers if each.picture),
            )
        ),
        state=worst.console.label if worst else "",
        css=worst.console.css if worst else "secondary",
    )

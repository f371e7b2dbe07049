"""GitHub's own syncs of one server as the console saw them: nobody else keeps this history."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from ghconnect import paging, wording
from ghconnect.models import Server
from ghconnect.templatetags.ghconnect_ui import number
from licensing import exports, sides
from licensing.models import GitHubSync

HEAD = (
    "host", "server_id", "synced_at", "status", "error", "days_since_previous", "first_seen_at", "last_checked_at",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Said:
    """One thing GitHub said of a server, its state in words and Primer's label, and the gap before it."""

    sync: GitHubSync
    label: str
    css: str
    gap: str


def rows(server: Server) -> QuerySet[GitHubSync]:
    """Return what GitHub said of the server, under any of its names."""
    return GitHubSync.objects.filter(enterprise=server.enterprise, server=server)


def page(request: HttpRequest, server: Server) -> paging.Page[Said]:
    """Return the page that the query names, newest first; two queries."""
    found = paging.of(request, rows(server).select_related("server"), "-first_seen_at", "-id")
    before = _before(server, found.rows)
    said = [_said(each, gap(each, before.get(each.pk))) for each in found.rows]
    return paging.Page(said, found.previous_url, found.next_url)


def _said(sync: GitHubSync, gap: str) -> Said:
    """Say how it stood when it was seen: the moment stands beside it, so no age."""
    side = sides.github_side(sync, sync.date or sync.first_seen_at)
    said = wording.github_state(side.key, {"words": sync.error or sync.status})
    return Said(sync, said.label, said.css, gap)


def _before(server: Server, shown: list[GitHubSync]) -> dict[int, datetime]:
    """Return the date GitHub told before each of these, by primary key."""
    if not shown:
        return {}
    known = rows(server).filter(first_seen_at__lte=shown[0].first_seen_at, date__isnull=False)
    dates = sorted({date for date in known.values_list("date", flat=True) if date})
    return {
        each.pk: max(earlier)
        for each in shown
        if each.date and (earlier := [date for date in dates if date < each.date])
    }


def gap(sync: GitHubSync, before: datetime | None) -> str:
    """Say how many days lie between a sync and the one before, "" where that is not known."""
    if sync.date is None or before is None:
        return ""
    return days(sync.date - before)


def days(span: timedelta) -> str:
    """Return "7 days", rounded."""
    n = round(span / timedelta(days=1))
    return ngettext("{n} day", "{n} days", n).format(n=number(n)) if n else _("less than a day")


def lines(server: Server) -> Iterator[tuple[str | int | float, ...]]:
    """Return the history as lines of a table, oldest first, with its head."""
    yield HEAD
    before: datetime | None = None
    for each in rows(server).order_by("first_seen_at", "pk").iterator(1000):
        moved = each.date is not None and before is not None and each.date > before
        since = round((each.date - before) / timedelta(days=1), 2) if moved and each.date and before else ""
        yield (
            each.host,
            each.instance_id,
            exports.iso(each.date) if each.date else "",
            each.status,
            each.error,
            since,
            exports.iso(each.first_seen_at),
            exports.iso(each.checked_at),
        )
        before = each.date or before

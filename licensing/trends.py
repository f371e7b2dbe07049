"""What happened over time, as numbers: licenses, people, servers. A constant number of queries for each."""

from __future__ import annotations

import zoneinfo
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.core.cache import cache
from django.db.models import Count, Max, Min
from django.db.models.functions import TruncDate
from django.utils.translation import gettext_lazy as _

from ghconnect import clock
from ghconnect.models import Enterprise
from licensing.models import CloudPicture, Edition, GitHubCount, Seat, ServerPicture, SyncRun, bulk

RANGES = {
    "30d": (30, _("30 days")),
    "90d": (90, _("90 days")),
    "12m": (365, _("12 months")),
    "all": (0, _("All")),
}
USUAL = "12m"
WEEK = timedelta(days=7)
# A list of what GitHub's rows say is made once for each of its readings.
KEPT_SECONDS = 86_400

Value = float | None


@dataclass(frozen=True, slots=True)
class Span:
    """What is looked at: from `start` to `end`, the enterprise's now; `key` is one of RANGES."""

    key: str
    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True)
class Series:
    """One value over time; it stays until the next point."""

    key: str
    label: str
    points: list[tuple[datetime, Value]] = field(default_factory=list)

    @property
    def last(self) -> Value:
        """The value that stands at the end."""
        return self.points[-1][1] if self.points else None

    @property
    def first(self) -> Value:
        """The first value that is known."""
        return next((value for _, value in self.points if value is not None), None)


@dataclass(frozen=True, slots=True)
class Week:
    """People who got a license and who lost it in one week; `found` were found by a first reading."""

    start: datetime
    joined: int = 0
    left: int = 0
    found: int = 0


def span(enterprise: Enterprise, key: str) -> Span:
    """Return the range that `key` names, the usual one for an unknown key; "all" begins with the first edition."""
    key = key if key in RANGES else USUAL
    end, days = clock.now(enterprise), RANGES[key][0]
    first = Edition.objects.filter(enterprise=enterprise).aggregate(at=Min("at"))["at"] or end
    start = end - timedelta(days=days) if days else first
    # What is older than the first edition would be an empty plain.
    return Span(key, min(max(start, first - (end - first) / 20), end - timedelta(minutes=1)), end)


# --- licenses over time ------------------------------------------------------------------------------------------


def licenses(enterprise: Enterprise, of: Span) -> list[Series]:
    """GitHub's count, what is purchased, and what this console expects."""
    counts = _github(enterprise, of)
    editions = _editions(enterprise, of)
    return [
        Series("counted", str(_("Counted by GitHub")), [(at, row.consumed) for at, row in counts]),
        Series(
            "expected",
            str(_("Expected")),
            [(at, totals.get("expected")) for at, totals in editions],
        ),
        Series("purchased", str(_("Purchased")), [(at, row.purchased) for at, row in counts]),
    ]


def _github(enterprise: Enterprise, of: Span) -> list[tuple[datetime, GitHubCount]]:
    """What GitHub said within the span, the last of each day, and what stood at its beginning."""
    rows = GitHubCount.objects.filter(enterprise=enterprise)
    return _carried(rows, of, zone(enterprise), "pk")


def _editions(enterprise: Enterprise, of: Span) -> list[tuple[datetime, Mapping[str, Any]]]:
    """The totals of the last edition of each day of the span, and of the one that stood at its beginning."""
    rows = Edition.objects.filter(enterprise=enterprise)
    return [(at, row.totals) for at, row in _carried(rows, of, zone(enterprise), "number")]


def _carried(rows: Any, of: Span, tz: zoneinfo.ZoneInfo, order: str) -> list[tuple[datetime, Any]]:
    before = rows.filter(at__lt=of.start).order_by(f"-{order}").first()
    days = rows.filter(at__gte=of.start, at__lte=of.end).annotate(day=TruncDate("at", tzinfo=tz))
    last = [day["last"] for day in days.order_by().values("day").annotate(last=Max(order))]
    found = [(row.at, row) for row in rows.filter(**{f"{order}__in": last}).order_by(order)]
    return [(of.start, before), *found] if before is not None else found


def kinds(enterprise: Enterprise, of: Span) -> list[Series]:
    """The licenses by where people have accounts: as GitHub's rows say, else as this console counts."""
    from licensing.bridge import DEPLOYMENTS

    editions = _editions(enterprise, of)
    by_github = bool(editions and editions[-1][1].get("rows"))
    told = [
        (at, (totals.get("rows") if by_github else totals.get("people")) or {}) for at, totals in editions
    ]
    return [
        Series(key, str(words), [(at, counts.get(key, 0)) for at, counts in told])
        for key, words in DEPLOYMENTS.items()
    ]


def servers(enterprise: Enterprise, of: Span) -> list[Series]:
    """Accounts of each server that consume a license, at each of its syncs; the largest server first."""
    runs = SyncRun.objects.filter(
        enterprise=enterprise, server__isnull=False, state__in=SyncRun.GOOD, finished_at__lte=of.end
    )
    days = runs.annotate(day=TruncDate("finished_at", tzinfo=zone(enterprise)))
    last = [each["last"] for each in days.order_by().values("server_id", "day").annotate(last=Max("pk"))]
    found: dict[int, Series] = {}
    for run in runs.filter(pk__in=last).select_related("server").order_by("finished_at"):
        if run.server is None or run.finished_at is None or "consuming" not in run.counts:
            continue
        series = found.setdefault(run.server_id or 0, Series(run.server.host, run.server.short_name))
        if run.finished_at < of.start:
            series.points[:] = [(of.start, run.counts["consuming"])]
        else:
            series.points.append((run.finished_at, run.counts["consuming"]))
    return sorted(found.values(), key=lambda series: (-(series.last or 0), series.key))


# --- people who come and go ----------------------------------------------------------------------------------------


def weeks(enterprise: Enterprise, of: Span) -> list[Week]:
    """How many people got a license and lost it, by week (from Monday on, in the enterprise's zone)."""
    editions = list(
        Edition.objects.filter(enterprise=enterprise, at__gte=of.start, at__lte=of.end)
        .order_by("number")
        .values_list("number", "at", "run_id")
    )
    tz = zone(enterprise)
    if not editions:
        return []
    week_of = {number: monday(at, tz) for number, at, _run in editions}
    first_runs = _first_runs(enterprise)
    reading = {number for number, _at, run_id in editions if run_id in first_runs}
    joined, left = (_by_edition(enterprise, column, editions[0][0]) for column in ("from", "to"))
    came, found = _by_week(joined, week_of, leave=reading), _by_week(joined, week_of, only=reading)
    gone = _by_week(left, week_of)
    start, last = monday(of.start, tz), monday(of.end, tz)
    spread = [start + WEEK * n for n in range((last - start).days // 7 + 1)]
    mondays = [monday(each + timedelta(hours=12), tz) for each in spread]
    return [Week(each, came[each], gone[each], found[each]) for each in mondays]


def _first_runs(enterprise: Enterprise) -> set[int]:
    """The runs that read a subject for the first time: whom they found had a license before."""
    rows = SyncRun.objects.filter(enterprise=enterprise, state__in=SyncRun.GOOD, edition__isnull=False)
    return {row["first"] for row in rows.order_by().values("server_id").annotate(first=Min("pk"))}


def _by_edition(enterprise: Enterprise, edge: str, since: int) -> dict[int, int]:
    column = f"{edge}_edition"
    rows = Seat.objects.filter(enterprise=enterprise, **{f"{column}__gte": since})
    return dict(rows.order_by().values_list(column).annotate(n=Count("pk")))


def _by_week(
    counts: Mapping[int, int],
    week_of: Mapping[int, datetime],
    *,
    only: Iterable[int] | None = None,
    leave: Iterable[int] = (),
) -> Counter[datetime]:
    left_out, kept = set(leave), None if only is None else set(only)
    found: Counter[datetime] = Counter()
    for number, n in counts.items():
        if number in week_of and number not in left_out and (kept is None or number in kept):
            found[week_of[number]] += n
    return found


def monday(at: datetime, tz: zoneinfo.ZoneInfo) -> datetime:
    """Return the midnight at which the week of `at` began."""
    local = at.astimezone(tz)
    day = local.date() - timedelta(days=local.weekday())
    return datetime(day.year, day.month, day.day, tzinfo=tz)


def zone(enterprise: Enterprise) -> zoneinfo.ZoneInfo:
    """Return the enterprise's zone; UTC for one this machine does not know."""
    try:
        return zoneinfo.ZoneInfo(enterprise.time_zone or "UTC")
    except (zoneinfo.ZoneInfoNotFoundError, ValueError):
        return zoneinfo.ZoneInfo("UTC")


# --- who has the licenses now --------------------------------------------------------------------------------------


def by_server(enterprise: Enterprise) -> list[tuple[str, int]]:
    """Servers with their accounts that consume a license, most first; one person may be on several."""
    rows = ServerPicture.objects.filter(server__enterprise=enterprise).exclude(last_success=None)
    found = rows.select_related("server").order_by("-consuming", "server__host")
    return [(picture.server.short_name, picture.consuming) for picture in found]


def by_organization(enterprise: Enterprise) -> Sequence[tuple[str, int]]:
    """Organizations with the licenses whose row names them, most first; counted once for each of GitHub's reports."""
    at = CloudPicture.objects.filter(enterprise=enterprise).values_list("rows_at", flat=True).first()
    if at is None:
        return []
    key = f"organizations.{enterprise.pk}.{at:%Y%m%dT%H%M%S%f}"
    found: Sequence[tuple[str, int]] | None = cache.get(key)
    if found is None:
        found = bulk.licenses_by_organization(enterprise.pk)
        cache.set(key, found, KEPT_SECONDS)
    return found

"""Licensing over time: pictures, each with its table and its CSV."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Any

from django.http import Http404, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_safe

from ghconnect import clock
from ghconnect.access import PlacedRequest, reader
from ghconnect.models import Enterprise
from ghconnect.templatetags.ghconnect_ui import number
from licensing import bridge, exports, health, pictures, showing, trends
from licensing.models import SyncRun
from licensing.pictures import Picture
from licensing.trends import Series, Span

from .frame import subtabs

Rows = Iterable[Sequence[Any]]


@reader
@require_safe
def page(request: PlacedRequest) -> HttpResponseBase:
    """Show every picture for one range."""
    enterprise = request.place.enterprise
    of = trends.span(enterprise, request.GET.get("range", ""))
    context = {
        "tab": "licensing",
        "subtabs": subtabs(request),
        "times": bridge.of(enterprise, changes=False),
        "ranges": [(key, words, key == of.key) for key, (_days, words) in trends.RANGES.items()],
        "licenses": licenses(enterprise, of),
        "kinds": _filed(
            pictures.bands("kinds", _("By kind"), trends.kinds(enterprise, of), of), enterprise, of
        ),
        "servers": _filed(_by_server_over_time(enterprise, of), enterprise, of),
        "weeks": _filed(_weeks(enterprise, of), enterprise, of),
        "strips": list(health.strips(enterprise.servers.order_by("host")).values()),
        "strips_csv": _csv(enterprise, "syncs", of),
        "by_server": _filed(_by_server(enterprise), enterprise, of),
        "by_organization": _filed(_by_organization(enterprise), enterprise, of),
    }
    return render(request, "licensing/trends.html", context)


@reader
@require_safe
def as_csv(request: PlacedRequest, chart: str) -> HttpResponseBase:
    """Give what is behind one picture, all of it; times in UTC."""
    enterprise = request.place.enterprise
    if chart not in FILES:
        raise Http404
    of = trends.span(enterprise, request.GET.get("range", ""))
    answer = HttpResponse(content_type="text/csv; charset=utf-8")
    name = f"{enterprise.slug}-{chart}-{clock.now(enterprise):%Y-%m-%d}.csv"
    answer["Content-Disposition"] = f'attachment; filename="{name}"'
    csv.writer(answer).writerows(
        [exports.safe(cell) if isinstance(cell, str) else cell for cell in row]
        for row in FILES[chart](enterprise, of)
    )
    return answer


def licenses(enterprise: Enterprise, of: Span) -> Picture:
    """The picture of licenses over time, also of the summary."""
    drawn = pictures.lines("licenses", _("Licenses over time"), trends.licenses(enterprise, of), of)
    return _filed(drawn, enterprise, of)


def _filed(picture: Picture, enterprise: Enterprise, of: Span) -> Picture:
    return replace(picture, csv=_csv(enterprise, picture.id, of))


def _csv(enterprise: Enterprise, chart: str, of: Span) -> str:
    where = {"slug": enterprise.slug, "chart": chart}
    return f"{reverse('trends_csv', kwargs=where)}?range={of.key}"


def _by_server_over_time(enterprise: Enterprise, of: Span) -> Picture:
    series = trends.servers(enterprise, of)
    picture = pictures.lines(
        "servers", _("Accounts that consume a license, by server"), series, of, zero=True
    )
    left = len(series[pictures.MOST_LINES :])
    note = ngettext(
        "{n} more server is in the table alone.", "{n} more servers are in the table alone.", left
    ).format(n=number(left))
    return replace(picture, note=note if left else "")


def _weeks(enterprise: Enterprise, of: Span) -> Picture:
    found = trends.weeks(enterprise, of)
    picture = pictures.columns("weeks", _("People joining and leaving, by week"), found)
    note = _(
        "People whom the first reading of a server or of GitHub's report found are not counted as joining."
    )
    return replace(picture, note=note if any(week.found for week in found) else "")


def _by_server(enterprise: Enterprise) -> Picture:
    found = trends.by_server(enterprise)
    words = _("One person may have accounts on several servers, so these do not add up.")
    return pictures.bars("by-server", _("Licenses by server, now"), found, _("Server"), words)


def _by_organization(enterprise: Enterprise) -> Picture:
    found = trends.by_organization(enterprise)
    words = _("As GitHub's report names them. One person may be in several, so these do not add up.")
    return pictures.bars(
        "by-organization", _("Licenses by organization, now"), found, _("Organization"), words
    )


# --- files -----------------------------------------------------------------------------------------------------------


def _series_rows(series: Sequence[Series]) -> Rows:
    """A line a moment; an empty cell where nothing was known yet."""
    yield ["at", *(each.key for each in series)]
    known: dict[str, float | None] = {}
    changes = sorted((at, each.key, value) for each in series for at, value in each.points)
    for place, (at, key, value) in enumerate(changes):
        known[key] = value
        if place + 1 == len(changes) or changes[place + 1][0] != at:
            yield [exports.iso(at), *(_cell(known.get(each.key)) for each in series)]


def _cell(value: float | None) -> str | int:
    return "" if value is None else round(value)


def _weeks_rows(enterprise: Enterprise, of: Span) -> Rows:
    yield ["week_of", "joined", "left", "found_by_first_reading"]
    for week in trends.weeks(enterprise, of):
        yield [f"{week.start:%Y-%m-%d}", week.joined, week.left, week.found]


def _named_rows(head: str, found: Sequence[tuple[str, int]]) -> Rows:
    yield [head, "licenses"]
    yield from found


def _syncs_rows(enterprise: Enterprise, of: Span) -> Rows:
    yield ["server", "number", "ended", "state", "trigger", "accounts", "added", "released", "error"]
    runs = SyncRun.objects.filter(
        enterprise=enterprise, server__isnull=False, finished_at__gte=of.start, finished_at__lte=of.end
    )
    for run in runs.select_related("server").order_by("server__host", "number").iterator(1000):
        host = run.server.host if run.server else ""
        counts = (run.fetched, showing.added(run), run.counts.get("released", 0))
        yield [host, run.number, exports.iso(run.finished_at), run.state, run.trigger, *counts, run.error_key]


FILES: dict[str, Callable[[Enterprise, Span], Rows]] = {
    "licenses": lambda enterprise, of: _series_rows(trends.licenses(enterprise, of)),
    "kinds": lambda enterprise, of: _series_rows(trends.kinds(enterprise, of)),
    "servers": lambda enterprise, of: _series_rows(trends.servers(enterprise, of)),
    "weeks": _weeks_rows,
    "syncs": _syncs_rows,
    "by-server": lambda enterprise, of: _named_rows("server", trends.by_server(enterprise)),
    "by-organization": lambda enterprise, of: _named_rows("organization", trends.by_organization(enterprise)),
}

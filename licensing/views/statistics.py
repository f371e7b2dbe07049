"""Server statistics of a server: what its owners share with GitHub, read there."""

from __future__ import annotations

import csv
import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, time

from django.db.models import QuerySet
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_safe

from ghconnect import catalogue, clock
from ghconnect.access import PlacedRequest, reader
from ghconnect.models import Server
from ghconnect.templatetags import ghconnect_ui as ui
from ghconnect.views.here import server_of
from licensing import exports, pictures
from licensing.both_times import Times
from licensing.models import CloudPicture, ServerStatistics
from licensing.pictures import Picture
from licensing.trends import Series, Span

COLUMNS = (
    "github_connect.features_enabled", "host_name", "dormant_users.dormancy_threshold",
    "dormant_users.total_dormant_users", "ghes_version", "server_id", "collection_date",
    "ghe_stats.users.total_users", "ghe_stats.users.admin_users", "ghe_stats.users.suspended_users",
)  # fmt: skip


@reader
@require_safe
def page(request: PlacedRequest) -> HttpResponseBase:
    """Show the newest day and how users went over the year, or why there is nothing."""
    server = server_of(request)
    days = list(_of(server))
    cloud = CloudPicture.objects.filter(enterprise=server.enterprise).first()
    context = {
        "tab": "connect",
        "newest": days[-1] if days else None,
        "features": _features(days[-1]) if days else [],
        "dormancy": _dormancy(days[-1].dormancy_threshold) if days else "",
        "picture": _picture(server, days),
        "cloud": cloud,
        "times": Times(days[-1].collected_at, cloud.statistics_read_at if cloud else None) if days else None,
    }
    return render(request, "licensing/statistics.html", context)


@reader
@require_safe
def as_csv(request: PlacedRequest) -> HttpResponseBase:
    """Give the days kept, in the columns of GitHub's own export that are kept here (reference §11)."""
    server = server_of(request)
    answer = HttpResponse(content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="{server.host}-server-statistics.csv"'
    writer = csv.writer(answer)
    writer.writerow(COLUMNS)
    writer.writerows(_cells(day) for day in _of(server))
    return answer


def _dormancy(threshold: str) -> str:
    """Say after what a user is dormant: GitHub writes "90 days" (reference §11), another span stays as written."""
    days = re.fullmatch(r"(\d{1,6}) days?", threshold)
    if days is None:
        return _("without activity for %(span)s") % {"span": threshold} if threshold else ""
    n = int(days[1])
    words = ngettext("without activity for %(n)s day", "without activity for %(n)s days", n)
    return words % {"n": ui.number(n)}


def _of(server: Server) -> QuerySet[ServerStatistics]:
    return ServerStatistics.objects.filter(server=server).order_by("day")


def _cells(day: ServerStatistics) -> list[str | int | None]:
    return [
        exports.safe(",".join(day.features)),
        exports.safe(day.host),
        exports.safe(day.dormancy_threshold),
        day.dormant_users,
        exports.safe(day.version),
        exports.safe(day.instance_id),
        exports.iso(day.collected_at),
        day.total_users,
        day.admin_users,
        day.suspended_users,
    ]


def _features(day: ServerStatistics) -> list[tuple[str, str]]:
    """GitHub's machine names, each with its label where it is public."""
    return [(name, str(catalogue.LABELS.get(name, ""))) for name in day.features]


def _picture(server: Server, days: Sequence[ServerStatistics]) -> Picture:
    end = clock.now(server.enterprise)
    start = datetime.combine(days[0].day, time(), UTC) if days else end
    values = [
        ("users", _("Users"), [(day.collected_at, day.total_users) for day in days]),
        ("dormant", _("Dormant users"), [(day.collected_at, day.dormant_users) for day in days]),
        ("suspended", _("Suspended users"), [(day.collected_at, day.suspended_users) for day in days]),
    ]
    series = [Series(key, label, list(points)) for key, label, points in values]
    drawn = pictures.lines(
        "users", _("Users, as the server tells GitHub"), series, Span("all", start, end), zero=True
    )
    where = {"slug": server.enterprise.slug, "host": server.host}
    return replace(drawn, csv=reverse("server_statistics_csv", kwargs=where))

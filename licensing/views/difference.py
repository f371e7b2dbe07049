"""GitHub and this console: who makes the difference between the two counts."""

from __future__ import annotations

from typing import Any

from django.db.models import Exists, OuterRef, QuerySet
from django.http import HttpResponseBase
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from ghconnect import paging
from ghconnect.access import PlacedRequest, reader
from ghconnect.models import Enterprise
from ghconnect.templatetags.ghconnect_ui import number
from licensing import bridge, differences, licenses, listing
from licensing.models import BridgeItem, CloudPicture, Person

from .frame import subtabs


@reader
@require_safe
def difference(request: PlacedRequest) -> HttpResponseBase:
    """Show the bridge and the people of all its lines, or all people of one."""
    enterprise = request.place.enterprise
    numbers = bridge.of(enterprise)
    line = request.GET.get("line", "")
    chosen = next((one for one in numbers.changes if one.key == line), None)
    cloud = CloudPicture.objects.filter(enterprise=enterprise).first()
    people = _people(enterprise, chosen.key).exists() if chosen else False
    of_gone = bool(chosen) and (not people or "gone" in request.GET)
    page = _page(request, chosen.key, of_gone=of_gone) if chosen else None
    return render(
        request,
        "licensing/difference.html",
        {
            "tab": "licensing",
            "subtabs": subtabs(request),
            "bridge": numbers,
            "chosen": chosen,
            "page": page,
            "of_gone": of_gone,
            "people_count": people,
            "lines": _lines(enterprise, page.rows, of_gone=of_gone) if page else [],
            "sections": [] if chosen else differences.sections(enterprise, numbers),
            "gone_count": differences.gone(enterprise, chosen.key).count() if chosen else 0,
            "verdicts": differences.verdicts(enterprise),
            "cloud": cloud,
            "coverage": _coverage(cloud) if cloud else "",
        },
    )


def _page(request: PlacedRequest, line: str, *, of_gone: bool) -> paging.Page[Any]:
    """The people of a line, or GitHub's licenses of accounts that are gone altogether."""
    enterprise = request.place.enterprise
    rows: QuerySet[Any] = differences.gone(enterprise, line) if of_gone else _people(enterprise, line)
    return paging.of(request, rows, "sort", "id")


def _lines(enterprise: Enterprise, rows: list[Any], *, of_gone: bool) -> list[listing.Line]:
    if of_gone:
        return listing.lines(enterprise, licenses.GITHUB, rows)
    return listing.people_lines(enterprise, rows)


def _coverage(cloud: CloudPicture) -> str:
    """Of how many members the console sees what GitHub matches by (PRODUCT §6.2)."""
    return _(
        "Identity values visible for {a} of {b} members. For the others GitHub's own joins are used."
    ).format(a=number(cloud.members_with_identity), b=number(cloud.members))


def _people(enterprise: Enterprise, line: str) -> QuerySet[Person]:
    through = BridgeItem.people.through.objects.filter(
        person_id=OuterRef("pk"), bridgeitem__enterprise=enterprise, bridgeitem__line=line
    )
    return Person.objects.filter(Exists(through), enterprise=enterprise)

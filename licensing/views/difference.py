"""GitHub and this console: who makes the difference between the two counts."""

from __future__ import annotations

from django.db.models import Exists, OuterRef, QuerySet
from django.http import HttpResponseBase
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from ghconnect import paging
from ghconnect.access import PlacedRequest, reader
from ghconnect.models import Enterprise
from ghconnect.templatetags.ghconnect_ui import number
from licensing import bridge, differences, listing
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
    page = paging.of(request, _people(enterprise, chosen.key), "sort", "id") if chosen else None
    return render(
        request,
        "licensing/difference.html",
        {
            "tab": "licensing",
            "subtabs": subtabs(request),
            "bridge": numbers,
            "chosen": chosen,
            "page": page,
            "lines": listing.people_lines(enterprise, page.rows) if page else [],
            "sections": [] if chosen else differences.sections(enterprise, numbers),
            "removed": differences.removed(enterprise, chosen.key) if chosen else [],
            "verdicts": differences.verdicts(enterprise),
            "cloud": cloud,
            "coverage": _coverage(cloud) if cloud else "",
        },
    )


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

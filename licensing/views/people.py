"""Why this license? One person, as a page and as JSON."""

from __future__ import annotations

from django.http import HttpResponseBase, JsonResponse
from django.shortcuts import get_object_or_404, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from ghconnect.access import PlacedRequest, reader
from licensing import counted_twice, people, person_data
from licensing.models import Person

from .counted_twice import sender
from .frame import subtabs


def _person(request: PlacedRequest, pk: int) -> people.Whole:
    enterprise = request.place.enterprise
    return people.whole(enterprise, get_object_or_404(Person, enterprise=enterprise, pk=pk))


@reader
@require_safe
def person(request: PlacedRequest, pk: int) -> HttpResponseBase:
    """Show a person's accounts, rules, verdicts, GitHub's rows and the license over time."""
    whole = _person(request, pk)
    enterprise = request.place.enterprise
    return render(
        request,
        "licensing/person.html",
        {
            "tab": "licensing",
            "subtabs": subtabs(request, under="consumed"),
            "whole": whole,
            "description": _description(whole),
            "twice": counted_twice.of_person(enterprise, whole.person, sender=sender(request)),
            "bridge_known": whole.rows_at is not None,
        },
    )


def _description(whole: people.Whole) -> str:
    """Why this license? · Server members."""
    told = [_("Why this license?"), whole.deployment]
    return " · ".join(one for one in told if one)


@reader
@require_safe
def person_json(request: PlacedRequest, pk: int) -> HttpResponseBase:
    """Give the same as data: keys of rules, verdicts and reasons instead of words."""
    body = person_data.of(_person(request, pk))
    return JsonResponse(body, json_dumps_params={"ensure_ascii": False})

"""The people behind each line of the bridge, and what GitHub's rows say beside it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, F, Q, QuerySet, Window
from django.db.models.functions import RowNumber
from django.urls import reverse

from ghconnect.models import Enterprise
from licensing.models import BridgeItem, LicenseRow, Person
from licensing.rules.verdicts import EFFECT, LINE_ORDER

from . import bridge, licenses, listing

# A line shows so many people; a page of its own shows all.
SHOWN = 10


@dataclass(frozen=True, slots=True)
class Section:
    """One line of the bridge with its first people, and the licenses of accounts that are gone altogether."""

    line: bridge.BridgeLine
    people: list[listing.Line]
    removed: list[listing.Line]
    url: str
    more: bool


@dataclass(frozen=True, slots=True)
class Verdict:
    """How many of GitHub's rows have a verdict; `effect` is what it usually does to the expected count."""

    key: str
    words: str
    count: int
    effect: int
    url: str


def sections(enterprise: Enterprise, numbers: bridge.BridgeView) -> list[Section]:
    """Return the lines of the bridge, each with its first people; a constant number of queries."""
    lines = {line.key: line for line in numbers.changes}
    members, removed = _first_people(enterprise), _removed(enterprise, SHOWN + 1)
    people = Person.objects.in_bulk({pk for pks in members.values() for pk in pks})
    known = {one.id: one for one in listing.people_lines(enterprise, list(people.values()))}
    gone = {one.id: one for one in listing.lines(enterprise, licenses.GITHUB, [row for row, _ in removed])}
    return [
        Section(
            line=line,
            people=[known[pk] for pk in members.get(key, [])[:SHOWN]],
            removed=[gone[row.pk] for row, line in removed if line == key][:SHOWN],
            url=f"{reverse('difference', kwargs={'slug': enterprise.slug})}?line={key}",
            more=max(len(members.get(key, [])), sum(line == key for _, line in removed)) > SHOWN,
        )
        for key, line in lines.items()
    ]


def _first_people(enterprise: Enterprise) -> dict[str, list[int]]:
    through: QuerySet[Any] = BridgeItem.people.through.objects.filter(bridgeitem__enterprise=enterprise)
    ranked: QuerySet[Any] = through.annotate(
        place=Window(
            RowNumber(),
            partition_by=F("bridgeitem__line"),
            order_by=[F("person__sort").asc(), F("person_id").asc()],
        )
    )
    found: dict[str, list[int]] = {}
    first = ranked.filter(place__lte=SHOWN + 1).order_by("bridgeitem__line", "place")
    for line, person in first.values_list("bridgeitem__line", "person_id"):
        found.setdefault(line, []).append(person)
    return found


def gone(enterprise: Enterprise, line: str) -> QuerySet[LicenseRow]:
    """Return the licenses of a line whose accounts are gone altogether, so that no person is left to name."""
    return LicenseRow.objects.filter(
        bridge_items__enterprise=enterprise, bridge_items__line=line, bridge_items__people=None, counted=True
    )


def _removed(enterprise: Enterprise, most: int) -> list[tuple[LicenseRow, str]]:
    """Rows that GitHub counts and nobody here is tied to any more, each with its line: so many of each."""
    rows: QuerySet[Any] = LicenseRow.objects.filter(
        bridge_items__enterprise=enterprise, bridge_items__people=None, counted=True
    ).annotate(line=F("bridge_items__line"))
    place = Window(RowNumber(), partition_by=F("line"), order_by=[F("sort").asc(), F("id").asc()])
    first = rows.annotate(place=place).filter(place__lte=most)
    return [(row, row.line) for row in first.order_by("sort", "id")]


def verdicts(enterprise: Enterprise) -> list[Verdict]:
    """Return how GitHub's counted rows are judged, in order; those with nothing to judge are left out."""
    counts: Mapping[str, int] = dict(
        LicenseRow.objects.filter(~Q(verdict=""), enterprise=enterprise, counted=True)
        .values_list("verdict")
        .annotate(n=Count("pk"))
    )
    where = reverse("consumed", kwargs={"slug": enterprise.slug})
    order = [*LINE_ORDER, *sorted(counts.keys() - set(LINE_ORDER))]
    return [
        Verdict(
            key,
            bridge.line_words(key),
            counts[key],
            EFFECT.get(key, 0),
            f"{where}?view={licenses.GITHUB}&q=verdict:{key}",
        )
        for key in order
        if key in counts
    ]

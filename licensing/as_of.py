"""Licenses as of a past day: the totals that stood at its end, and everybody who held one (ENGINEERING §9)."""

from __future__ import annotations

import csv
import json
import zoneinfo
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from io import StringIO
from typing import Any

from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from ghconnect import clock, wording
from ghconnect.models import Enterprise
from licensing.models import Edition, Person, Seat
from licensing.models.bulk.snapshot import snapshot

from . import exports
from .bridge import line_words
from .license_records import batches

BATCH = 2000
COLUMNS = ("name", "person", "license_type", "reason", "licensed_since", "licensed_until")


@dataclass(frozen=True, slots=True)
class Day:
    """A day in the enterprise's zone with the edition that stood at its end; None: nothing was published yet."""

    day: date
    edition: Edition | None
    people: int
    erased: int

    @property
    def totals(self) -> dict[str, Any]:
        """The totals as stored at that time, never worked out again."""
        return self.edition.totals if self.edition else {}

    @property
    def counted_at(self) -> datetime | None:
        """When GitHub had counted what that day's totals hold; None of days before that was kept."""
        return counted_at(self.totals)

    @property
    def lines(self) -> list[tuple[str, int]]:
        """The lines of that day's bridge, in words."""
        return [(line_words(key), delta) for key, delta in self.totals.get("lines", {}).items()]


@dataclass(frozen=True, slots=True)
class Holder:
    """Somebody who held a license that day: since when, until when (None: still), and why."""

    person: Person
    license_type: str
    reason: str
    since: datetime | None
    until: datetime | None

    @property
    def erased(self) -> bool:
        """Whether the names are erased; who never had one is not."""
        return not (self.person.name or self.person.sort or self.person.group)

    @property
    def name(self) -> str:
        """What the person is called: of an account of a server not known here what GitHub calls it; "" once erased."""
        return "" if self.erased else self.person.name or self.person.sort or _("No name")

    @property
    def why(self) -> str:
        """The reason in words."""
        return wording.reason(self.reason) if self.reason else ""


def read_day(enterprise: Enterprise, text: str) -> date:
    """Return the day that is written, else the enterprise's today; a day to come is today."""
    zone = zoneinfo.ZoneInfo(enterprise.time_zone)
    today = clock.now(enterprise).astimezone(zone).date()
    try:
        return min(date.fromisoformat(text), today)
    except ValueError:
        return today


def of(enterprise: Enterprise, day: date) -> Day:
    """Return the day with the last edition before its end."""
    zone = zoneinfo.ZoneInfo(enterprise.time_zone)
    end = datetime.combine(day, time.min, zone) + timedelta(days=1) if day < date.max else None
    editions = Edition.objects.filter(enterprise=enterprise)
    edition = (editions.filter(at__lt=end) if end else editions).order_by("-number").first()
    if edition is None:
        return Day(day, None, 0, 0)
    found = people(enterprise, edition)
    return Day(day, edition, found.count(), found.filter(name="", sort="", group="").count())


def people(enterprise: Enterprise, edition: Edition) -> QuerySet[Person]:
    """Return who held a license in an edition, also those whose names are erased."""
    # Not asked for each person: SQLite would walk all seats for every one of them.
    return Person.objects.filter(pk__in=_seats(edition).values("person_id"), enterprise=enterprise)


def _seats(edition: Edition) -> QuerySet[Seat]:
    still = Q(to_edition=None) | Q(to_edition__gt=edition.number)
    return Seat.objects.filter(still, enterprise=edition.enterprise_id, from_edition__lte=edition.number)


def holders(edition: Edition, found: Sequence[Person]) -> list[Holder]:
    """Return licenses of people in an edition: two queries."""
    ids = [one.pk for one in found]
    seats = {seat.person_id: seat for seat in _seats(edition).filter(person_id__in=ids)}
    edges = {n for seat in seats.values() for n in (seat.from_edition, seat.to_edition) if n is not None}
    rows = Edition.objects.filter(enterprise=edition.enterprise_id, number__in=edges)
    at: dict[int | None, datetime] = dict(rows.values_list("number", "at"))
    return [
        Holder(
            one,
            seats[one.pk].license_type,
            seats[one.pk].reason,
            at.get(seats[one.pk].from_edition),
            at.get(seats[one.pk].to_edition),
        )
        for one in found
    ]


# --- files ---------------------------------------------------------------------------------------------------------


def as_csv(enterprise: Enterprise, shown: Day) -> Iterator[str]:
    """Yield a line per license, and at the end one with the totals of that day."""
    yield ",".join(COLUMNS) + "\r\n"
    count = 0
    for records in _batches(enterprise, shown):
        count += len(records)
        text = StringIO()
        writer = csv.writer(text)
        writer.writerows([exports.safe(str(one[name])) for name in COLUMNS] for one in records)
        yield text.getvalue()
    facts = "; ".join(
        f"{name}={value}" for name, value in _facts(shown).items() if not isinstance(value, dict)
    )
    yield f'"# {count} licenses; {facts}"\r\n'


def as_json(enterprise: Enterprise, shown: Day) -> Iterator[str]:
    """Yield the totals as they were stored, then every license."""
    yield json.dumps(_facts(shown), ensure_ascii=False)[:-1] + ', "users": ['
    first = True
    for records in _batches(enterprise, shown):
        text = ",\n".join(json.dumps(one, ensure_ascii=False) for one in records)
        yield ("" if first else ",\n") + text
        first = False
    yield "]}\n"


def _batches(enterprise: Enterprise, shown: Day) -> Iterator[list[dict[str, Any]]]:
    if shown.edition is None:
        return
    with snapshot():
        rows = people(enterprise, shown.edition).order_by("sort", "id").iterator(BATCH)
        for some in batches(rows, BATCH):
            yield [_record(one) for one in holders(shown.edition, some)]


def _record(one: Holder) -> dict[str, Any]:
    return {
        "name": one.name,
        "person": one.person.pk,
        "license_type": one.license_type,
        "reason": one.reason,
        "licensed_since": exports.iso(one.since),
        "licensed_until": exports.iso(one.until),
    }


def _facts(shown: Day) -> dict[str, Any]:
    return {
        "as_of": shown.day.isoformat(),
        "edition": shown.edition.number if shown.edition else 0,
        "published_at": exports.iso(shown.edition.at if shown.edition else None),
        "erased": shown.erased,
        **shown.totals,
    }


def counted_at(totals: Mapping[str, Any]) -> datetime | None:
    """When GitHub had counted what an edition's totals hold; None of editions before that was kept."""
    text = totals.get("counted_at")
    return datetime.fromisoformat(text) if text else None

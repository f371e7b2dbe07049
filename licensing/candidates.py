"""Candidates by the page: from the table a worker keeps, or of a small enterprise as they were just worked out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

from django.db.models import Exists, OuterRef, QuerySet, Sum
from django.http import HttpRequest

from ghconnect import paging
from ghconnect.models import Enterprise
from licensing.models import TwiceCandidate, TwiceDecision, TwiceFound
from licensing.rules.avoidable import Candidate

from . import avoidable
from .license_records import batches

BATCH = 500
OPEN = "open"
_FIELDS = ("temporary", "weight", "id")


class Ranked(NamedTuple):
    """A candidate after its place in the list, the surest and dearest first."""

    place: tuple[int, int, int]
    candidate: Candidate


@dataclass(frozen=True, slots=True)
class Kept:
    """Those of the table a worker keeps: a page of them is read, however many there are. `last`: when it looked."""

    enterprise: Enterprise
    last: TwiceFound | None

    def page(self, request: HttpRequest, *, state: str = "", size: int = paging.SIZE) -> paging.Page[Ranked]:
        """Return a page of those with this word of an owner, "open" for none; without `state`, all not set aside."""
        rows = self._rows(state)
        return _assembled(request, lambda cursor, limit: _of_table(rows, cursor, limit), size)

    def each(self) -> Iterator[list[Candidate]]:
        """Yield all that are not set aside by so many, in memory that does not grow with them."""
        for some in batches(self._rows("").order_by(*_FIELDS).iterator(BATCH), BATCH):
            yield avoidable.told(some)

    def named(self, fingerprint: str) -> Candidate | None:
        """Return the candidate of that name, whatever an owner said of it."""
        rows = self._all().filter(fingerprint=fingerprint)
        return next(iter(avoidable.told(list(rows.order_by(*_FIELDS)[:1]))), None)

    def aside(self, most: int) -> tuple[list[Candidate], int]:
        """Return the first of those that are set aside, and how many there are."""
        rows = self._all().filter(self._said(avoidable.ASIDE))
        return avoidable.told(list(rows.order_by(*_FIELDS)[:most])), rows.count()

    def decisions(self, some: Iterable[Candidate]) -> dict[str, TwiceDecision]:
        """Return the words that hold now on these candidates, by fingerprint."""
        return avoidable.decisions(self.enterprise, some)

    @property
    def licenses(self) -> int:
        """How many licenses could be avoided for good: one query, however many."""
        return self._rows("").filter(temporary=False).aggregate(n=Sum("licenses"))["n"] or 0

    def _all(self) -> QuerySet[TwiceCandidate]:
        return TwiceCandidate.objects.filter(enterprise=self.enterprise)

    def _rows(self, state: str) -> QuerySet[TwiceCandidate]:
        if state in ("", OPEN):
            return self._all().filter(~self._said(list(TwiceDecision.State) if state else avoidable.ASIDE))
        return self._all().filter(self._said([state]))

    def _said(self, states: Iterable[str]) -> Exists:
        """Whether an owner's word on a row holds, and is one of these."""
        holding = avoidable.holding(self.enterprise).filter(state__in=list(states))
        return Exists(holding.filter(fingerprint=OuterRef("fingerprint")))


@dataclass(frozen=True, slots=True)
class WorkedOut:
    """Those of a small enterprise that no worker has looked at since its newest edition: the same, from memory."""

    found: avoidable.Avoidable
    last: TwiceFound | None

    def page(self, request: HttpRequest, *, state: str = "", size: int = paging.SIZE) -> paging.Page[Ranked]:
        """Return a page, as of the table."""
        listed = self._listed(state)
        return _assembled(request, lambda cursor, limit: _of_list(listed, cursor, limit), size)

    def each(self) -> Iterator[list[Candidate]]:
        """Yield all that are not set aside by so many."""
        return batches((one.candidate for one in self._listed("")), BATCH)

    def named(self, fingerprint: str) -> Candidate | None:
        """Return the candidate of that name, whatever an owner said of it."""
        every = (*self.found.candidates, *self.found.aside)
        return next((one for one in every if one.fingerprint == fingerprint), None)

    def aside(self, most: int) -> tuple[list[Candidate], int]:
        """Return the first of those that are set aside, and how many there are."""
        return self.found.aside[:most], len(self.found.aside)

    def decisions(self, some: Iterable[Candidate]) -> dict[str, TwiceDecision]:
        """Return the words that hold now on these candidates, by fingerprint."""
        said = self.found.decisions
        return {one.fingerprint: said[one.fingerprint] for one in some if one.fingerprint in said}

    @property
    def licenses(self) -> int:
        """How many licenses could be avoided for good."""
        return self.found.licenses

    def _listed(self, state: str) -> list[Ranked]:
        words = {name: one.state for name, one in self.found.decisions.items()}
        every = (*self.found.candidates, *self.found.aside) if state else self.found.candidates
        some = [one for one in every if not state or words.get(one.fingerprint, OPEN) == state]
        return sorted(Ranked((int(one.temporary), *one.rank[1:]), one) for one in some)


def of(enterprise: Enterprise) -> Kept | WorkedOut:
    """Return what reads an enterprise's candidates: asked once, where a page shows several things of them."""
    last = avoidable.found(enterprise)
    if avoidable.is_kept(enterprise, last):
        return Kept(enterprise, last)
    return WorkedOut(avoidable.worked_out(enterprise), last)


def _assembled(request: HttpRequest, fetch: paging.Fetch[Ranked], size: int) -> paging.Page[Ranked]:
    return paging.assemble(request, fetch, lambda one: one.place, kinds=(int, int, int), size=size)


def _of_table(rows: QuerySet[TwiceCandidate], cursor: paging.Cursor | None, limit: int) -> list[Ranked]:
    if cursor is not None:
        cursor = paging.Cursor((bool(cursor.values[0]), *cursor.values[1:]), cursor.back)
    found = list(paging.select(rows, _FIELDS, cursor)[:limit])
    places = [(int(row.temporary), row.weight, row.pk) for row in found]
    return [Ranked(*both) for both in zip(places, avoidable.told(found), strict=True)]


def _of_list(listed: list[Ranked], cursor: paging.Cursor | None, limit: int) -> list[Ranked]:
    if cursor is None:
        return listed[:limit]
    if cursor.back:
        return [one for one in reversed(listed) if one.place < cursor.values][:limit]
    return [one for one in listed if one.place > cursor.values][:limit]

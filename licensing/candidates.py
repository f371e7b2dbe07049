"""Candidates by the page: from the table a worker keeps, or of a small enterprise as they were just worked out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from django.db.models import Exists, OuterRef, QuerySet
from django.http import HttpRequest

from ghconnect import paging
from ghconnect.models import Enterprise
from licensing.models import TwiceCandidate, TwiceDecision
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


def page(
    request: HttpRequest, enterprise: Enterprise, *, state: str = "", size: int = paging.SIZE
) -> paging.Page[Ranked]:
    """Return a page of those with this word of an owner, "open" for none; without `state`, all not set aside."""
    if avoidable.is_kept(enterprise):
        rows = _rows(enterprise, state)
        return _assembled(request, lambda cursor, limit: _of_table(rows, cursor, limit), size)
    listed = _worked_out(enterprise, state)
    return _assembled(request, lambda cursor, limit: _of_list(listed, cursor, limit), size)


def each(enterprise: Enterprise) -> Iterator[list[Candidate]]:
    """Yield all that are not set aside by so many, in memory that does not grow with them."""
    if not avoidable.is_kept(enterprise):
        yield from batches((one.candidate for one in _worked_out(enterprise, "")), BATCH)
        return
    rows = _rows(enterprise, "").order_by(*_FIELDS)
    for some in batches(rows.iterator(BATCH), BATCH):
        yield avoidable.told(some)


def named(enterprise: Enterprise, fingerprint: str) -> Candidate | None:
    """Return the candidate of that name, whatever an owner said of it."""
    if not avoidable.is_kept(enterprise):
        found = avoidable.worked_out(enterprise)
        every = (*found.candidates, *found.aside)
        return next((one for one in every if one.fingerprint == fingerprint), None)
    rows = TwiceCandidate.objects.filter(enterprise=enterprise, fingerprint=fingerprint)
    return next(iter(avoidable.told(list(rows.order_by(*_FIELDS)[:1]))), None)


def aside(enterprise: Enterprise, most: int) -> tuple[list[Candidate], int]:
    """Return the first of those that are set aside, and how many there are."""
    if not avoidable.is_kept(enterprise):
        found = avoidable.worked_out(enterprise).aside
        return found[:most], len(found)
    rows = _all(enterprise).filter(_said(enterprise, avoidable.ASIDE))
    return avoidable.told(list(rows.order_by(*_FIELDS)[:most])), rows.count()


def _assembled(request: HttpRequest, fetch: paging.Fetch[Ranked], size: int) -> paging.Page[Ranked]:
    return paging.assemble(request, fetch, lambda one: one.place, kinds=(int, int, int), size=size)


def _all(enterprise: Enterprise) -> QuerySet[TwiceCandidate]:
    return TwiceCandidate.objects.filter(enterprise=enterprise)


def _rows(enterprise: Enterprise, state: str) -> QuerySet[TwiceCandidate]:
    if state in ("", OPEN):
        return _all(enterprise).filter(
            ~_said(enterprise, avoidable.ASIDE if not state else list(TwiceDecision.State))
        )
    return _all(enterprise).filter(_said(enterprise, [state]))


def _said(enterprise: Enterprise, states: Iterable[str]) -> Exists:
    """Whether an owner's word on a row holds, and is one of these."""
    holding = avoidable.holding(enterprise).filter(state__in=list(states))
    return Exists(holding.filter(fingerprint=OuterRef("fingerprint")))


def _of_table(rows: QuerySet[TwiceCandidate], cursor: paging.Cursor | None, limit: int) -> list[Ranked]:
    if cursor is not None:
        cursor = paging.Cursor((bool(cursor.values[0]), *cursor.values[1:]), cursor.back)
    found = list(paging.select(rows, _FIELDS, cursor)[:limit])
    places = [(int(row.temporary), row.weight, row.pk) for row in found]
    return [Ranked(*both) for both in zip(places, avoidable.told(found), strict=True)]


def _worked_out(enterprise: Enterprise, state: str) -> list[Ranked]:
    found = avoidable.worked_out(enterprise)
    words = {name: one.state for name, one in found.decisions.items()}
    every = (*found.candidates, *found.aside) if state else found.candidates
    some = [one for one in every if not state or words.get(one.fingerprint, OPEN) == state]
    return sorted(Ranked((int(one.temporary), *one.rank[1:]), one) for one in some)


def _of_list(listed: list[Ranked], cursor: paging.Cursor | None, limit: int) -> list[Ranked]:
    if cursor is None:
        return listed[:limit]
    if cursor.back:
        return [one for one in reversed(listed) if one.place < cursor.values][:limit]
    return [one for one in listed if one.place > cursor.values][:limit]

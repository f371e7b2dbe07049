"""Pages of a search: where much of the list is found, the list is walked until a page is full; else it is gathered."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from heapq import nlargest, nsmallest
from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest

from ghconnect import paging
from ghconnect.models import Enterprise

from . import licenses, search
from .facets import Facets

# Beyond so many a count says "10,000+", unless the edition holds it (ENGINEERING §25).
COUNT_LIMIT = 10_000
# A page that is not full after so many licenses is gathered: names need not be spread as choices are.
FURTHEST = 2000
Order = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Count:
    """How many licenses are found: just `n`, or `more`."""

    n: int
    more: bool = False


@dataclass(frozen=True)
class Search:
    """A search of a view, with what is known of how many it finds."""

    enterprise: Enterprise
    view: str
    query: search.Query
    facets: Facets

    @property
    def common(self) -> frozenset[search.Term]:
        """Qualifiers that find much of the list."""
        asked = (one for one in self.query.terms if not one.exclude)
        return frozenset(one for one in asked if self.facets.is_common(self.view, one))

    @property
    def walks(self) -> bool:
        """Whether something is asked for, and nothing rare."""
        asked = {one for one in self.query.terms if not one.exclude}
        return bool(self.query.terms) and not self.query.words and asked <= self.common

    @property
    def _known(self) -> int | None:
        return self.facets.count(self.view, self.query)

    def count(self) -> Count:
        """How many are found: as the edition holds it, else counted to COUNT_LIMIT."""
        if self._known is not None:
            return Count(self._known)
        had = "_gathered" in self.__dict__
        n = len(self._gathered) if had else self.found()[: COUNT_LIMIT + 1].count()
        return Count(min(n, COUNT_LIMIT), n > COUNT_LIMIT)

    def page(
        self,
        request: HttpRequest,
        order: Order,
        *,
        size: int = paging.SIZE,
        only: Order = (),
        counted: bool = False,
    ) -> paging.Page[Any]:
        """Return the page the address names, in this order; of each license `only` some columns, or all.

        `counted`: the number of all is asked for as well.
        """

        def fetch(cursor: paging.Cursor | None, limit: int) -> list[Any]:
            return self._fetch(order, cursor, limit, only, counted=counted)

        return paging.assemble(request, fetch, lambda row: (row.sort, row.pk), kinds=(str, int), size=size)

    def found(self) -> QuerySet[Any]:
        """All licenses found."""
        return licenses.found(self.enterprise, self.view, self.query, common=self.common)

    def _fetch(
        self, order: Order, cursor: paging.Cursor | None, limit: int, only: Order, *, counted: bool
    ) -> list[Any]:
        if self._known == 0:
            return []

        def nearest(rows: QuerySet[Any]) -> list[Any]:
            some = rows.values_list("pk", *only, named=True) if only else rows
            return list(paging.select(some, order, cursor)[:limit])

        falling = order[0].startswith("-") != (cursor is not None and cursor.back)
        if self.walks:
            ahead, end = self._ahead(order, cursor, falling=falling)
            rows = nearest(licenses.met(self.enterprise, self.view, self.query).filter(**ahead))
            if not end or len(rows) == limit:
                return rows
        if counted and self._known is None and len(self._gathered) <= COUNT_LIMIT:
            return self._nearest_gathered(cursor, limit, falling=falling)
        return nearest(self.found())

    @cached_property
    def _gathered(self) -> list[tuple[str, int]]:
        """Name and id of what is found, of no more than COUNT_LIMIT + 1: for its number and its page at once."""
        return list(self.found().values_list(*licenses.ORDER)[: COUNT_LIMIT + 1])

    def _nearest_gathered(self, cursor: paging.Cursor | None, limit: int, *, falling: bool) -> list[Any]:
        """Names are compared by code point here as in both databases."""
        least = nlargest if falling else nsmallest
        there = cursor.values if cursor else None
        ahead = (key for key in self._gathered if there is None or (key < there if falling else key > there))
        ids = [pk for _, pk in least(limit, ahead)]
        rows = licenses.everything(self.enterprise, self.view).in_bulk(ids)
        return [rows[pk] for pk in ids if pk in rows]

    def _ahead(
        self, order: Order, cursor: paging.Cursor | None, *, falling: bool
    ) -> tuple[dict[str, str], bool]:
        """The part of the list that is walked, and whether it ends before the list does."""
        beyond, until = ("sort__lte", "sort__gte") if falling else ("sort__gte", "sort__lte")
        edges = self._edges(last=falling)
        ahead = {beyond: min(edges) if falling else max(edges)} if edges else {}
        rows = paging.select(licenses.everything(self.enterprise, self.view).filter(**ahead), order, cursor)
        end = rows.values_list("sort", flat=True)[FURTHEST : FURTHEST + 1].first()
        return (ahead, False) if end is None else (ahead | {until: end}, True)

    def _edges(self, *, last: bool) -> list[str]:
        """Where the licenses of each common qualifier begin, or end."""
        ids = [self.facets.edge(self.view, one, last=last) for one in self.common]
        rows = licenses.everything(self.enterprise, self.view).filter(pk__in=ids)
        return list(rows.values_list("sort", flat=True)) if ids else []

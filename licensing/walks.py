"""Pages of a search: where much of the list is found, the list is walked until a page is full; else it is gathered."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from heapq import nlargest, nsmallest
from typing import Any

from django.core.cache import cache
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.crypto import salted_hmac

from ghconnect import paging
from ghconnect.models import Enterprise

from . import licenses, search
from .facets import NAMES, Facets

# Beyond so many a count says "10,000+", unless the edition holds it (ENGINEERING §25).
COUNT_LIMIT = 10_000
# A page that is not full after so many licenses is gathered: names need not be spread as choices are.
FURTHEST = 2000
# What words found is known so long, in seconds: for turning pages, and for whoever else looks for the same.
KEPT = 600
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
        if self.query.words:
            return self.facets.is_much(self.view, self._kept)
        asked = {one for one in self.query.terms if not one.exclude}
        return bool(self.query.terms) and asked <= self.common

    @property
    def _known(self) -> int | None:
        return self.facets.count(self.view, self.query)

    def count(self) -> Count:
        """How many are found: as the edition holds it, else counted to COUNT_LIMIT."""
        if self._known is not None:
            return Count(self._known)
        if self._kept is None:
            had = "_gathered" in self.__dict__
            self._keep("count", len(self._gathered) if had else self._some().count())
        n = self._kept or 0
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

    @property
    def _kept(self) -> int | None:
        """How many words found when they were last looked for in this edition, to COUNT_LIMIT and one more."""
        return self._told.get("count")

    @cached_property
    def _told(self) -> dict[str, int]:
        """What is kept of words: `count`, and the ids of the `first` and the `last` license they find."""
        found: dict[str, int] | None = cache.get(self._name) if self._name else None
        return found or {}

    def _keep(self, what: str, told: int) -> None:
        if self._told.get(what) != told:
            self._told[what] = told
            if self._name:
                cache.set(self._name, self._told, KEPT)

    @cached_property
    def _name(self) -> str:
        """What words found is kept under; "" where that may change within the edition. What was typed is not told."""
        lasting = all(one.name in NAMES for one in self.query.terms)
        if not (self.query.words and lasting and self.facets.stamp):
            return ""
        asked = salted_hmac("licensing.walks", repr((self.query.words, self.query.terms)), algorithm="sha256")
        return f"found:{self.facets.stamp}:{self.view}:{asked.hexdigest()}"

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
        if counted and self._known is None and (self._kept or 0) <= COUNT_LIMIT >= len(self._gathered):
            rows = self._nearest_gathered(cursor, limit, falling=falling)
        else:
            rows = nearest(self.found())
        if rows and cursor is None:
            self._keep("last" if falling else "first", rows[0].pk)
        return rows

    @cached_property
    def _gathered(self) -> list[tuple[str, int]]:
        """Name and id of what is found, of no more than COUNT_LIMIT + 1: for its number and its page at once."""
        return list(self._some())

    def _some(self) -> QuerySet[Any, Any]:
        return licenses.some(self.enterprise, self.view, self.query, COUNT_LIMIT + 1, common=self.common)

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
        """Where the licenses of each common qualifier, and of the words, begin or end."""
        ids = [self.facets.edge(self.view, one, last=last) for one in self.common]
        ids += [self._told[edge] for edge in ("last" if last else "first",) if edge in self._told]
        rows = licenses.everything(self.enterprise, self.view).filter(pk__in=ids)
        return list(rows.values_list("sort", flat=True)) if ids else []

"""The one list of licenses, in two views: as GitHub counts them, and as they should become; and who has none.

Each row is a license. *Counted by GitHub* are the rows of GitHub's report that count; *expected* are the persons
who consume; *free* are known persons who do not. Page, CSV, JSON and XLSX read them here, so that they cannot differ.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from django.db.models import F, Q, QuerySet

from ghconnect.models import Enterprise
from licensing.models import LicenseRow, Person

from .qualifiers import MEANINGS, beginning
from .scope import GITHUB, Meaning, Scope, either
from .search import Query, Term

__all__ = ["EXPECTED", "FREE", "GITHUB", "ORDER", "VIEWS", "everything", "found", "met", "some"]

EXPECTED = "expected"
FREE = "free"
VIEWS = (GITHUB, EXPECTED, FREE)
ORDER = ("sort", "id")


def found(
    enterprise: Enterprise, view: str, query: Query, *, common: frozenset[Term] = frozenset()
) -> QuerySet[Any]:
    """Return the licenses of a view that a search finds; none where it holds something unknown.

    What is rare is gathered. Of `common` qualifiers those that something rare left are asked instead.
    """
    scope, whole = Scope(enterprise, view), everything(enterprise, view)
    if query.unknown:
        return whole.none()
    words = [either(beginning(scope, word, whole)) for word in query.words]
    return _gathered(scope, words, query.terms, common)


def some(
    enterprise: Enterprise, view: str, query: Query, most: int, *, common: frozenset[Term] = frozenset()
) -> QuerySet[Any, Any]:
    """Return ORDER of licenses that a search finds, `most` of them at most, in no order.

    A word may begin much of the list, and in several ways: of each way no more are gathered either.
    """
    if not query.words or query.unknown:
        return found(enterprise, view, query, common=common).values_list(*ORDER)[:most]
    scope, whole = Scope(enterprise, view), everything(enterprise, view)
    ways, *others = (beginning(scope, word, whole) for word in query.words)
    words = [either(one) for one in others]
    gathered = (_gathered(scope, [way, *words], query.terms, common) for way in ways)
    # SQLite limits no part of a union, but what a part is picked by.
    parts = [_view(view).filter(pk__in=one.values("pk")[:most]).values_list(*ORDER) for one in gathered]
    return parts[0].union(*parts[1:])[:most]


def _gathered(
    scope: Scope, sets: list[Meaning], terms: Sequence[Term], common: frozenset[Term]
) -> QuerySet[Any]:
    """The licenses in all of the sets and of all terms."""
    tests: list[Q] = []
    often: list[Meaning] = []
    for term in terms:
        meaning = MEANINGS[term.name](scope, term.value)
        if term.exclude or isinstance(meaning, Q):
            tests.append(_asked(meaning, exclude=term.exclude))
        else:
            (often if term in common else sets).append(meaning)
    sets, often = (sets, often) if sets else (often, [])
    rows = _picked(scope) if sets else everything(scope.enterprise, scope.view)
    for one in sets:
        rows = rows.filter(pk__in=one.ids)
    return rows.filter(*tests, *(one.test for one in often))


def met(enterprise: Enterprise, view: str, query: Query) -> QuerySet[Any]:
    """Return the same licenses, each asked for itself: for whoever walks the list until enough of them are met."""
    scope = Scope(enterprise, view)
    whole, each = everything(enterprise, view), replace(scope, one_by_one=True)
    words = [either(beginning(each, word, whole)).test for word in query.words]
    terms = [_asked(MEANINGS[one.name](scope, one.value), exclude=one.exclude) for one in query.terms]
    return whole.none() if query.unknown else whole.filter(*words, *terms)


def _asked(meaning: Meaning | Q, *, exclude: bool) -> Q:
    test = meaning.test if isinstance(meaning, Meaning) else meaning
    return ~test if exclude else test


def _picked(scope: Scope) -> QuerySet[Any]:
    """All licenses, to be picked by number: the sum hides the enterprise from planners that would walk all of it."""
    rows: QuerySet[Any] = _view(scope.view).annotate(of=F("enterprise_id") + 0)
    return rows.filter(of=scope.enterprise.pk)


def everything(enterprise: Enterprise, view: str) -> QuerySet[Any]:
    """Return all licenses of a view."""
    return _view(view).filter(enterprise=enterprise)


def _view(view: str) -> QuerySet[Any]:
    if view == GITHUB:
        return LicenseRow.objects.filter(counted=True)
    return Person.objects.filter(ended_edition=None, consumes=view == EXPECTED)

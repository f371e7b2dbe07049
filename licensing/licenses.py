"""The one list of licenses, in two views: as GitHub counts them, and as they should become; and who has none.

Each row is a license. *Counted by GitHub* are the rows of GitHub's report that count; *expected* are the persons
who consume; *free* are known persons who do not. Page, CSV, JSON and XLSX read them here, so that they cannot differ.
"""

from __future__ import annotations

from typing import Any

from django.db.models import F, Q, QuerySet

from ghconnect.models import Enterprise
from licensing.models import LicenseRow, Person

from .qualifiers import MEANINGS, beginning
from .scope import GITHUB, Meaning, Scope
from .search import Query, Term

__all__ = ["EXPECTED", "FREE", "GITHUB", "ORDER", "VIEWS", "everything", "found", "met"]

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
    scope = Scope(enterprise, view)
    whole = everything(enterprise, view)
    if query.unknown:
        return whole.none()
    sets = [beginning(scope, word, whole) for word in query.words]
    tests: list[Q] = []
    often: list[Meaning] = []
    for term in query.terms:
        meaning = MEANINGS[term.name](scope, term.value)
        if term.exclude or isinstance(meaning, Q):
            tests.append(_asked(meaning, exclude=term.exclude))
        else:
            (often if term in common else sets).append(meaning)
    sets, often = (sets, often) if sets else (often, [])
    rows = _picked(scope) if sets else whole
    for one in sets:
        rows = rows.filter(pk__in=one.ids)
    return rows.filter(*tests, *(one.test for one in often))


def met(enterprise: Enterprise, view: str, query: Query) -> QuerySet[Any]:
    """Return the same licenses, each asked for itself: for whoever walks the list until enough of them are met."""
    scope = Scope(enterprise, view)
    whole = everything(enterprise, view)
    words = [beginning(scope, word, whole).test for word in query.words]
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

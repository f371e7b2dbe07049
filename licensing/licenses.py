"""The one list of licenses, in two views: as GitHub counts them, and as they should become; and who has none.

Each row is a license. *Counted by GitHub* are the rows of GitHub's report that count; *expected* are the persons
who consume; *free* are known persons who do not. Page, CSV, JSON and XLSX read them here, so that they cannot differ.
"""

from __future__ import annotations

from typing import Any

from django.db.models import F, QuerySet

from ghconnect.models import Enterprise
from licensing.models import LicenseRow, Person

from .qualifiers import GITHUB, SETS, TESTS, Scope, beginning
from .search import Query

__all__ = ["EXPECTED", "FREE", "GITHUB", "ORDER", "VIEWS", "everything", "found"]

EXPECTED = "expected"
FREE = "free"
VIEWS = (GITHUB, EXPECTED, FREE)
ORDER = ("sort", "id")


def found(enterprise: Enterprise, view: str, query: Query) -> QuerySet[Any]:
    """Return the licenses of a view that a search finds; none where it holds something unknown."""
    scope = Scope(enterprise, view)
    if query.unknown:
        return everything(enterprise, view).none()
    sets = [beginning(scope, word, everything(enterprise, view)) for word in query.words]
    sets += [
        SETS[term.name](scope, term.value) for term in query.terms if term.name in SETS and not term.exclude
    ]
    rows = _picked(scope) if sets else everything(enterprise, view)
    for ids in sets:
        rows = rows.filter(pk__in=ids)
    for term in query.terms:
        if term.name in TESTS:
            test = TESTS[term.name](scope, term.value)
            rows = rows.exclude(test) if term.exclude else rows.filter(test)
        elif term.exclude:
            rows = rows.exclude(pk__in=SETS[term.name](scope, term.value))
    return rows


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

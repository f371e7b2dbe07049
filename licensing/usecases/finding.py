"""By which terms the persons are found that a publication touched."""

from __future__ import annotations

from collections.abc import Iterator

from ghconnect.models import Enterprise
from licensing.models import bulk
from licensing.rules import terms


def settle(enterprise: Enterprise) -> None:
    """Bring search terms up to date, inside the publishing transaction and after the match.

    Only what GitHub's rows tell makes terms, so that a server's publication has none to settle.
    """
    bulk.load("t_term", bulk.TERM, _terms(enterprise.pk))
    bulk.settle_terms()


def _terms(enterprise_id: int) -> Iterator[bulk.Row]:
    for person, name, *lists in bulk.people_found_by_terms():
        for term in terms.terms(name, *map(bulk.as_list, lists)):
            yield enterprise_id, person, term

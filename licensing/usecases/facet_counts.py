"""Count what each choice of the search finds, by a worker after each publication (ENGINEERING §25)."""

from __future__ import annotations

import time
from collections.abc import Iterator

from ghconnect import clock
from ghconnect.models import Enterprise
from licensing import facets, licenses, search
from licensing.models import FacetCounts
from licensing.models.bulk.snapshot import snapshot

from . import by_edition

TASK = "licensing.count_facets"


def dispatch() -> int:
    """Send what has not been counted since its last edition; returns how many enterprises."""
    return by_edition.dispatch(TASK, FacetCounts)


def count_id(enterprise_id: int) -> bool:
    """Count those of an enterprise; False where it is gone, another worker is at it, or nothing was published since."""
    with by_edition.alone(TASK, enterprise_id) as enterprise:
        return enterprise is not None and count(enterprise=enterprise)


def count(*, enterprise: Enterprise) -> bool:
    """Bring the counts to the newest edition, if they are not: of one moment, and under no lock."""
    if FacetCounts.objects.filter(enterprise=enterprise, edition=enterprise.edition).exists():
        return False
    began = time.monotonic()
    with snapshot():
        enterprise.refresh_from_db()
        told = list(facets.choices(enterprise))
        counts = {view: _of_view(enterprise, view, told) for view in licenses.VIEWS}
    facts = {"edition": enterprise.edition, "counts": counts, "at": clock.now(enterprise)}
    seconds = round(time.monotonic() - began, 3)
    FacetCounts.objects.update_or_create(enterprise=enterprise, defaults=facts | {"seconds": seconds})
    return True


def _of_view(enterprise: Enterprise, view: str, choices: list[search.Query]) -> dict[str, list[int]]:
    """Each count is that of the search itself, so that the two cannot differ."""
    whole = licenses.found(enterprise, view, facets.EVERYTHING).count()
    told = {facets.key(facets.EVERYTHING): [whole]}
    for query in choices:
        count = licenses.found(enterprise, view, query).count() if whole else 0
        common = count * facets.RARE > whole
        told[facets.key(query)] = [count, *(_edges(enterprise, view, query) if common else ())]
    return told


def _edges(enterprise: Enterprise, view: str, query: search.Query) -> Iterator[int]:
    """The first and the last license found, in the order of the list."""
    rows = licenses.met(enterprise, view, query)
    for sign in ("", "-"):
        yield rows.order_by(*(sign + name for name in licenses.ORDER)).values_list("pk", flat=True)[:1].get()

"""What a worker does once for each edition, after its publication and under no lock.

One that kills its worker each time, or fails each time, is given up until the next publication.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.core.cache import cache
from django.db.models import F, OuterRef, Subquery

from ghconnect.models import Enterprise
from ghconnect.queue import send
from licensing.models import FacetCounts, TwiceFound

# Longer than a million people take; a worker that died lets another one begin after it.
LEASE_SECONDS = 600
TRIES, COUNTED_SECONDS = 5, 7 * 24 * 3600


def dispatch(task: str, done: type[FacetCounts | TwiceFound]) -> int:
    """Send the task for what has not been done since its last edition; returns how many enterprises."""
    open_ones = [each for each in behind(done) if not is_given_up(task, each)]
    for enterprise in open_ones:
        send(task, enterprise_id=enterprise.pk)
    return len(open_ones)


def behind(done: type[FacetCounts | TwiceFound]) -> list[Enterprise]:
    """Return enterprises of which it has not been done since their last edition."""
    edition = done.objects.filter(enterprise=OuterRef("pk")).values("edition")
    rows = Enterprise.objects.filter(edition__gt=0, clock_offset__gte=0).annotate(done=Subquery(edition))
    return [*rows.filter(done=None), *rows.filter(done__lt=F("edition"))]


def is_given_up(task: str, enterprise: Enterprise) -> bool:
    """Whether it was begun so often for this edition without an end."""
    return int(cache.get(_tries(task, enterprise)) or 0) >= TRIES


def _tries(task: str, enterprise: Enterprise) -> str:
    return f"{task}:{enterprise.pk}:{enterprise.edition}:tries"


@contextmanager
def alone(task: str, enterprise_id: int) -> Iterator[Enterprise | None]:
    """Yield the enterprise for the task; None where it is gone or another worker is at it."""
    enterprise, name = Enterprise.objects.filter(pk=enterprise_id).first(), f"{task}:{enterprise_id}"
    if enterprise is None or is_given_up(task, enterprise) or not cache.add(name, 1, LEASE_SECONDS):
        yield None
        return
    tries = _tries(task, enterprise)
    # Whoever has the name is alone with the number. A worker that is killed takes nothing back.
    cache.set(tries, int(cache.get(tries) or 0) + 1, COUNTED_SECONDS)
    try:
        yield enterprise
        cache.delete(tries)
    finally:
        cache.delete(name)

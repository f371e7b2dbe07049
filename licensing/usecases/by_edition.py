"""What a worker does once for each edition, after its publication and under no lock."""

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


def dispatch(task: str, done: type[FacetCounts | TwiceFound]) -> int:
    """Send the task for what has not been done since its last edition; returns how many enterprises."""
    edition = done.objects.filter(enterprise=OuterRef("pk")).values("edition")
    rows = Enterprise.objects.filter(edition__gt=0, clock_offset__gte=0).annotate(done=Subquery(edition))
    behind = [*rows.filter(done=None), *rows.filter(done__lt=F("edition"))]
    for enterprise in behind:
        send(task, enterprise_id=enterprise.pk)
    return len(behind)


@contextmanager
def alone(task: str, enterprise_id: int) -> Iterator[Enterprise | None]:
    """Yield the enterprise for the task; None where it is gone or another worker is at it."""
    enterprise, name = Enterprise.objects.filter(pk=enterprise_id).first(), f"{task}:{enterprise_id}"
    if enterprise is None or not cache.add(name, 1, LEASE_SECONDS):
        yield None
        return
    try:
        yield enterprise
    finally:
        cache.delete(name)

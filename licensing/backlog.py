"""What waits: runs that nobody has begun, and alerts that nobody has taken. For the operator."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Min

from ghconnect import clock
from ghconnect.models import Enterprise
from licensing.models import AlertDelivery, SyncRun


@dataclass(frozen=True, slots=True)
class Backlog:
    """Queued runs, the age of the oldest in seconds (0 without one), and alerts still to deliver."""

    queued: int
    oldest_seconds: float
    alerts: int


def of(*enterprises: Enterprise) -> Backlog:
    """Return what waits in these enterprises, or in all of them where none is named."""
    runs = SyncRun.objects.filter(state=SyncRun.State.QUEUED)
    alerts = AlertDelivery.objects.filter(done_at=None)
    if enterprises:
        runs = runs.filter(enterprise__in=enterprises)
        alerts = alerts.filter(receiver__enterprise__in=enterprises)
    # Run rows are in their enterprise's own time; the oldest of each is aged by that.
    oldest = runs.order_by().values_list("enterprise").annotate(at=Min("requested_at"))
    known = Enterprise.objects.in_bulk([pk for pk, _ in oldest])
    ages = [(clock.now(known[pk]) - at).total_seconds() for pk, at in oldest if pk in known]
    return Backlog(runs.count(), max([0.0, *ages]), alerts.count())

"""What a metered contract bills: everybody who held a license at some time of the month."""

from __future__ import annotations

import zoneinfo
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q

from ghconnect import clock
from ghconnect.models import Enterprise
from licensing.models import Edition, Seat


@dataclass(frozen=True, slots=True)
class Billable:
    """Distinct people who held a license since `since`; `whole` when that is the beginning of the month."""

    people: int
    since: datetime | None
    whole: bool


def billable(enterprise: Enterprise) -> Billable:
    """Count by this console's own history: GitHub's API gives no such figure (reference §4.2, metered billing)."""
    start = _month(enterprise)
    editions = Edition.objects.filter(enterprise=enterprise)
    before = editions.filter(at__lte=start).order_by("-number").first()
    first = before or editions.order_by("number").first()
    held = Q(to_edition=None) | Q(to_edition__gt=before.number if before else 0)
    people = Seat.objects.filter(held, enterprise=enterprise).values("person_id").distinct().count()
    return Billable(people, start if before else first.at if first else None, before is not None)


def _month(enterprise: Enterprise) -> datetime:
    zone = zoneinfo.ZoneInfo(enterprise.time_zone)
    return clock.now(enterprise).astimezone(zone).replace(day=1, hour=0, minute=0, second=0, microsecond=0)

"""Who is told of an enterprise's alerts, and how that goes, in words."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Q

from ghconnect import wording
from ghconnect.models import Enterprise
from licensing.models import AlertReceiver


@dataclass(frozen=True, slots=True)
class Receiver:
    """One receiver: `trouble` in words since `failing_since`, "" where there is none; `waiting` alerts are kept."""

    shown: str
    is_mail: bool
    signed: bool
    waiting: int
    delivered_at: datetime | None
    failing_since: datetime | None
    next_at: datetime | None
    trouble: str


def of(enterprise: Enterprise) -> list[Receiver]:
    """Return the receivers, addresses first; one query."""
    rows = enterprise.alert_receivers.order_by("kind", "shown")
    return [
        _shown(row, row.waiting)
        for row in rows.annotate(waiting=Count("deliveries", filter=Q(deliveries__done_at=None)))
    ]


def _shown(row: AlertReceiver, waiting: int) -> Receiver:
    trouble = wording.problem(row.error_key, row.error_params) if row.error_key else ""
    return Receiver(
        shown=row.shown,
        is_mail=row.kind == AlertReceiver.Kind.MAIL,
        signed=bool(row.secret),
        waiting=waiting,
        delivered_at=row.delivered_at,
        failing_since=row.failing_since if trouble else None,
        next_at=row.resume_at if waiting else None,
        trouble=trouble,
    )

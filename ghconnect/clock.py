"""What time it is for an enterprise: real time, plus the offset of a sandbox that let days pass."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.utils import timezone

from .models import Enterprise


def now(enterprise: Enterprise | None) -> datetime:
    """Return the enterprise's own "now" in UTC: due times, ages and cadence use it. None is real time.

    Leases, sessions, tokens and audit use real time instead (ENGINEERING §11).
    """
    return timezone.now() + timedelta(seconds=enterprise.clock_offset if enterprise else 0)

"""Writes the audit event of a deed, inside the deed's own transaction."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import date, time
from typing import Any

from django.db.models import Model
from django.utils import timezone

from ghconnect.models import AuditEvent, Enterprise, User
from ghconnect.request_facts import acting, request_facts

SYSTEM = "ghconnect"


# Long texts of which an event keeps no more than which one it was.
LONG = {"ca_bundle"}


def record(
    action: str,
    *,
    by: User | None,
    enterprise: Enterprise | None,
    subject: str = "",
    **data: Any,
) -> AuditEvent:
    """Write one event; `by` None is the token that acts, or the console itself.

    `data` holds no secret and no person's address. What a deed changed is in its `before` and `after`.
    """
    request_id, address = request_facts.get()
    return AuditEvent.objects.create(
        enterprise=enterprise,
        at=timezone.now(),
        action=action,
        actor=by,
        actor_login=name_of(by),
        subject=subject,
        data=data,
        request_id=request_id,
        address=address,
    )


def name_of(by: User | None) -> str:
    """Return who acts, as rows keep it: a person's login, the token that acts, or the console itself."""
    return by.login if by else acting.get()[:100] or SYSTEM


def differing(row: Model, values: Mapping[str, object]) -> dict[str, dict[str, object]]:
    """Return `before` and `after` of those `values` that `row` does not hold yet; ask before they are written."""
    names = [name for name, value in values.items() if getattr(row, name) != value]
    return {
        "before": {name: _told(name, getattr(row, name)) for name in names},
        "after": {name: _told(name, values[name]) for name in names},
    }


def _told(name: str, value: object) -> object:
    """A value as JSON can hold it; of a long text its SHA-256, so that two can be told apart."""
    if name in LONG:
        return f"sha256:{hashlib.sha256(str(value).encode()).hexdigest()[:16]}" if value else ""
    if isinstance(value, date | time):
        return value.isoformat()
    return value if isinstance(value, bool | int | float | None) else str(value)

"""Writes the audit event of a deed, inside the deed's own transaction."""

from __future__ import annotations

from typing import Any

from django.utils import timezone

from ghconnect.models import AuditEvent, Enterprise, User
from ghconnect.request_facts import acting, request_facts

SYSTEM = "ghconnect"


def record(
    action: str, *, by: User | None, enterprise: Enterprise | None, subject: str = "", **data: Any
) -> AuditEvent:
    """Write one event; `by` None is the token that acts, or the console itself.

    `data` holds no secret and no person's address.
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

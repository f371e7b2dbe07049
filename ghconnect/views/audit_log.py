"""Who did what here."""

from __future__ import annotations

from django.http import HttpResponseBase
from django.views.decorators.http import require_safe

from ghconnect import paging
from ghconnect.access import PlacedRequest, overseer
from ghconnect.models import AuditEvent

from .enterprise_settings import render_page


@overseer
@require_safe
def page(request: PlacedRequest) -> HttpResponseBase:
    """List what was done in an enterprise, newest first."""
    listed = paging.of(request, AuditEvent.objects.filter(enterprise=request.place.enterprise), "-id")
    rows = [(event, _details(event)) for event in listed.rows]
    return render_page(request, "audit_log", {"page": listed, "rows": rows})


def _details(event: AuditEvent) -> str:
    """What the event keeps besides, as `name: value`; counts of nothing are left out."""
    return " · ".join(f"{name}: {words}" for name, value in event.data.items() if (words := _plain(value)))


def _plain(value: object) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name} {_plain(each)}" for name, each in value.items() if each)
    return ", ".join(map(_plain, value)) if isinstance(value, list) else str(value or "")

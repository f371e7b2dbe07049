"""Who did what here."""

from __future__ import annotations

from django.http import HttpResponseBase
from django.views.decorators.http import require_safe

from ghconnect import paging
from ghconnect.access import PlacedRequest, owner
from ghconnect.models import AuditEvent

from .enterprise_settings import render_page


@owner
@require_safe
def page(request: PlacedRequest) -> HttpResponseBase:
    """List what was done in an enterprise, newest first."""
    listed = paging.of(request, AuditEvent.objects.filter(enterprise=request.place.enterprise), "-id")
    rows = [(event, _details(event)) for event in listed.rows]
    return render_page(request, "audit_log", {"page": listed, "rows": rows})


def _details(event: AuditEvent) -> str:
    """What the event keeps besides, as `name: value`."""
    return " · ".join(
        f"{name}: {_plain(value)}" for name, value in event.data.items() if value not in ("", None, [])
    )


def _plain(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)

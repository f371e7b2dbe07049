"""Who did what here."""

from __future__ import annotations

from urllib.parse import urlencode

from django.http import HttpResponseBase, StreamingHttpResponse
from django.views.decorators.http import require_safe

from ghconnect import audit_export, audit_query, paging
from ghconnect.access import PlacedRequest, overseer
from ghconnect.models import AuditEvent
from ghconnect.models.audit import AuditEventQuerySet

from .enterprise_settings import render_page


@overseer
@require_safe
def page(request: PlacedRequest) -> HttpResponseBase:
    """List what was done in an enterprise, newest first, as far as the search asks for it."""
    typed, asked = _asked(request)
    listed = paging.of(request, _events(request, asked), "-id")
    rows = [(event, _details(event)) for event in listed.rows]
    context = {
        "page": listed,
        "rows": rows,
        "q": typed,
        "unknown": asked.unknown,
        "query": urlencode({"q": typed}),
    }
    return render_page(request, "audit_log", {**context, "qualifiers": audit_query.QUALIFIERS})


@overseer
@require_safe
def download(request: PlacedRequest, form: str) -> StreamingHttpResponse:
    """Stream what the search asks for, oldest first, as CSV or JSON."""
    enterprise, asked = request.place.enterprise, _asked(request)[1]
    kind, write = FORMS[form]
    answer = StreamingHttpResponse(write(_events(request, asked), enterprise.slug), content_type=kind)
    answer["Content-Disposition"] = f'attachment; filename="audit-log-{enterprise.slug}.{form}"'
    return answer


FORMS = {
    "csv": ("text/csv; charset=utf-8", audit_export.as_csv),
    "json": ("application/json", audit_export.as_json),
}


def _asked(request: PlacedRequest) -> tuple[str, audit_query.Asked]:
    typed = request.GET.get("q", "").strip()
    return typed, audit_query.parse(typed, request.place.enterprise.time_zone)


def _events(request: PlacedRequest, asked: audit_query.Asked) -> AuditEventQuerySet:
    """Return what was asked for; where something was not understood, nothing, rather than too much."""
    events = AuditEvent.objects.filter(enterprise=request.place.enterprise)
    return events.none() if asked.unknown else events.filter(asked.where)


def _details(event: AuditEvent) -> str:
    """What changed, as `name: before → after`, and what else the event keeps; counts of nothing are left out."""
    data = dict(event.data)
    before, after = data.pop("before", {}), data.pop("after", {})
    changed = [
        f"{name}: {_plain(before.get(name)) or '–'} → {_plain(after.get(name)) or '–'}"
        for name in dict.fromkeys([*before, *after])
        if before.get(name) != after.get(name)
    ]
    return " · ".join(
        [*changed, *(f"{name}: {words}" for name, value in data.items() if (words := _plain(value)))]
    )


def _plain(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, dict):
        return ", ".join(f"{name} {_plain(each)}" for name, each in value.items() if each)
    return ", ".join(map(_plain, value)) if isinstance(value, list) else str(value or "")

"""Who held a license on a past day, with the totals that stood at its end, for scripts."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Annotated, Any, Literal

from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from ninja import Router, Schema

from ghconnect import paging
from ghconnect.api.answers import paged
from ghconnect.api.console import READ, enterprise_of
from ghconnect.api.shapes import PROBLEMS, Cursor, Paged, Said, Size
from licensing import as_of
from licensing.license_records import iso

router = Router(tags=["console"])
Day = Annotated[date, Said("A day in the enterprise's time zone, as 2026-10-01; a day to come is today.")]
FILES = {"csv": (as_of.as_csv, "text/csv"), "json": (as_of.as_json, "application/json")}


class HolderThen(Schema):
    """Who held a license that day: since when, until when (null: still), and by which reason. Erased: no name."""

    person: int
    name: str
    license_type: str
    reason: str
    licensed_since: str | None
    licensed_until: str | None


class AsOf(Paged):
    """The totals as they were stored then, never worked out again; `people` are all, `erased` those without a name."""

    as_of: str
    edition: int
    published_at: str | None
    people: int
    erased: int
    totals: dict[str, Any]
    items: list[HolderThen]


@router.get("/as-of/{day}", auth=READ, response={200: AsOf, **PROBLEMS})
def as_of_day(
    request: HttpRequest, day: Day, after: Cursor = "", before: Cursor = "", limit: Size = 50
) -> HttpResponse:
    """Tell who held a license at the end of a past day, with the totals of that day. Scope read:enterprise."""
    shown, rows = _shown(request, day), list[as_of.Holder]()
    page: paging.Page[Any] = paging.Page([], "", "")
    if shown.edition:
        people = as_of.people(enterprise_of(request), shown.edition)
        page = paging.of(request, people, "sort", "id", size=limit)
        rows = as_of.holders(shown.edition, page.rows)
    return paged(request, page, [_holder(row) for row in rows], **_facts(shown))


@router.get(
    "/exports/as-of/{day}.{ending}",
    auth=READ,
    response={200: None, **PROBLEMS},
    openapi_extra={"x-content": ["text/csv", "application/json"]},
)
def export_as_of(request: HttpRequest, day: Day, ending: Literal["csv", "json"]) -> StreamingHttpResponse:
    """Stream everybody who held a license at the end of a past day. Scope read:enterprise."""
    enterprise, shown = enterprise_of(request), _shown(request, day)
    write, kind = FILES[ending]
    name = f"consumed-licenses-{enterprise.slug}-{shown.day.isoformat()}.{ending}"
    lines: Iterator[str] = write(enterprise, shown)
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return StreamingHttpResponse(lines, content_type=f"{kind}; charset=utf-8", headers=headers)


def _shown(request: HttpRequest, day: date) -> as_of.Day:
    enterprise = enterprise_of(request)
    return as_of.of(enterprise, as_of.read_day(enterprise, day.isoformat()))


def _facts(shown: as_of.Day) -> dict[str, Any]:
    return {
        "as_of": shown.day.isoformat(),
        "edition": shown.edition.number if shown.edition else 0,
        "published_at": iso(shown.edition.at) or None if shown.edition else None,
        "people": shown.people,
        "erased": shown.erased,
        "totals": shown.totals,
    }


def _holder(one: as_of.Holder) -> dict[str, Any]:
    return {
        "person": one.person.pk,
        "name": one.name,
        "license_type": one.license_type,
        "reason": one.reason,
        "licensed_since": iso(one.since) or None,
        "licensed_until": iso(one.until) or None,
    }

"""What the pages draw, as data: licenses over time, the renewal, what servers share, and the accounts of a server."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from ninja import Router, Schema
from pydantic import Field

from ghconnect import paging
from ghconnect.api.answers import paged, tagged
from ghconnect.api.console import OVERSEE, READ, enterprise_of, server_of
from ghconnect.api.shapes import PROBLEMS, Cursor, Paged, Said, Size
from licensing import account_export, listing, renewal, trends
from licensing.license_records import iso
from licensing.models import Account, AttentionItem, ServerStatistics

router = Router(tags=["console"])
Span = Annotated[Literal["30d", "90d", "12m", "all", ""], Said("How far back; as on the page.")]


class Point(Schema):
    """A value from a moment on; null where it was not known."""

    at: str
    value: float | None


class TrendLine(Schema):
    """One value over time; it stays until the next point."""

    key: str
    label: str
    points: list[Point]


class Trend(Schema):
    """A picture of the page Trends, as numbers."""

    start: str
    end: str
    series: list[TrendLine]


class TrendWeek(Schema):
    """People who got a license and who lost it; `found` had theirs before a first reading found them."""

    week_of: str
    joined: int
    left: int
    found: int


class Weeks(Schema):
    """Weeks from Monday on, in the enterprise's time zone."""

    start: str
    end: str
    weeks: list[TrendWeek]


class Share(Schema):
    """Licenses of a server or an organization."""

    name: str
    licenses: int


class Shares(Schema):
    """Most first. One person may have accounts on several, so these do not add up."""

    items: list[Share]


class Renewal(Schema):
    """The figures of the page Renewal: the last twelve months."""

    enterprise: str
    edition: int
    counted_by_github: int | None
    purchased: int | None
    expected: int
    not_explained: int
    bridge: dict[str, int | None]
    could_be_avoided: int
    fixes_proved_by_github: int
    reasons: dict[str, dict[str, int]]
    coverage: dict[str, Any]
    from_: str = Field(alias="from")
    to: str
    github_as_of: str
    console_as_of: str


class AccountOnServer(Schema):
    """An account as last read, with its person and what GitHub's row says of it."""

    remote_user_id: int
    login: str
    email: str
    suspended: bool
    dormant: bool
    never_active: bool | None
    site_admin: bool
    person: int | None
    consumes: bool
    rule: str
    verdict: str
    words: str


class Accounts(Paged):
    """Accounts of a server, by login."""

    items: list[AccountOnServer]


class StatisticsDay(Schema):
    """What a server shares with GitHub of one day (reference §11)."""

    day: str
    collected_at: str
    host: str
    version: str
    features: list[str]
    total_users: int | None
    dormant_users: int | None
    suspended_users: int | None
    admin_users: int | None
    dormancy_threshold: str


class Statistics(Paged):
    """Days, newest first."""

    items: list[StatisticsDay]


class AttentionEvent(Schema):
    """Something that needed somebody: open until `cleared_at`. Times but `since` are real ones."""

    id: int
    key: str
    subject: str
    licenses: int
    since: str | None
    opened_at: str
    cleared_at: str | None


class AttentionLog(Paged):
    """What needs, and what needed, somebody; newest first."""

    items: list[AttentionEvent]


@router.get("/trends/weeks", auth=READ, response={200: Weeks, **PROBLEMS})
def trend_weeks(request: HttpRequest, span: Span = "") -> HttpResponse:
    """Tell who joined and left, by week. Scope read:enterprise."""
    enterprise = enterprise_of(request)
    of = trends.span(enterprise, span)
    told = [
        {"week_of": f"{one.start:%Y-%m-%d}", "joined": one.joined, "left": one.left, "found": one.found}
        for one in trends.weeks(enterprise, of)
    ]
    return tagged(request, {"start": iso(of.start), "end": iso(of.end), "weeks": told})


@router.get("/licenses-by/{part}", auth=READ, response={200: Shares, **PROBLEMS})
def licenses_by(request: HttpRequest, part: Literal["server", "organization"]) -> HttpResponse:
    """Tell licenses by server, as read here, or by organization, as GitHub's report names it. Scope read:enterprise."""
    shares = {"server": trends.by_server, "organization": trends.by_organization}[part]
    items = [{"name": name, "licenses": count} for name, count in shares(enterprise_of(request))]
    return tagged(request, {"items": items})


@router.get("/trends/{chart}", auth=READ, response={200: Trend, **PROBLEMS})
def trend(
    request: HttpRequest, chart: Literal["licenses", "kinds", "servers"], span: Span = ""
) -> HttpResponse:
    """Tell licenses over time: GitHub's count and ours, by kind, or by server. Scope read:enterprise."""
    enterprise = enterprise_of(request)
    of = trends.span(enterprise, span)
    series = {"licenses": trends.licenses, "kinds": trends.kinds, "servers": trends.servers}[chart](
        enterprise, of
    )
    told = [
        {
            "key": one.key,
            "label": str(one.label),
            "points": [{"at": iso(at), "value": value} for at, value in one.points],
        }
        for one in series
    ]
    return tagged(request, {"start": iso(of.start), "end": iso(of.end), "series": told})


@router.get("/renewal", auth=READ, response={200: Renewal, **PROBLEMS}, by_alias=True)
def renewal_summary(request: HttpRequest) -> HttpResponse:
    """Tell what a renewal is talked about with. Scope read:enterprise.

    `POST /exports` with the list `renewal` makes the pack.
    """
    enterprise = enterprise_of(request)
    return tagged(request, renewal.summary(enterprise, renewal.of(enterprise)))


@router.get("/attention", auth=READ, response={200: AttentionLog, **PROBLEMS})
def attention_log(
    request: HttpRequest, after: Cursor = "", before: Cursor = "", limit: Size = 50
) -> HttpResponse:
    """List what needs somebody, and what did; `GET /enterprise` has the words. Scope read:enterprise."""
    rows = AttentionItem.objects.filter(enterprise=enterprise_of(request))
    page = paging.of(request, rows, "-id", size=limit)
    return paged(request, page, [_attention(row) for row in page.rows])


@router.get("/servers/{host}/accounts", auth=OVERSEE, response={200: Accounts, **PROBLEMS})
def server_accounts(
    request: HttpRequest,
    host: str,
    q: Annotated[str, Field(max_length=320), Said("How the login or the email begins.")] = "",
    after: Cursor = "",
    before: Cursor = "",
    limit: Size = 50,
) -> HttpResponse:
    """List the accounts of a server as last read. Scope read:enterprise, of an owner or auditor."""
    rows = listing.accounts_of(server_of(request, host), q.strip())
    page = paging.of(request, rows, "login", "id", size=limit)
    return paged(request, page, [_account(row) for row in page.rows])


@router.get(
    "/servers/{host}/accounts.json",
    auth=OVERSEE,
    response={200: None, **PROBLEMS},
    openapi_extra={"x-content": ["application/json"]},
)
def server_accounts_file(request: HttpRequest, host: str) -> StreamingHttpResponse:
    """Stream the accounts as this console's own JSON, which another console takes in.

    Scope read:enterprise, of an owner or auditor.
    """
    server = server_of(request, host)
    name = f"{server.host}-accounts-for-ghconnect.json"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    kind = "application/json; charset=utf-8"
    return StreamingHttpResponse(account_export.lines(server), content_type=kind, headers=headers)


@router.get("/servers/{host}/statistics", auth=READ, response={200: Statistics, **PROBLEMS})
def server_statistics(
    request: HttpRequest, host: str, after: Cursor = "", before: Cursor = "", limit: Size = 50
) -> HttpResponse:
    """List what a server shares with GitHub, by day. Scope read:enterprise."""
    rows = ServerStatistics.objects.filter(server=server_of(request, host))
    page = paging.of(request, rows, "-id", size=limit)
    return paged(request, page, [_day(row) for row in page.rows])


def _attention(row: AttentionItem) -> dict[str, Any]:
    return {
        "id": row.pk,
        "key": row.key,
        "subject": row.subject,
        "licenses": row.licenses,
        "since": iso(row.since) or None,
        "opened_at": iso(row.opened_at),
        "cleared_at": iso(row.cleared_at) or None,
    }


def _account(row: Account) -> dict[str, Any]:
    return {
        "remote_user_id": row.remote_user_id,
        "login": row.login,
        "email": row.email,
        "suspended": row.suspended,
        "dormant": row.dormant,
        "never_active": row.never_active,
        "site_admin": row.site_admin,
        "person": row.person_id,
        "consumes": row.consumes,
        "rule": row.rule,
        "verdict": row.verdict,
        "words": listing.verdict_words(row.verdict, [row]),
    }


def _day(row: ServerStatistics) -> dict[str, Any]:
    return {
        "day": row.day.isoformat(),
        "collected_at": iso(row.collected_at),
        "host": row.host,
        "version": row.version,
        "features": row.features,
        "total_users": row.total_users,
        "dormant_users": row.dormant_users,
        "suspended_users": row.suspended_users,
        "admin_users": row.admin_users,
        "dormancy_threshold": row.dormancy_threshold,
    }

"""The one number for scripts: enterprise, servers by both clocks, bridge, verdicts, editions, GitHub's own syncs."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from ninja import Router, Schema

from ghconnect import paging
from ghconnect.api.answers import paged, tagged
from ghconnect.api.console import READ, enterprise_of, server_of
from ghconnect.api.shapes import PROBLEMS, Cursor, Paged, Size
from ghconnect.models import Enterprise, Server
from licensing import attention, bridge, clocks, differences, sides
from licensing.license_records import iso
from licensing.models import Edition, GitHubSync

router = Router(tags=["console"])


class LinePart(Schema):
    """How many people of a line GitHub may not count once it has seen them, by a reason of consumption; in no sum."""

    key: str
    label: str
    people: int


class Line(Schema):
    """A line of the bridge: what a verdict does to the count."""

    key: str
    label: str
    delta: int
    note: str
    parts: list[LinePart]


class Numbers(Schema):
    """GitHub's count, what it should become, and every line between; counts are licenses."""

    enterprise: str
    edition: int
    counted_by_github: int | None
    purchased: int | None
    available: int | None
    read: int
    expected: int
    not_explained: int
    by_deployment: dict[str, int]
    lines: list[Line]
    counted_at: str | None
    console_at: str | None


class Item(Schema):
    """What needs somebody."""

    key: str
    subject: str
    words: str
    licenses_at_stake: str


class Status(Numbers):
    """The numbers, and what needs attention."""

    attention: list[Item]


class Clock(Schema):
    """A clock of a server: a key for programs, words for people."""

    state: str
    label: str
    at: str | None
    sentence: str


class ServerState(Schema):
    """A server by both clocks, this console's and GitHub's."""

    host: str
    server_id: str
    version: str
    way_in: str
    connected: bool
    enabled: bool
    console: Clock
    github: Clock
    accounts: int
    consuming: int
    suspended: int
    data_of: str | None
    last_contact: str | None
    last_success: str | None
    next_due: str | None


class Servers(Schema):
    """All servers, and hosts that GitHub knows and this console does not."""

    items: list[ServerState]
    known_to_github_only: list[str]


class VerdictCount(Schema):
    """How many of GitHub's rows have a verdict; `effect` is what it usually does to the count."""

    key: str
    words: str
    rows: int
    effect: int


class Verdicts(Schema):
    """How GitHub's rows are judged."""

    items: list[VerdictCount]


class EditionTotals(Schema):
    """One publication with its totals of that moment."""

    number: int
    at: str
    cause: str
    totals: dict[str, Any]


class Editions(Paged):
    """Publications, newest first."""

    items: list[EditionTotals]


class GitHubSyncState(Schema):
    """GitHub's own sync of a server as it said it; one for each time that changed."""

    host: str
    server_id: str
    date: str | None
    status: str
    error: str
    first_seen_at: str
    checked_at: str
    newest: bool


class GitHubSyncs(Paged):
    """GitHub's own syncs, newest first."""

    items: list[GitHubSyncState]


@router.get("/enterprise", auth=READ, response={200: Status, **PROBLEMS})
def enterprise_status(request: HttpRequest) -> HttpResponse:
    """Tell the numbers and what needs attention. Scope read:enterprise."""
    enterprise = enterprise_of(request)
    numbers = bridge.of(enterprise)
    found = clocks.of(enterprise), clocks.known_to_github_only(enterprise)
    items = attention.of(enterprise, *found, numbers, owner=True)
    told = [
        {"key": one.key, "subject": one.subject, "words": one.what, "licenses_at_stake": one.stake}
        for one in items
    ]
    return tagged(request, {**_numbers(enterprise, numbers), "attention": told})


@router.get("/bridge", auth=READ, response={200: Numbers, **PROBLEMS})
def bridge_lines(request: HttpRequest) -> HttpResponse:
    """Tell every line from GitHub's count to the expected one. Scope read:enterprise."""
    enterprise = enterprise_of(request)
    return tagged(request, _numbers(enterprise, bridge.of(enterprise)))


@router.get("/verdicts", auth=READ, response={200: Verdicts, **PROBLEMS})
def verdict_counts(request: HttpRequest) -> HttpResponse:
    """Count GitHub's rows by verdict; `GET /people?q=verdict:KEY` lists them. Scope read:enterprise."""
    items = [
        {"key": one.key, "words": one.words, "rows": one.count, "effect": one.effect}
        for one in differences.verdicts(enterprise_of(request))
    ]
    return tagged(request, {"items": items})


@router.get("/servers", auth=READ, response={200: Servers, **PROBLEMS})
def servers_list(request: HttpRequest) -> HttpResponse:
    """List servers by both clocks. Scope read:enterprise."""
    enterprise = enterprise_of(request)
    unknown = [each.host for each in clocks.known_to_github_only(enterprise)]
    items = [_server(each) for each in clocks.of(enterprise)]
    return tagged(request, {"items": items, "known_to_github_only": unknown})


@router.get("/servers/{host}", auth=READ, response={200: ServerState, **PROBLEMS})
def server_state(request: HttpRequest, host: str) -> HttpResponse:
    """Tell one server by both clocks. Scope read:enterprise."""
    return tagged(request, _server(clocks.one(server_of(request, host))))


@router.get("/editions", auth=READ, response={200: Editions, **PROBLEMS})
def editions_list(
    request: HttpRequest, after: Cursor = "", before: Cursor = "", limit: Size = 50
) -> HttpResponse:
    """List publications with their totals as they were, newest first. Scope read:enterprise."""
    page = paging.of(
        request, Edition.objects.filter(enterprise=enterprise_of(request)), "-number", size=limit
    )
    items = [
        {"number": row.number, "at": iso(row.at), "cause": row.cause, "totals": row.totals}
        for row in page.rows
    ]
    return paged(request, page, items)


@router.get("/github-syncs", auth=READ, response={200: GitHubSyncs, **PROBLEMS})
def github_syncs(
    request: HttpRequest, after: Cursor = "", before: Cursor = "", limit: Size = 50
) -> HttpResponse:
    """List how GitHub's own syncs went, of all servers; nobody else keeps this. Scope read:enterprise."""
    return _syncs(request, limit, enterprise=enterprise_of(request))


@router.get("/servers/{host}/github-syncs", auth=READ, response={200: GitHubSyncs, **PROBLEMS})
def server_github_syncs(
    request: HttpRequest, host: str, after: Cursor = "", before: Cursor = "", limit: Size = 50
) -> HttpResponse:
    """List how GitHub's own syncs of one server went. Scope read:enterprise."""
    return _syncs(request, limit, server=server_of(request, host))


def _syncs(request: HttpRequest, limit: int, **of: Enterprise | Server) -> HttpResponse:
    page = paging.of(request, GitHubSync.objects.filter(**of), "-id", size=limit)
    return paged(request, page, [_github_sync(row) for row in page.rows])


def _numbers(enterprise: Enterprise, view: bridge.BridgeView) -> dict[str, Any]:
    return {
        "enterprise": enterprise.slug,
        "edition": view.edition,
        "counted_by_github": view.counted,
        "purchased": view.purchased,
        "available": view.available,
        "read": view.read,
        "expected": view.expected,
        "not_explained": view.unexplained,
        "by_deployment": dict(view.deployments),
        "lines": [
            {
                "key": line.key,
                "label": line.label,
                "delta": line.value or 0,
                "note": line.note,
                "parts": [
                    {"key": part.key, "label": part.label, "people": part.value or 0} for part in line.parts
                ],
            }
            for line in view.changes
        ],
        "counted_at": iso(view.counted_at) or None,
        "console_at": iso(view.console_at) or None,
    }


def _server(each: clocks.Clocks) -> dict[str, Any]:
    picture, due = each.picture, getattr(each.server, "due", None)
    return {
        "host": each.server.host,
        "server_id": each.server.server_id,
        "version": each.server.version,
        "way_in": each.server.way_in,
        "connected": each.connected,
        "enabled": each.enabled,
        "console": _clock(each.console),
        "github": _clock(each.github),
        "accounts": picture.accounts if picture else 0,
        "consuming": picture.consuming if picture else 0,
        "suspended": picture.suspended if picture else 0,
        "data_of": iso(clocks.data_of(picture)) or None,
        "last_contact": iso(picture.last_contact) or None if picture else None,
        "last_success": iso(picture.last_success) or None if picture else None,
        "next_due": iso(due.at) if due else None,
    }


def _clock(side: sides.Side) -> dict[str, Any]:
    at = iso(side.at) or None
    return {"state": side.key, "label": side.label, "at": at, "sentence": side.sentence}


def _github_sync(row: GitHubSync) -> dict[str, Any]:
    return {
        "host": row.host,
        "server_id": row.instance_id,
        "date": iso(row.date) or None,
        "status": row.status,
        "error": row.error,
        "first_seen_at": iso(row.first_seen_at),
        "checked_at": iso(row.checked_at),
        "newest": row.newest,
    }

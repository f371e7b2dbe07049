"""GitHub's doors that tell of the console itself: who, which version, how much is left, and the audit log."""

from __future__ import annotations

import re
from datetime import date
from typing import Annotated, Any, Literal

from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from ninja import Router, Schema
from pydantic import ConfigDict, Field

from ghconnect import paging
from ghconnect.models import AccessToken, AuditEvent, Enterprise

from . import auth, versions
from .answers import answer, links
from .shapes import GITHUB_ERRORS, PER_PAGE, Page, PerPage, Said

router = Router(tags=["github"])
ANY = auth.Token(free=True)
AUDIT = auth.Token(AccessToken.Scope.READ_AUDIT_LOG)
# What a phrase of GitHub's audit search may ask for here: `action:`, `actor:`, `created:>=2026-11-01`.
TERM = re.compile(r"(action|actor|created):(>=|<=|>|<)?(\S+)")
TESTS = {">=": "gte", "<=": "lte", ">": "gt", "<": "lt", "": "date"}


class Meta(Schema):
    """What answers here."""

    verifiable_password_authentication: bool
    installed_version: str


class Rate(Schema):
    """What is left of an hour; `reset` in Unix seconds."""

    limit: int
    used: int
    remaining: int
    reset: int


class RateLimit(Schema):
    """What is left of a token's limits."""

    resources: dict[str, Rate]
    rate: Rate


class Caller(Schema):
    """The token that asks, in the shape of a GitHub user."""

    login: str
    id: int
    node_id: str
    type: str
    site_admin: bool
    name: str | None
    model_config = ConfigDict(extra="allow")


class Event(Schema):
    """One deed. Times are Unix milliseconds."""

    timestamp: int = Field(alias="@timestamp")
    action: str
    actor: str
    business: str
    business_id: int
    created_at: int
    document_id: str = Field(alias="_document_id")
    name: str
    data: dict[str, Any]


@router.get("", auth=ANY, response={200: dict[str, str], **GITHUB_ERRORS}, summary="Where everything is")
def github_root(request: HttpRequest) -> HttpResponse:
    """Name the addresses that are answered. Any token."""
    base = request.build_absolute_uri("/api/v3")
    paths = {
        "consumed_licenses_url": "/enterprises/{enterprise}/consumed-licenses",
        "license_sync_status_url": "/enterprises/{enterprise}/license-sync-status",
        "audit_log_url": "/enterprises/{enterprise}/audit-log",
        "current_user_url": "/user",
        "rate_limit_url": "/rate_limit",
        "meta_url": "/meta",
        "versions_url": "/versions",
    }
    return answer({name: base + where for name, where in paths.items()})


@router.get("/meta", auth=ANY, response={200: Meta, **GITHUB_ERRORS}, summary="What answers here")
def github_meta(request: HttpRequest) -> HttpResponse:
    """Say that this is ghconnect, in the shape of a GHES instance. Any token."""
    return answer({"verifiable_password_authentication": False, "installed_version": "ghconnect"})


@router.get(
    "/versions", auth=ANY, response={200: list[str], **GITHUB_ERRORS}, summary="Versions of GitHub's API"
)
def github_versions(request: HttpRequest) -> HttpResponse:
    """List the versions that are answered. Any token."""
    return answer(list(versions.KNOWN))


@router.get(
    "/rate_limit", auth=ANY, response={200: RateLimit, **GITHUB_ERRORS}, summary="What is left of the hour"
)
def github_rate_limit(request: HttpRequest) -> HttpResponse:
    """Look without spending. Any token."""
    spent = request.spent  # type: ignore[attr-defined]
    rate = {
        "limit": spent.most,
        "used": min(spent.used, spent.most),
        "remaining": spent.remaining,
        "reset": spent.reset,
    }
    return answer({"resources": {"core": rate, "search": rate}, "rate": rate})


@router.get("/user", auth=ANY, response={200: Caller, **GITHUB_ERRORS}, summary="Who asks")
def github_user(request: HttpRequest) -> HttpResponse:
    """Name the token's maker, in the shape of GitHub's public user; what a token has not is null or 0. Any token."""
    token: AccessToken = request.token  # type: ignore[attr-defined]
    base = request.build_absolute_uri("/api/v3/user")
    urls = {f"{name}_url": base for name in _USER_URLS}
    created = f"{token.created_at:%Y-%m-%dT%H:%M:%SZ}"
    body = {
        "login": token.created_by_login,
        "id": token.pk,
        "node_id": f"ghct:{token.pk}",
        "type": "User",
        "site_admin": False,
        "name": token.name,
        "gravatar_id": "",
        "url": base,
        **urls,
        **dict.fromkeys(("company", "location", "email", "hireable", "bio", "twitter_username")),
        "blog": "",
        **dict.fromkeys(("public_repos", "public_gists", "followers", "following"), 0),
        "created_at": created,
        "updated_at": created,
    }
    return answer(body)


_USER_URLS = (
    *("avatar", "html", "followers", "following", "gists", "starred", "subscriptions"),
    *("organizations", "repos", "events", "received_events"),
)


@router.get(
    "/enterprises/{enterprise}/audit-log",
    auth=AUDIT,
    response={200: list[Event], **GITHUB_ERRORS},
    by_alias=True,
    summary="The audit log of an enterprise",
)
def github_audit_log(
    request: HttpRequest,
    enterprise: str,
    phrase: Annotated[str, Said("`action:NAME`, `actor:LOGIN`, `created:>=2026-11-01`.")] = "",
    include: Annotated[Literal["web", "git", "all"], Said("All events here are web events.")] = "web",
    after: Annotated[str, Said("A cursor from the Link header.")] = "",
    before: Annotated[str, Said("A cursor from the Link header.")] = "",
    order: Annotated[Literal["desc", "asc"], Said("desc: newest first.")] = "desc",
    page: Page = 1,
    per_page: PerPage = PER_PAGE,
) -> HttpResponse:
    """List what was done in this console, as GitHub lists what is done there. Scope read:audit_log.

    Link headers lead on by `after`; `page` is taken and means the first.
    """
    owner = own_enterprise(request, enterprise)
    rows = AuditEvent.objects.filter(enterprise=owner)
    if include == "git":
        rows = rows.none()
    falling = "-id" if order == "desc" else "id"
    found = paging.of(request, _asked(rows, phrase), falling, size=per_page)
    told = {"prev": found.previous_url, "next": found.next_url}
    return answer([_event(owner, event) for event in found.rows], headers=links(request, _cursors(told)))


def own_enterprise(request: HttpRequest, slug: str) -> Enterprise:
    """Return the token's enterprise if it is the one that is named; any other is not there."""
    enterprise: Enterprise = request.token.enterprise  # type: ignore[attr-defined]
    if enterprise.slug != slug.lower():
        raise Http404
    return enterprise


def _cursors(urls: dict[str, str]) -> dict[str, dict[str, object]]:
    """`?after=…` of our own pages as changes of the address that was asked for."""
    told: dict[str, dict[str, object]] = {}
    for rel, url in urls.items():
        if url:
            cursor = paging.cursor_of(url)
            told[rel] = {"after": None, "before": None, **cursor}
    return told


def _asked(rows: QuerySet[AuditEvent], phrase: str) -> QuerySet[AuditEvent]:
    """Narrow by what a phrase says; what nobody knows is left out of account, as at GitHub."""
    for name, test, value in TERM.findall(phrase.replace("\0", "")):
        if name == "created":
            rows = (
                rows.filter(**{f"at__date__{TESTS[test]}" if test else "at__date": value})
                if _day(value)
                else rows
            )
        else:
            rows = rows.filter(**{"action" if name == "action" else "actor_login": value})
    return rows


def _day(text: str) -> bool:
    try:
        return len(text) == 10 and bool(date.fromisoformat(text))
    except ValueError:
        return False


def _event(enterprise: Enterprise, event: AuditEvent) -> dict[str, Any]:
    at = int(event.at.timestamp() * 1000)
    return {
        "@timestamp": at,
        "action": event.action,
        "actor": event.actor_login,
        "business": enterprise.slug,
        "business_id": enterprise.pk,
        "created_at": at,
        "_document_id": f"ghconnect-{event.pk}",
        "name": event.subject,
        "data": event.data,
    }

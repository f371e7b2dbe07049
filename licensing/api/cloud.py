"""What GitHub tells beside its report, for scripts: sources with their state, domains, subscriptions, coverage."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from ninja import Router, Schema

from ghconnect import paging
from ghconnect.api.answers import paged, tagged
from ghconnect.api.console import OVERSEE, READ, enterprise_of
from ghconnect.api.shapes import PROBLEMS, Cursor, Paged, Size
from licensing import cloud_told
from licensing.license_records import iso
from licensing.models import CloudFact, LicenseRow

router = Router(tags=["console"])


class Source(Schema):
    """One thing asked of GitHub: `state` is read or the key of a problem, `words` what to do; times ISO 8601."""

    name: str
    state: str
    words: str
    count: int | None
    read_at: str | None
    tried_at: str


class Covered(Schema):
    """Of how many members emails in verified domains and identity values are visible."""

    members: int
    with_domain_email: int
    with_identity: int


class Sources(Schema):
    """All sources, and what of members they make visible."""

    items: list[Source]
    coverage: Covered


class Domain(Schema):
    """A domain at GitHub; `state` is verified, approved or pending."""

    domain: str
    state: str
    since: str | None


class Domains(Schema):
    """All domains, and how many members they make visible."""

    items: list[Domain]
    coverage: Covered


class Member(Schema):
    """A member of whom no email in a verified domain is visible."""

    github_com_login: str
    github_com_name: str
    github_com_saml_name_id: str
    enterprise_server_user_ids: list[str]
    person: int | None


class Members(Paged):
    """Members in order of name."""

    items: list[Member]


class Subscription(Schema):
    """A Visual Studio subscriber; `match` is automatic, manual or unmatched."""

    visual_studio_subscription_email: str
    username: str | None
    match: str


class Subscriptions(Paged):
    """Subscribers in order of address."""

    items: list[Subscription]


@router.get("/sources", auth=READ, response={200: Sources, **PROBLEMS})
def cloud_sources(request: HttpRequest) -> HttpResponse:
    """Tell what is asked of GitHub and how each went. Scope read:enterprise."""
    enterprise = enterprise_of(request)
    items = [
        {
            "name": line.name,
            "state": line.state,
            "words": line.words,
            "count": line.count,
            "read_at": iso(line.read_at) or None,
            "tried_at": iso(line.tried_at),
        }
        for line in cloud_told.sources(enterprise)
    ]
    return tagged(request, {"items": items, "coverage": _coverage(cloud_told.coverage(enterprise))})


@router.get("/domains", auth=READ, response={200: Domains, **PROBLEMS})
def cloud_domains(request: HttpRequest) -> HttpResponse:
    """List verified and approved domains as GitHub has them. Scope read:enterprise."""
    enterprise = enterprise_of(request)
    items = [
        {"domain": fact.value, "state": fact.note, "since": iso(fact.at) or None}
        for fact in cloud_told.domains(enterprise)
    ]
    return tagged(request, {"items": items, "coverage": _coverage(cloud_told.coverage(enterprise))})


@router.get("/members-without-domain-email", auth=OVERSEE, response={200: Members, **PROBLEMS})
def cloud_members_without(
    request: HttpRequest, after: Cursor = "", before: Cursor = "", limit: Size = 50
) -> HttpResponse:
    """List members without an email in a verified domain. Scope read:enterprise, of an owner or auditor."""
    rows = cloud_told.without_domain_email(enterprise_of(request))
    page = paging.of(request, rows, "sort", "id", size=limit)
    return paged(request, page, [_member(row) for row in page.rows])


@router.get("/visual-studio-subscriptions", auth=READ, response={200: Subscriptions, **PROBLEMS})
def cloud_subscriptions(
    request: HttpRequest, after: Cursor = "", before: Cursor = "", limit: Size = 50
) -> HttpResponse:
    """List Visual Studio subscribers and how GitHub matched them. Scope read:enterprise."""
    page = paging.of(request, cloud_told.subscriptions(enterprise_of(request)), "value", "id", size=limit)
    return paged(request, page, [_subscription(fact) for fact in page.rows])


def _coverage(found: cloud_told.Coverage) -> dict[str, int]:
    return {
        "members": found.members,
        "with_domain_email": found.with_domain_email,
        "with_identity": found.with_identity,
    }


def _member(row: LicenseRow) -> dict[str, Any]:
    names = ("github_com_login", "github_com_name", "github_com_saml_name_id", "enterprise_server_user_ids")
    return {**{name: getattr(row, name) for name in names}, "person": row.person_id}


def _subscription(fact: CloudFact) -> dict[str, Any]:
    return {
        "visual_studio_subscription_email": fact.value,
        "username": fact.login_key or None,
        "match": fact.note,
    }

"""GitHub's doors to licenses: who consumes one, and how GitHub's own syncs went (reference §5.3, §5.4)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from ninja import Router, Schema

from ghconnect.api import auth, errors
from ghconnect.api.answers import answer, links, not_modified, numbered, tag
from ghconnect.api.shapes import GITHUB_ERRORS, PER_PAGE, Edition, Page, PerPage
from ghconnect.api.v3 import own_enterprise
from ghconnect.models import AccessToken, Enterprise
from ghconnect.prepared import Prepared
from licensing import anchors, licenses
from licensing.license_records import github_records, iso
from licensing.models import CloudPicture, GitHubSync
from licensing.models import Edition as EditionRow
from licensing.models.bulk.snapshot import snapshot

router = Router(tags=["github"])
READ = auth.Token(AccessToken.Scope.READ_ENTERPRISE)
# Publications that change no row of GitHub's report.
OTHERS = ("server", "server_removed")
PICTURE = ("enterprise__cloud_picture__consumed", "enterprise__cloud_picture__purchased")


class License(Schema):
    """One license as GitHub's report gives it."""

    github_com_login: str
    github_com_name: str | None
    enterprise_server_user_ids: list[str]
    github_com_user: bool
    enterprise_server_user: bool | None
    visual_studio_subscription_user: bool
    license_type: str
    github_com_profile: str | None
    github_com_member_roles: list[str]
    github_com_enterprise_roles: list[str]
    github_com_verified_domain_emails: list[str]
    github_com_saml_name_id: str | None
    github_com_orgs_with_pending_invites: list[str]
    github_com_two_factor_auth: bool | None
    enterprise_server_emails: list[str]
    visual_studio_license_status: str | None
    visual_studio_subscription_email: str | None
    total_user_accounts: int


class ConsumedLicenses(Schema):
    """Both totals stand on every page."""

    total_seats_consumed: int
    total_seats_purchased: int
    users: list[License]


class LastSync(Schema):
    """GitHub's last sync of a server, in its own words."""

    date: str
    status: str
    error: str


class Instance(Schema):
    """A server as GitHub knows it."""

    server_id: str
    hostname: str
    last_sync: LastSync


class LicenseSyncStatus(Schema):
    """Servers GitHub knows."""

    server_instances: list[Instance]


EXAMPLE = {
    "total_seats_consumed": 236,
    "total_seats_purchased": 250,
    "users": [
        {
            "github_com_login": "monalisa",
            "github_com_name": "Mona Lisa",
            "enterprise_server_user_ids": ["ghe.example.com:123"],
            "github_com_user": True,
            "enterprise_server_user": True,
            "visual_studio_subscription_user": False,
            "license_type": "enterprise",
            "github_com_profile": "https://github.com/monalisa",
            "github_com_member_roles": ["org1:Owner"],
            "github_com_enterprise_roles": ["owner"],
            "github_com_verified_domain_emails": ["mona@example.com"],
            "github_com_saml_name_id": "mona@example.com",
            "github_com_orgs_with_pending_invites": [],
            "github_com_two_factor_auth": True,
            "enterprise_server_emails": ["mona@example.com"],
            "visual_studio_license_status": "",
            "visual_studio_subscription_email": "",
            "total_user_accounts": 2,
        }
    ],
}


@dataclass(frozen=True, slots=True)
class Listed:
    """The list an enterprise has: GitHub's rows where there are any, else the persons counted here."""

    enterprise: Enterprise
    view: str
    edition: int
    consumed: int
    purchased: int
    rows: int

    @property
    def name(self) -> str:
        """What its anchors are noted under."""
        return f"{self.enterprise.pk}:{self.enterprise.created_at.timestamp()}:{self.view}:{self.edition}"


def listed(enterprise: Enterprise) -> Listed:
    """Read what a page says of its list, without touching its rows: one query, or two."""
    newest = NEWEST.first(enterprise.pk) or (0, "", {}, *_before_any(enterprise))
    number, cause, totals, consumed, purchased = newest
    if consumed is None:
        counted = totals.get("expected", 0)
        return Listed(enterprise, licenses.EXPECTED, number, counted, 0, counted)
    edition = _last_report(enterprise) if cause in OTHERS else number
    read = totals.get("read_as_counted", 0)
    return Listed(enterprise, licenses.GITHUB, edition, consumed, purchased or 0, read)


def _before_any(enterprise: Enterprise) -> tuple[int | None, int | None]:
    """What GitHub counts before anything is published."""
    pictures = CloudPicture.objects.filter(enterprise=enterprise)
    return pictures.values_list("consumed", "purchased").first() or (None, None)


def _last_report(enterprise: Enterprise) -> int:
    """The last edition that may have changed a row of GitHub's report."""
    reports = _newest(enterprise.pk).exclude(cause__in=OTHERS)
    return reports.values_list("number", flat=True).first() or 0


def _newest(enterprise: int) -> QuerySet[EditionRow, Any]:
    """Editions, the newest first, each with what GitHub counts now."""
    rows = EditionRow.objects.filter(enterprise=enterprise).order_by("-number")
    return rows.values_list("number", "cause", "totals", *PICTURE)


NEWEST = Prepared(lambda enterprise: _newest(enterprise)[:1], -1)


@router.get(
    "/enterprises/{enterprise}/consumed-licenses",
    auth=READ,
    response={200: ConsumedLicenses, **GITHUB_ERRORS},
    summary="Who consumes a license",
    openapi_extra={"x-example": EXAMPLE},
)
def github_consumed_licenses(
    request: HttpRequest, enterprise: str, page: Page = 1, per_page: PerPage = PER_PAGE, edition: Edition = 0
) -> HttpResponse:
    """List licenses as GitHub's `consumed-licenses` does. Scope read:enterprise.

    A walk along Link stays of one edition; 410 when another took its place. Without a cloud token the licenses are
    those counted by this console.
    """
    return consumed_licenses(request, own_enterprise(request, enterprise), page, per_page, edition)


def consumed_licenses(
    request: HttpRequest, enterprise: Enterprise, page: int, per_page: int, edition: int
) -> HttpResponse:
    """Answer a page; 304 without a look at its rows."""
    with snapshot():  # the edition that Link names is the one the rows are of
        of = listed(enterprise)
        if edition not in (0, of.edition):
            return errors.github(410, "The list has changed since this walk began. Begin again at page 1.")
        entity_tag = tag(request, of.name, of.consumed, of.purchased)
        if had := not_modified(request, entity_tag):
            return had
        rows = licenses.everything(enterprise, of.view)
        users = github_records(of.view, anchors.page(rows, of=of.name, page=page, size=per_page))
    body = {"total_seats_consumed": of.consumed, "total_seats_purchased": of.purchased, "users": users}
    pages = numbered(page, -(-of.rows // per_page), edition=of.edition)
    return answer(body, headers={"ETag": entity_tag, **links(request, pages)})


@router.get(
    "/enterprises/{enterprise}/license-sync-status",
    auth=READ,
    response={200: LicenseSyncStatus, **GITHUB_ERRORS},
    summary="How GitHub's own syncs went",
)
def github_license_sync_status(request: HttpRequest, enterprise: str) -> HttpResponse:
    """Repeat what GitHub last said of each server. Scope read:enterprise."""
    owner = own_enterprise(request, enterprise)
    syncs = GitHubSync.objects.filter(enterprise=owner, newest=True).order_by("host")
    body = {"server_instances": [_instance(sync) for sync in syncs]}
    entity_tag = tag(request, owner.pk, *[f"{sync.pk}" for sync in syncs])
    return not_modified(request, entity_tag) or answer(body, headers={"ETag": entity_tag})


def _instance(sync: GitHubSync) -> dict[str, Any]:
    last = {"date": iso(sync.date), "status": sync.status, "error": sync.error}
    return {"server_id": sync.instance_id, "hostname": sync.host, "last_sync": last}

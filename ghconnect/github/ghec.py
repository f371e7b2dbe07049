"""One enterprise account on GitHub Enterprise Cloud, read (reference §5 and §8)."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from typing import Any
from urllib.parse import quote

from ghconnect.github import identities, queries, tokens
from ghconnect.github.errors import SECONDARY_WAIT, Asked, GitHubError, check, retry_after, scopes_text
from ghconnect.github.http import Answer, GitHubSession
from ghconnect.github.reading import flag, inner, moment, number, objects, text, texts
from ghconnect.records import (
    EnterpriseFacts,
    IdentityPage,
    InstallationPage,
    LicensePage,
    LicenseRow,
    MemberPage,
    ServerStatistics,
    ServerSyncStatus,
    TokenFacts,
    VisualStudioPage,
    VisualStudioSubscription,
)

PAGE = 100


def api_host(host: str) -> str:
    """Where the API of a GitHub host is: `api.github.com`, `api.SUB.ghe.com`."""
    return f"api.{host}"


class Enterprise:
    """Reads one enterprise with one token. Every method raises GitHubError."""

    def __init__(self, session: GitHubSession, host: str, slug: str, token: str) -> None:
        """`host` is the web host: `github.com`, or `SUB.ghe.com`."""
        self._session, self.slug, self._token = session, slug, token
        self.host, self.kind = api_host(host), tokens.kind(token)
        # Requests GitHub still allows this token this hour, by its last answer; None where it did not say.
        self.remaining: int | None = None

    def me(self) -> TokenFacts:
        """`GET /user`: whose token it is, its kind, scopes and expiry."""
        return tokens.facts(self._get("/user", not_found="wrong_host"), self._token)

    def consumed_licenses(self, page: int, per_page: int = PAGE) -> LicensePage:
        """One page of GitHub's own license report, from 1; totals stand on every page (reference §5.3)."""
        params = {"per_page": str(per_page), "page": str(page)}
        answer = self._get(self._path("consumed-licenses"), params)
        found = self._object(answer)
        consumed, purchased = number(found, "total_seats_consumed"), number(found, "total_seats_purchased")
        if consumed is None or purchased is None or not isinstance(found.get("users"), list):
            raise self._bad(answer)
        rows = tuple(map(license_row, objects(found, "users")))
        return LicensePage(page, last_page(answer, page), consumed, purchased, rows)

    def license_sync_status(self) -> list[ServerSyncStatus]:
        """When GitHub last synced each server, in GitHub's own words (reference §5.4)."""
        answer = self._get(self._path("license-sync-status"))
        found = self._object(answer)
        if not isinstance(found.get("server_instances"), list):
            raise self._bad(answer)
        return [_sync_status(entry) for entry in objects(found, "server_instances")]

    def server_statistics(self, since: date, until: date) -> list[ServerStatistics]:
        """What servers that share it told GitHub of each day, at most 365 (reference §11); [] where none does."""
        params = {"date_start": since.isoformat(), "date_end": until.isoformat()}
        path = f"/enterprise-installation/{quote(self.slug, safe='')}/server-statistics"
        answer = self._get(path, params)
        found = answer.json()
        if not isinstance(found, list):
            raise self._bad(answer)
        days = (_statistics(day) for day in found if isinstance(day, dict))
        return [day for day in days if day is not None]

    def visual_studio_subscriptions(self, page: int, per_page: int = PAGE) -> VisualStudioPage:
        """One page of Visual Studio subscribers, from 1 (reference §5.5)."""
        params = {"per_page": str(per_page), "page": str(page)}
        answer = self._get(self._path("visual-studio-subscriptions"), params)
        found = self._object(answer)
        rows = tuple(map(_subscription, objects(found, "visual_studio_subscriptions")))
        return VisualStudioPage(page, last_page(answer, page), number(found, "total_count"), rows)

    def facts(self) -> EnterpriseFacts:
        """What GraphQL tells of the enterprise; raises `not_found_ghec` when it shows none to this token."""
        found = self._enterprise(queries.FACTS, {})
        billing = inner(found, "billingInfo")
        total, available = number(billing, "totalLicenses"), number(billing, "totalAvailableLicenses")
        return EnterpriseFacts(
            slug=text(found, "slug"),
            name=text(found, "name"),
            viewer_is_admin=flag(found, "viewerIsAdmin"),
            database_id=number(found, "databaseId"),
            total_licenses=total,
            consumed_licenses=total - available if total is not None and available is not None else None,
        )

    def identities(self, after: str | None = None, first: int = PAGE) -> IdentityPage:
        """One page of the enterprise's identity provider; `readable` is False where none is shown."""
        found = self._enterprise(queries.IDENTITIES, {"first": first, "after": after})
        return identities.page(found)

    def members(self, after: str | None = None, first: int = PAGE) -> MemberPage:
        """One page of cloud members with the `databaseId` that decides a tie."""
        found = inner(self._enterprise(queries.MEMBERS, {"first": first, "after": after}), "members")
        nodes = [inner(node, "user") or node for node in objects(found, "nodes")]
        ids = ((text(node, "login"), number(node, "databaseId")) for node in nodes)
        return MemberPage(
            total=number(found, "totalCount"),
            end_cursor=identities.next_cursor(found),
            database_ids={login: found_id for login, found_id in ids if login and found_id is not None},
        )

    def installations(self, after: str | None = None, first: int = PAGE) -> InstallationPage:
        """One page of the servers GitHub lists, with whether their GitHub Connect is on; others may not see it."""
        enterprise = self._enterprise(queries.INSTALLATIONS, {"first": first, "after": after})
        found = inner(enterprise, "ownerInfo", "enterpriseServerInstallations")
        states = ((text(node, "hostName"), flag(node, "isConnected")) for node in objects(found, "nodes"))
        return InstallationPage(
            readable=bool(found),
            end_cursor=identities.next_cursor(found),
            connected={host: state for host, state in states if host and state is not None},
        )

    def _enterprise(self, document: str, variables: dict[str, Any]) -> dict[str, Any]:
        headers = {"Authorization": f"Bearer {self._token}"}
        sent = {"slug": self.slug, **variables}
        answer = self._session.graphql(f"https://{self.host}/graphql", document, sent, headers=headers)
        self._note(answer)
        check(answer, self._asked("not_found_ghec"))
        found = inner(self._object(answer), "data", "enterprise")
        if not found:
            raise self._graphql_error(answer)
        return found

    def _graphql_error(self, answer: Answer) -> GitHubError:
        types = {text(error, "type") for error in objects(self._object(answer), "errors")}
        if "RATE_LIMITED" in types:
            wait = retry_after(answer.headers, datetime.now(UTC)) or SECONDARY_WAIT
            return GitHubError("rate", {"host": self.host}, retry_after=wait)
        if types & {"NOT_FOUND", "FORBIDDEN", "INSUFFICIENT_SCOPES"}:
            scopes = scopes_text(answer.headers)
            return GitHubError("not_found_ghec", self._asked("").params(scopes=scopes))
        return self._bad(answer)

    def _get(
        self, path: str, params: dict[str, str] | None = None, *, not_found: str = "not_found_ghec"
    ) -> Answer:
        headers = {"Authorization": f"Bearer {self._token}"}
        answer = self._session.get(f"https://{self.host}{path}", headers=headers, params=params)
        self._note(answer)
        check(answer, self._asked(not_found))
        return answer

    def _note(self, answer: Answer) -> None:
        left = answer.headers.get("x-ratelimit-remaining", "")
        self.remaining = int(left) if re.fullmatch(r"\d{1,9}", left) else None

    def _asked(self, not_found: str) -> Asked:
        return Asked(self.host, slug=self.slug, kind=self.kind, not_found=not_found)

    def _path(self, name: str) -> str:
        return f"/enterprises/{quote(self.slug, safe='')}/{name}"

    def _object(self, answer: Answer) -> dict[str, Any]:
        found = answer.json()
        if not isinstance(found, dict):
            raise self._bad(answer)
        return found

    def _bad(self, answer: Answer) -> GitHubError:
        return GitHubError("bad_answer", {"host": self.host, "status": str(answer.status)})


def last_page(answer: Answer, page: int) -> int:
    """The last page by `Link`: absent on the last page, and when everything fits one (reference §13)."""
    for rel in ("last", "next"):
        value = (answer.link(rel) or {}).get("page", "")
        if re.fullmatch(r"\d{1,9}", value):
            return int(value)
    return page


def license_row(row: dict[str, Any]) -> LicenseRow:
    """A row with every documented field; what is absent or of another kind is empty (reference §5.3)."""
    roles = texts(row, "github_com_enterprise_roles") or texts(
        {"role": [row.get("github_com_enterprise_role")]}, "role"
    )
    return LicenseRow(
        github_com_login=text(row, "github_com_login"),
        github_com_name=text(row, "github_com_name"),
        enterprise_server_user_ids=texts(row, "enterprise_server_user_ids"),
        github_com_user=flag(row, "github_com_user") is True,
        enterprise_server_user=flag(row, "enterprise_server_user") is True,
        visual_studio_subscription_user=flag(row, "visual_studio_subscription_user") is True,
        license_type=text(row, "license_type"),
        github_com_profile=text(row, "github_com_profile"),
        github_com_member_roles=texts(row, "github_com_member_roles"),
        github_com_enterprise_roles=roles,
        github_com_verified_domain_emails=texts(row, "github_com_verified_domain_emails"),
        github_com_saml_name_id=text(row, "github_com_saml_name_id"),
        github_com_orgs_with_pending_invites=texts(row, "github_com_orgs_with_pending_invites"),
        github_com_two_factor_auth=flag(row, "github_com_two_factor_auth"),
        enterprise_server_emails=texts(row, "enterprise_server_emails"),
        visual_studio_license_status=text(row, "visual_studio_license_status"),
        visual_studio_subscription_email=text(row, "visual_studio_subscription_email"),
        total_user_accounts=number(row, "total_user_accounts") or 0,
    )


def _sync_status(entry: dict[str, Any]) -> ServerSyncStatus:
    """A server never synced has no known form: no date then, and the words as they are (PRODUCT §3)."""
    last = inner(entry, "last_sync")
    return ServerSyncStatus(
        server_id=text(entry, "server_id"),
        host=text(entry, "hostname"),
        date=moment(last, "date"),
        status=text(last, "status"),
        error=text(last, "error"),
    )


def _subscription(row: dict[str, Any]) -> VisualStudioSubscription:
    return VisualStudioSubscription(
        email=text(row, "visual_studio_subscription_email"),
        login=text(row, "username"),
        manual_match=flag(row, "manual_match") is True,
    )


def _statistics(day: dict[str, Any]) -> ServerStatistics | None:
    """A day of a server; None where it does not say of which."""
    at, host = moment(day, "collection_date"), text(day, "host_name")
    if at is None or not host:
        return None
    users, dormant = inner(day, "ghe_stats", "users"), inner(day, "dormant_users")
    return ServerStatistics(
        host=host,
        server_id=text(day, "server_id"),
        collected_at=at,
        version=text(day, "ghes_version"),
        features=texts(inner(day, "github_connect"), "features_enabled"),
        dormant_users=number(dormant, "total_dormant_users"),
        dormancy_threshold=text(dormant, "dormancy_threshold"),
        total_users=number(users, "total_users"),
        admin_users=number(users, "admin_users"),
        suspended_users=number(users, "suspended_users"),
    )

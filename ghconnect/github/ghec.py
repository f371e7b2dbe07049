"""One enterprise account on GitHub Enterprise Cloud, read (reference §5 and §8)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date
from typing import Any
from urllib.parse import quote

from ghconnect.github import cloud_rows, facts, identities, queries
from ghconnect.github.account import PAGE, Account, last_page
from ghconnect.github.reading import flag, inner, number, objects, text
from ghconnect.records import (
    CloudFact,
    EnterpriseFacts,
    IdentityPage,
    InstallationPage,
    LicensePage,
    MemberPage,
    OrganizationPage,
    OrganizationProvider,
    ServerStatistics,
    ServerSyncStatus,
    VisualStudioPage,
)


class Enterprise(Account):
    """Reads one enterprise with one token. Every method raises GitHubError."""

    def consumed_licenses(self, page: int, per_page: int = PAGE) -> LicensePage:
        """One page of GitHub's own license report, from 1; totals stand on every page (reference §5.3)."""
        params = {"per_page": str(per_page), "page": str(page)}
        answer = self._get(self._path("consumed-licenses"), params)
        found = self._object(answer)
        consumed, purchased = number(found, "total_seats_consumed"), number(found, "total_seats_purchased")
        if consumed is None or purchased is None or not isinstance(found.get("users"), list):
            raise self._bad(answer)
        rows = tuple(map(cloud_rows.license_row, objects(found, "users")))
        return LicensePage(page, last_page(answer, page), consumed, purchased, rows)

    def license_sync_status(self) -> list[ServerSyncStatus]:
        """When GitHub last synced each server, in GitHub's own words (reference §5.4)."""
        answer = self._get(self._path("license-sync-status"))
        found = self._object(answer)
        if not isinstance(found.get("server_instances"), list):
            raise self._bad(answer)
        return [cloud_rows.sync_status(entry) for entry in objects(found, "server_instances")]

    def server_statistics(self, since: date, until: date) -> list[ServerStatistics]:
        """What servers that share it told GitHub of each day, at most 365 (reference §11); [] where none does."""
        params = {"date_start": since.isoformat(), "date_end": until.isoformat()}
        path = f"/enterprise-installation/{quote(self.slug, safe='')}/server-statistics"
        answer = self._get(path, params)
        found = answer.json()
        if not isinstance(found, list):
            raise self._bad(answer)
        days = (cloud_rows.statistics(day) for day in found if isinstance(day, dict))
        return [day for day in days if day is not None]

    def visual_studio_subscriptions(self, page: int, per_page: int = PAGE) -> VisualStudioPage:
        """One page of Visual Studio subscribers, from 1 (reference §5.5)."""
        params = {"per_page": str(per_page), "page": str(page)}
        answer = self._get(self._path("visual-studio-subscriptions"), params)
        found = self._object(answer)
        rows = tuple(map(cloud_rows.subscription, objects(found, "visual_studio_subscriptions")))
        return VisualStudioPage(page, last_page(answer, page), number(found, "total_count"), rows)

    def facts(self) -> EnterpriseFacts:
        """What GraphQL tells of the enterprise; raises `not_found_ghec` when it shows none to this token."""
        found = self.ask(queries.FACTS, {})
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
        found = self.ask(queries.IDENTITIES, {"first": first, "after": after})
        return identities.page(inner(found, "ownerInfo"))

    def organizations(self, after: str | None = None, first: int = PAGE) -> OrganizationPage:
        """One page of organizations, each with whether it has an identity provider of its own.

        GitHub shows it to owners of the organization alone: an owner of the enterprise need not be one.
        """
        answer = self._query(queries.ORGANIZATIONS, {"first": first, "after": after})
        self._scoped(answer)
        found = inner(self._object(answer), "data", self.ROOT, "organizations")
        hidden = {error["path"][3] for error in objects(self._object(answer), "errors") if _of_node(error)}
        nodes = [node if isinstance(node, dict) else {} for node in found.get("nodes") or []]
        return OrganizationPage(
            end_cursor=identities.next_cursor(found),
            organizations=tuple(
                OrganizationProvider(
                    text(node, "login"),
                    None if place in hidden else bool(inner(node, "samlIdentityProvider")),
                )
                for place, node in enumerate(nodes)
                if text(node, "login")
            ),
        )

    def organization_identities(
        self, login: str, after: str | None = None, first: int = PAGE
    ) -> IdentityPage:
        """One page of the identity provider of one of its organizations."""
        variables = {"slug": login, "first": first, "after": after}
        answer = self._query(queries.ORGANIZATION_IDENTITIES, variables)
        self._scoped(answer)
        return identities.page(inner(self._object(answer), "data", "organization"))

    def sources(self) -> dict[str, Callable[[], Iterator[CloudFact]]]:
        """What GitHub tells beside the report, by name: each is read by itself, and may fail by itself."""
        return {
            "domains": lambda: facts.domains(self, queries.DOMAINS, "ownerInfo"),
            "invitations": lambda: facts.invitations(self),
            "visual_studio": lambda: facts.visual_studio(self),
            "managed_users": lambda: facts.managed_users(self),
            "advanced_security": lambda: facts.advanced_security(self),
            "cost_centers": lambda: facts.cost_centers(self),
        }

    def members(self, after: str | None = None, first: int = PAGE) -> MemberPage:
        """One page of cloud members with the `databaseId` that decides a tie."""
        found = inner(self.ask(queries.MEMBERS, {"first": first, "after": after}), "members")
        nodes = [inner(node, "user") or node for node in objects(found, "nodes")]
        ids = ((text(node, "login"), number(node, "databaseId")) for node in nodes)
        return MemberPage(
            total=number(found, "totalCount"),
            end_cursor=identities.next_cursor(found),
            database_ids={login: found_id for login, found_id in ids if login and found_id is not None},
        )

    def installations(self, after: str | None = None, first: int = PAGE) -> InstallationPage:
        """One page of the servers GitHub lists, with whether their GitHub Connect is on; others may not see it."""
        enterprise = self.ask(queries.INSTALLATIONS, {"first": first, "after": after})
        found = inner(enterprise, "ownerInfo", "enterpriseServerInstallations")
        states = ((text(node, "hostName"), flag(node, "isConnected")) for node in objects(found, "nodes"))
        return InstallationPage(
            readable=bool(found),
            end_cursor=identities.next_cursor(found),
            connected={host: state for host, state in states if host and state is not None},
        )


def _of_node(error: dict[str, Any]) -> bool:
    """Whether an error is of one node of a list: its path is account, list, `nodes`, place, field."""
    path = error.get("path")
    return isinstance(path, list) and len(path) > 4 and isinstance(path[3], int)

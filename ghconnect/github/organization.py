"""A single organization on GitHub that no enterprise owns, read as an enterprise is (reference §1.1, §4.2).

GitHub has no license report for it. Its plan states seats and filled seats; members, pending invitations and
collaborators of private repositories are who fills them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

from ghconnect import records
from ghconnect.github import facts, identities, queries
from ghconnect.github.account import PAGE, last_page
from ghconnect.github.errors import GitHubError
from ghconnect.github.ghec import Enterprise
from ghconnect.github.identities import next_cursor
from ghconnect.github.reading import flag, inner, moment, number, objects, text, texts
from ghconnect.records import (
    CloudFact,
    EnterpriseFacts,
    IdentityPage,
    InstallationPage,
    LicensePage,
    LicenseRow,
    MemberPage,
    OrganizationPage,
    ServerSyncStatus,
)

ROLES = {"ADMIN": "Owner", "MEMBER": "Member"}
# By this scope GitHub shows private repositories; without it there seem to be none.
REPOSITORIES = "repo"


class Organization(Enterprise):
    """Reads one organization with the token of one of its owners. Every method raises GitHubError."""

    ROOT, NOT_FOUND = "organization", "not_found_org"

    def consumed_licenses(self, page: int, per_page: int = PAGE) -> LicensePage:
        """Who fills the seats: all on page 1; page 2 states the seats again, so that a change meanwhile is seen.

        `per_page` 1 asks for the seats alone.
        """
        filled, seats, plan = self._plan()
        rows: tuple[LicenseRow, ...] = ()
        if page == 1 and per_page > 1:
            rows = tuple(self._rows(plan))
        return LicensePage(page, 2, filled, seats, rows)

    def license_sync_status(self) -> list[ServerSyncStatus]:
        """GitHub tells it of enterprises alone."""
        return []

    def facts(self) -> EnterpriseFacts:
        """What GraphQL tells of the organization."""
        found = self.ask(queries.ORGANIZATION_FACTS, {})
        return EnterpriseFacts(
            slug=text(found, "login"),
            name=text(found, "name") or text(found, "login"),
            viewer_is_admin=flag(found, "viewerCanAdminister"),
            database_id=number(found, "databaseId"),
        )

    def identities(self, after: str | None = None, first: int = PAGE) -> IdentityPage:
        """One page of its identity provider; `readable` is False where none is shown."""
        variables = {"first": first, "after": after}
        return identities.page(self.ask(queries.ORGANIZATION_IDENTITIES, variables, scoped=True))

    def organizations(self, after: str | None = None, first: int = PAGE) -> OrganizationPage:
        """There are none below it."""
        return OrganizationPage(None, ())

    def members(self, after: str | None = None, first: int = PAGE) -> MemberPage:
        """One page of members with the `databaseId` that decides a tie."""
        variables = {"first": first, "after": after}
        found = inner(self.ask(queries.ORGANIZATION_MEMBERS, variables), "membersWithRole")
        nodes = [inner(edge, "node") for edge in objects(found, "edges")]
        ids = {text(node, "login"): number(node, "databaseId") for node in nodes}
        known = {login: found_id for login, found_id in ids.items() if login and found_id is not None}
        return MemberPage(number(found, "totalCount"), next_cursor(found), known)

    def installations(self, after: str | None = None, first: int = PAGE) -> InstallationPage:
        """GitHub tells it of enterprises alone."""
        return InstallationPage(readable=False, end_cursor=None, connected={})

    def sources(self) -> dict[str, Callable[[], Iterator[CloudFact]]]:
        """What GitHub tells of an organization beside who fills its seats."""
        return {
            "domains": lambda: facts.domains(self, queries.ORGANIZATION_DOMAINS),
            "invitations": lambda: self._invitation_facts(),
            "collaborators": lambda: self._collaborator_check(),
        }

    def _plan(self) -> tuple[int, int, str]:
        """Seats filled and bought, and the plan's name; GitHub shows them to owners alone."""
        answer = self._get(f"/orgs/{self.slug}")
        plan = inner(self._object(answer), "plan")
        filled, seats = number(plan, "filled_seats"), number(plan, "seats")
        if filled is None or seats is None:
            scopes = answer.headers.get("x-oauth-scopes", "").strip()
            raise GitHubError(self.NOT_FOUND, self._asked("").params(scopes=scopes))
        return filled, seats, text(plan, "name")

    def _rows(self, plan: str) -> Iterator[LicenseRow]:
        license_type = plan or "enterprise"
        yield from self._member_rows(license_type)
        yield from self._collaborator_rows(license_type)
        for node in self._invitations():
            yield self._invited(node, license_type)

    def _member_rows(self, license_type: str) -> Iterator[LicenseRow]:
        after: str | None = None
        while True:
            found = self.ask(queries.ORGANIZATION_MEMBERS, {"first": PAGE, "after": after})
            members = inner(found, "membersWithRole")
            for edge in objects(members, "edges"):
                yield self._member(edge, license_type)
            after = next_cursor(members)
            if after is None:
                return

    def _member(self, edge: dict[str, Any], license_type: str) -> LicenseRow:
        node, role = inner(edge, "node"), ROLES.get(text(edge, "role"), "Member")
        return replace(
            self._row(text(node, "login"), license_type),
            github_com_name=text(node, "name"),
            github_com_member_roles=(f"{self.slug}:{role}",),
            github_com_enterprise_roles=(role.lower(),),
            github_com_verified_domain_emails=texts(node, "organizationVerifiedDomainEmails"),
            github_com_two_factor_auth=flag(edge, "hasTwoFactorEnabled"),
        )

    def _row(self, login: str, license_type: str) -> LicenseRow:
        """A row of a cloud account, as the report of an enterprise has it."""
        return LicenseRow(
            github_com_login=login,
            github_com_name="",
            enterprise_server_user_ids=(),
            github_com_user=True,
            enterprise_server_user=False,
            visual_studio_subscription_user=False,
            license_type=license_type,
            github_com_profile=f"https://{self.host.removeprefix('api.')}/{login}",
            total_user_accounts=1,
        )

    def _collaborator_rows(self, license_type: str) -> Iterator[LicenseRow]:
        """Outside collaborators of private repositories; of all, where GitHub does not show which those are."""
        private = self._private() if self._shows_private() else None
        for node in self._paged("outside_collaborators"):
            login = text(node, "login")
            roles = private.get(login.lower(), ()) if private is not None else (f"{self.slug}:Collaborator",)
            if roles:
                yield replace(
                    self._row(login, license_type),
                    github_com_member_roles=tuple(roles),
                    github_com_enterprise_roles=("outside collaborator",),
                )

    def _private(self) -> dict[str, list[str]]:
        """By login in lower case the private repositories somebody from outside works in, as GitHub writes roles."""
        found: dict[str, list[str]] = {}
        for node in facts.listed(self, queries.PRIVATE_COLLABORATORS, "repositories"):
            role = f"{self.slug}/{text(node, 'name')}:Collaborator"
            for login in self._outside(text(node, "name"), inner(node, "collaborators")):
                found.setdefault(login.lower(), []).append(role)
        return found

    def _outside(self, repository: str, page: dict[str, Any]) -> Iterator[str]:
        """Logins of whoever works in a repository from outside: of this page of them, and of those after it."""
        for _ in range(facts.MOST_PAGES):
            yield from (text(one, "login") for one in objects(page, "nodes"))
            after = next_cursor(page)
            if after is None:
                return
            asked = {"name": repository, "first": PAGE, "after": after}
            found = self.ask(queries.REPOSITORY_COLLABORATORS, asked, scoped=True)
            page = inner(found, "repository", "collaborators")

    def _shows_private(self) -> bool:
        scopes = self.me().scopes
        return scopes is None or REPOSITORIES in scopes

    def _collaborator_check(self) -> Iterator[CloudFact]:
        """Tells nothing but whether private repositories are visible."""
        scopes = self.me().scopes
        if scopes is not None and REPOSITORIES not in scopes:
            told = {"host": self.host, "scope": REPOSITORIES, "scopes": ", ".join(scopes) or "–"}
            raise GitHubError("scope", told)
        yield from ()

    def _invited(self, node: dict[str, Any], license_type: str) -> LicenseRow:
        login = text(node, "login")
        return replace(
            self._row(login or text(node, "email"), license_type),
            github_com_user=bool(login),
            github_com_profile="",
            github_com_orgs_with_pending_invites=(self.slug,),
            total_user_accounts=int(bool(login)),
        )

    def _invitations(self) -> Iterator[dict[str, Any]]:
        """Pending invitations that take a license: a billing manager's does not (reference §4.2)."""
        for node in self._paged("invitations"):
            if text(node, "role") != "billing_manager" and (text(node, "login") or text(node, "email")):
                yield node

    def _invitation_facts(self) -> Iterator[CloudFact]:
        for node in self._invitations():
            who, at = text(node, "login") or text(node, "email"), moment(node, "created_at")
            note = "scim" if text(node, "invitation_source").lower() == "scim" else text(node, "role")
            yield CloudFact(records.INVITATION, who, self.slug, note, at)

    def _paged(self, name: str) -> Iterator[dict[str, Any]]:
        page, last = 1, 1
        while page <= last:
            params = {"per_page": str(PAGE), "page": str(page)}
            answer = self._get(f"/orgs/{self.slug}/{name}", params)
            last = min(last_page(answer, page), facts.MOST_PAGES)
            yield from objects({"items": answer.json()}, "items")
            page += 1

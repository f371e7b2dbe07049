"""Persons that a publication touched: under which group they go on, and whether they consume."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from licensing.models import bulk
from licensing.rules import consumption

from .estate import Estate


def going_on(enterprise_id: int) -> Iterator[tuple[str, int]]:
    """Pair each group that has no person with the one that lost most accounts to it; nobody is taken twice."""
    groups: set[str] = set()
    people: set[int] = set()
    for group, person, _ in bulk.orphaned_people(enterprise_id):
        if group not in groups and person not in people:
            groups.add(group)
            people.add(person)
            yield group, person


def decided(facts: Estate) -> Iterator[bulk.Row]:
    """Decide marked persons: columns of `bulk.PERSON`."""
    for row in list(bulk.people_touched()):
        person = Touched(*row)
        uses = person.consumption(facts.enterprise.contract)
        alive = bool(person.cloud_login or person.accounts or person.row_id)
        name = person.shown() or person.name
        yield (
            name[:255],
            name.lower()[:255],
            uses.consumes and alive,
            uses.reason,
            _license_type(person),
            person.deployment(),
            person.accounts,
            None if alive else facts.edition,
            person.id,
        )


@dataclass(frozen=True, slots=True)
class Touched:
    """One line of `bulk.people_touched`."""

    id: int
    group: str
    cloud_login: str | None
    cloud_name: str | None
    accounts: int
    consuming: int
    login: str | None
    reason: str | None
    idle: str | None
    row_id: int | None
    row_login: str | None
    row_emails: Any
    license_type: str | None
    visual_studio: bool | None
    github_user: bool | None
    server_user: bool | None
    member_roles: Any
    pending: Any
    unread: bool
    name: str

    def shown(self) -> str:
        """What this person is called: by the cloud, else as an account's login, else as GitHub's row tells."""
        names = (
            self.cloud_name,
            self.cloud_login,
            self.login,
            self.row_login,
            *bulk.as_list(self.row_emails),
        )
        return next((name for name in names if name), "")

    def facts(self) -> consumption.RowFacts:
        """What GitHub's row says, for the rule."""
        return consumption.RowFacts(
            cloud_user=bool(self.github_user),
            server_user=bool(self.server_user),
            visual_studio=bool(self.visual_studio),
            member=bool(bulk.as_list(self.member_roles)),
            pending=bool(bulk.as_list(self.pending)),
            email_login="@" in (self.row_login or ""),
        )

    def consumption(self, contract: str) -> consumption.Consumption:
        """Whether this person consumes: by the row of the cloud, else by an account, else by GitHub's word alone."""
        cloud = None
        if self.row_id is not None and not self.group.startswith("r:"):
            cloud = consumption.cloud_consumes(self.facts(), contract or consumption.VOLUME)
        accounts = [consumption.Consumption(True, self.reason or "active")] if self.consuming else []
        if self.accounts and not self.consuming:
            accounts = [consumption.Consumption(False, self.idle or "suspended")]
        return consumption.person_consumes(cloud, accounts, elsewhere=bool(self.unread))

    def deployment(self) -> str:
        """Where this person has accounts, as GitHub's pages filter it."""
        if self.group.startswith("i:"):
            return "invitation"
        if (
            self.cloud_login
            and self.row_id is not None
            and consumption.row_kind(self.facts()) == "invitation"
        ):
            return "invitation"
        if not self.cloud_login:
            return "server"
        return "both" if self.accounts or self.unread else "cloud"


def _license_type(person: Touched) -> str:
    if person.visual_studio or "visual studio" in (person.license_type or "").lower():
        return "visual_studio"
    return "enterprise"

"""Persons that a publication touched: under which group they go on, and whether they consume."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

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
    """Decide marked persons: columns of `bulk.PERSON` and the id, where they are other than they stand."""
    contract = facts.enterprise.contract or consumption.VOLUME
    managed = facts.managed
    stands, decides = slice(6, 14), slice(15, None)
    for row in list(bulk.people_touched()):
        name = _shown(row)
        uses = _of_facts(row[decides], contract, managed)
        alive = None if uses.alive else facts.edition
        now = (name[:255], name.lower()[:255], uses.consumes, *uses[1:4], row[14], alive)
        if now != row[stands]:
            yield (*now, row[0])


def _shown(row: bulk.Row) -> str:
    """What a person is called: by the cloud, else as an account's login, else as GitHub's row tells, else as before."""
    _, cloud_name, cloud_login, login, row_login, row_emails, before = row[:7]
    found: str = cloud_name or cloud_login or login or row_login
    return found or next((email for email in bulk.as_list(row_emails) if email), "") or before


class Facts(NamedTuple):
    """What decides about a person, the last columns of `bulk.people_touched`: few people differ in them.

    `group` is the kind of it; `reason` one that consumes, `idle` one of any account; the rest is of GitHub's row.
    """

    group: str
    cloud: bool
    accounts: bool
    consuming: bool
    reason: str | None
    idle: str | None
    row: bool
    email_login: bool | None
    license_type: str | None
    visual_studio: bool | None
    github_user: bool | None
    server_user: bool | None
    member: bool | None
    pending: bool | None
    unread: bool

    def of_row(self) -> consumption.RowFacts:
        """What GitHub's row says, for the rule."""
        return consumption.RowFacts(
            cloud_user=bool(self.github_user),
            server_user=bool(self.server_user),
            visual_studio=bool(self.visual_studio),
            member=bool(self.member),
            pending=bool(self.pending),
            email_login=bool(self.email_login),
        )

    def consumption(self, contract: str, managed: bool) -> consumption.Consumption:
        """Whether this person consumes: by the row of the cloud, else by an account, else by GitHub's word alone."""
        cloud = None
        if self.row and self.group != "r":
            cloud = consumption.cloud_consumes(self.of_row(), contract, managed)
        accounts = [consumption.Consumption(True, self.reason or "active")] if self.consuming else []
        if self.accounts and not self.consuming:
            accounts = [consumption.Consumption(False, self.idle or "suspended")]
        return consumption.person_consumes(cloud, accounts, elsewhere=bool(self.unread))

    def deployment(self) -> str:
        """Where this person has accounts, as GitHub's pages filter it."""
        if self.group == "i":
            return "invitation"
        if self.cloud and self.row and consumption.row_kind(self.of_row()) == "invitation":
            return "invitation"
        if not self.cloud:
            return "server"
        return "both" if self.accounts or self.unread else "cloud"

    def license(self) -> str:
        """The kind of license, as GitHub's row tells."""
        subscriber = self.visual_studio or "visual studio" in (self.license_type or "").lower()
        return "visual_studio" if subscriber else "enterprise"


class Uses(NamedTuple):
    """What is decided of a person."""

    consumes: bool
    reason: str
    license_type: str
    deployment: str
    alive: bool


@lru_cache(maxsize=4096)
def _of_facts(row: bulk.Row, contract: str, managed: bool) -> Uses:
    """Ask the rules once for all people of whom the same is known."""
    facts = Facts._make(row)
    uses, alive = facts.consumption(contract, managed), bool(facts.cloud or facts.accounts or facts.row)
    return Uses(uses.consumes and alive, uses.reason, facts.license(), facts.deployment(), alive)

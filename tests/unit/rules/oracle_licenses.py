"""Who holds a license, by definition: from what GitHub and the servers told last, everything asked of everything.

Written from PRODUCT §2–3 and ENGINEERING §5, §6 and §18 (reference §4.2–4.4, §5.3); of the project it knows the
records of what was read, and `oracle`, which says who is one person. Slow, and easy to believe.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from ghconnect.records import SAML_NAME_ID, VERIFIED_EMAIL, Identity, LicenseRow, ServerAccount

from . import oracle

Place = tuple[str, int]  # a host and the number of an account there
AS_GITHUB, ALWAYS = "github", "always"


@dataclass(frozen=True)
class Told:
    """What is known at one moment. `had` are addresses an account had here before the one of now; `synced` are hosts
    that GitHub synced after all of their accounts were first seen here.
    """

    contract: str
    managed: bool
    never_active: str
    rows: Sequence[LicenseRow]
    values: Sequence[Identity]
    accounts: Mapping[Place, ServerAccount]
    hosts: frozenset[str]
    had: Mapping[Place, Sequence[str]] = field(default_factory=dict)
    synced: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Person:
    """One person: the accounts on servers, the login at GitHub ("" for none), and whether a license is theirs."""

    places: frozenset[Place]
    login: str
    consumes: bool


def as_known(now: ServerAccount, before: ServerAccount | None) -> ServerAccount:
    """An account as its server tells it: of a suspended one login and address may be hidden, and the good ones stay
    (PRODUCT §3, 6).
    """
    if before and before.email and now.suspended and now.login != before.login and now.email != before.email:
        return replace(now, login=before.login, email=before.email)
    return now


def login(row: LicenseRow) -> str:
    """The account at GitHub a row is of: an invitation by an address is none (ENGINEERING §18)."""
    return "" if "@" in row.github_com_login else row.github_com_login


def invited(row: LicenseRow) -> bool:
    """Whether the row is an invitation that nobody has accepted, and nothing else."""
    pending = bool(row.github_com_orgs_with_pending_invites) or "@" in row.github_com_login
    return pending and not row.github_com_member_roles and not row.enterprise_server_user_ids


def invitations_consume(told: Told) -> bool:
    """Reference §4.2: a pending invitation consumes under a volume contract, "non-EMU only"."""
    return told.contract == "volume" and not told.managed


def counted(row: LicenseRow, told: Told) -> bool:
    """Whether GitHub counts a row: as it lists it, but for two kinds of rows (ENGINEERING §18)."""
    if invited(row):
        return invitations_consume(told)
    nobody = not (row.github_com_user or row.enterprise_server_user_ids)
    return not (row.visual_studio_subscription_user and nobody)


def by_itself(row: LicenseRow, told: Told) -> bool:
    """Whether an account at GitHub consumes whatever its servers say. One that is in no organization does not
    (reference §4.2, unaffiliated), unless a subscription of Visual Studio is linked to it.
    """
    if row.github_com_member_roles or row.visual_studio_subscription_user:
        return True
    if row.github_com_orgs_with_pending_invites:
        return invitations_consume(told)
    return not row.enterprise_server_user_ids


def row_of(place: Place, told: Told) -> LicenseRow | None:
    """GitHub's row that lists an account, if it speaks of this account and not of an earlier one with its number.

    ENGINEERING §6: one of the row's addresses is one the account has had here, or we know no older address of it:
    neither another one before, nor the one of now at GitHub's sync already.
    """
    name, now = f"{place[0]}:{place[1]}", told.accounts[place].email
    for row in told.rows:
        if name in row.enterprise_server_user_ids:
            before = list(told.had.get(place, ()))
            older = before or (now and place[0] in told.synced)
            return row if not older or {now, *before} & set(row.enterprise_server_emails) else None
    return None


def account_consumes(place: Place, told: Told) -> bool:
    """ENGINEERING §18, accounts of servers; reference §4.2: active or dormant, not suspended, not `scim-admin`."""
    found = told.accounts[place]
    if found.suspended or found.login == "scim-admin":
        return False
    if found.never_active and told.never_active != AS_GITHUB:
        return told.never_active == ALWAYS
    if found.never_active or not found.email:
        return row_of(place, told) is not None or place[0] not in told.synced
    return True


def elsewhere(row: LicenseRow, told: Told) -> bool:
    """Whether a row lists an account on a server this console does not read: GitHub's word stands (PRODUCT §2)."""
    return any(one.rpartition(":")[0] not in told.hosts for one in row.enterprise_server_user_ids)


def people(told: Told) -> list[Person]:
    """Everybody: accounts at GitHub with the accounts joined to them, accounts of servers alone, and rows alone."""
    clouds = [row for row in told.rows if login(row)]
    places, homes = list(told.accounts), _homes(told, clouds)
    found = []
    for row in clouds:
        mine = frozenset(place for place in places if homes[place] == login(row))
        uses = by_itself(row, told) or elsewhere(row, told) or any(account_consumes(p, told) for p in mine)
        found.append(Person(mine, login(row), uses))
    for one in oracle.partition(*_asked(told, clouds)):
        some = frozenset(places[at] for at in one)
        if not homes[min(some)]:
            found.append(Person(some, "", any(account_consumes(place, told) for place in some)))
    return found + [one for row in told.rows if not login(row) for one in _row_alone(row, told)]


def _row_alone(row: LicenseRow, told: Told) -> list[Person]:
    """A row without an account at GitHub decides nothing; it is a person where nobody here stands for it."""
    if invited(row):
        return [Person(frozenset(), "", invitations_consume(told))]
    standing = [
        place for place in told.accounts if row_of(place, told) is row and account_consumes(place, told)
    ]
    return [Person(frozenset(), "", True)] if elsewhere(row, told) and not standing else []


def _homes(told: Told, clouds: Sequence[LicenseRow]) -> dict[Place, str]:
    """By account the login at GitHub that it belongs to, "" for none."""
    accounts, known = _asked(told, clouds)
    found = [oracle.home(one, accounts, known)[1] for one in accounts]
    return {
        place: "" if at is None else login(clouds[at]) for place, at in zip(told.accounts, found, strict=True)
    }


def _asked(told: Told, clouds: Sequence[LicenseRow]) -> tuple[list[oracle.Account], list[oracle.Cloud]]:
    """What `oracle` is asked: accounts and clouds by their place in the lists."""
    accounts = []
    for at, (place, one) in enumerate(told.accounts.items()):
        row = row_of(place, told)
        cloud = clouds.index(row) if row in clouds else None
        emails = row.enterprise_server_emails if row else ()
        accounts.append(oracle.Account(at, one.email, cloud, row is not None, emails))
    return accounts, [
        oracle.Cloud(at, login(row), None, tuple(_values(row, told))) for at, row in enumerate(clouds)
    ]


def _values(row: LicenseRow, told: Told) -> list[tuple[str, str]]:
    """What an address is compared with: values of identities, and those that stand in the row (reference §5.3)."""
    found = [(one.kind, one.value) for one in told.values if one.login == login(row)]
    found += [(VERIFIED_EMAIL, one) for one in row.github_com_verified_domain_emails]
    return found + ([(SAML_NAME_ID, row.github_com_saml_name_id)] if row.github_com_saml_name_id else [])

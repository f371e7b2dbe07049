"""Which person each server account with one key belongs to, by the documented rules (reference §4.3)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from operator import attrgetter

from ghconnect.records import IDENTITY_KINDS, VERIFIED_EMAIL

GITHUB = "github"
LEARNED = "github_learned"
SAME_EMAIL = "same_email"
OWN_EMAIL = "own_email"
ALONE = "alone"
RULES = (GITHUB, *IDENTITY_KINDS, VERIFIED_EMAIL, LEARNED, SAME_EMAIL, OWN_EMAIL, ALONE)
_RANK = {kind: rank for rank, kind in enumerate(IDENTITY_KINDS)}
_Order = tuple[bool, int, str, int]


@dataclass(frozen=True, slots=True)
class CloudValue:
    """A value of a cloud account whose key is the one decided; `kind` as in records.Identity."""

    cloud_id: int
    login: str
    database_id: int | None
    kind: str
    value: str


@dataclass(frozen=True, slots=True)
class Evidence:
    """GitHub's row that lists an account; `emails` are keys, `cloud_id` is None when the row has no login.

    `login` and `database_id` are the cloud account's; they are asked only where learning ends in a tie.
    """

    cloud_id: int | None
    valid: bool
    emails: tuple[str, ...]
    row_id: int
    login: str = ""
    database_id: int | None = None


@dataclass(frozen=True, slots=True)
class AccountInput:
    """A server account, the key of its primary email ("" without one) and GitHub's row of it."""

    account_id: int
    key: str
    evidence: Evidence | None


@dataclass(frozen=True, slots=True)
class Decision:
    """Whose account it is: accounts of one `group` are one person.

    `group` is "c:<cloud id>", "k:<key>" or "a:<account id>". `explained_*` is what the documented rules alone
    (1 and 2) give for the key: equal to `cloud_id`, they explain GitHub's join; another, they contradict it.
    """

    account_id: int
    group: str
    cloud_id: int | None
    rule: str
    value: str
    tie: bool
    explained_rule: str = ""
    explained_value: str = ""
    explained_cloud_id: int | None = None


def decide_key(
    key: str, accounts: Sequence[AccountInput], values: Sequence[CloudValue], learned: int | None
) -> list[Decision]:
    """Decide all accounts of one key, in the order of their ids.

    `accounts` are all that have the key, `values` all that equal it, `learned` is `learned_cloud` of both.
    """
    tier = _tier(values) if key and values else []
    free = [account for account in accounts if _joined(account) is None]
    decisions = _by_key(key, free, tier, learned, len(_learned(key, accounts)) > 1)
    if len(free) < len(accounts):
        decisions += [_by_github(a, cloud, tier) for a in accounts if (cloud := _joined(a)) is not None]
    decisions.sort(key=attrgetter("account_id"))
    return decisions


def learned_cloud(key: str, accounts: Sequence[AccountInput]) -> int | None:
    """The cloud account GitHub's rows tie to the key: valid ones with a login and the key as an email."""
    clouds = _learned(key, accounts)
    return min(clouds)[-1] if clouds else None


def _joined(account: AccountInput) -> int | None:
    evidence = account.evidence
    return evidence.cloud_id if evidence is not None and evidence.valid else None


def _learned(key: str, accounts: Sequence[AccountInput]) -> set[_Order]:
    rows = [a.evidence for a in accounts if a.evidence and a.evidence.valid and key in a.evidence.emails]
    return {_order(row.database_id, row.login, row.cloud_id) for row in rows if row.cloud_id is not None}


def _order(database_id: int | None, login: str, cloud_id: int) -> _Order:
    """Who wins a tie: the smallest databaseId where it was read, else the login."""
    return (database_id is None, database_id or 0, login, cloud_id)


def _tier(values: Sequence[CloudValue]) -> list[CloudValue]:
    """Identities, or verified emails when there are none; the winner first, its best kind before others."""
    identities = [value for value in values if value.kind in _RANK]
    return sorted(
        identities or [value for value in values if value.kind == VERIFIED_EMAIL],
        key=lambda v: (*_order(v.database_id, v.login, v.cloud_id), _RANK.get(v.kind, 0), v.value),
    )


def _tie(tier: Sequence[CloudValue]) -> bool:
    return any(value.cloud_id != tier[0].cloud_id for value in tier)


def _by_github(account: AccountInput, cloud_id: int, tier: Sequence[CloudValue]) -> Decision:
    """Rule 0: GitHub's join stands; of several accounts with the value, the joined one explains it."""
    place = (account.account_id, f"c:{cloud_id}", cloud_id, GITHUB, "", _tie(tier))
    if not tier:
        return Decision(*place)
    found = next((value for value in tier if value.cloud_id == cloud_id), tier[0])
    return Decision(*place, found.kind, found.value, found.cloud_id)


def _by_key(
    key: str, free: Sequence[AccountInput], tier: Sequence[CloudValue], learned: int | None, several: bool
) -> list[Decision]:
    """Rules 1 to 4 for the accounts no row of GitHub holds."""
    if not key:
        return [Decision(a.account_id, f"a:{a.account_id}", None, ALONE, "", False) for a in free]
    if tier:
        best = tier[0]
        found = (best.kind, best.value, best.cloud_id)
        cloud = (f"c:{best.cloud_id}", best.cloud_id, best.kind, best.value, _tie(tier))
        return [Decision(a.account_id, *cloud, *found) for a in free]
    if learned is not None:
        return [Decision(a.account_id, f"c:{learned}", learned, LEARNED, key, several) for a in free]
    rule = SAME_EMAIL if len(free) > 1 else OWN_EMAIL
    return [Decision(a.account_id, f"k:{key}", None, rule, key, False) for a in free]

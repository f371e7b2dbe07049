"""Matching by definition: every pair is looked at until nothing changes. Slow, and easy to believe."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ghconnect.records import IDENTITY_KINDS, VERIFIED_EMAIL


@dataclass(frozen=True)
class Account:
    id: int
    key: str
    row_cloud: int | None = None
    row_valid: bool = False
    row_emails: tuple[str, ...] = ()


@dataclass(frozen=True)
class Cloud:
    id: int
    login: str
    database_id: int | None
    values: tuple[tuple[str, str], ...] = ()


def home(a: Account, accounts: Sequence[Account], clouds: Sequence[Cloud]) -> tuple[str, int | None]:
    """The rule and the cloud account of one account, each rule tried against every cloud account."""
    if a.row_valid and a.row_cloud is not None:
        return "github", a.row_cloud
    if not a.key:
        return "alone", None
    for kinds in (IDENTITY_KINDS, (VERIFIED_EMAIL,)):
        if having := [c for c in clouds if any(k in kinds and v == a.key for k, v in c.values)]:
            return "documented", first(having)
    rows = [b for b in accounts if b.row_valid and b.key == a.key and b.key in b.row_emails]
    if learned := [c for c in clouds if any(b.row_cloud == c.id for b in rows)]:
        return "github_learned", first(learned)
    return "key", None


def first(clouds: Sequence[Cloud]) -> int:
    read = [c for c in clouds if c.database_id is not None]
    return min(read, key=lambda c: c.database_id or 0).id if read else min(clouds, key=lambda c: c.login).id


def partition(accounts: Sequence[Account], clouds: Sequence[Cloud]) -> set[frozenset[int]]:
    """Sets of account ids that are one person."""
    homes = {a.id: home(a, accounts, clouds) for a in accounts}
    person, changed = {a.id: a.id for a in accounts}, True
    while changed:
        changed = False
        for a, b in ((a, b) for a in accounts for b in accounts if person[b.id] < person[a.id]):
            (rule, cloud), (other, other_cloud) = homes[a.id], homes[b.id]
            if cloud == other_cloud if cloud else rule == other == "key" and a.key == b.key:
                person[a.id], changed = person[b.id], True
    return {frozenset(i for i, p in person.items() if p == one) for one in set(person.values())}

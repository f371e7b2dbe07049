"""Whether GitHub's row speaks of the account we know under a number, or of an earlier one with it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Claim:
    """What a row says of `host:id`: host and server emails as keys, `at` when GitHub had it from there."""

    host: str
    emails: tuple[str, ...]
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Known:
    """What we know of the account: `names` its server had at the claim's time, its key and those before it.

    `key_since` is when it was first seen with its key, `created_at` when the server made it; None if unknown.
    """

    names: frozenset[str]
    key: str
    former_keys: tuple[str, ...] = ()
    server_id_changed: bool = False
    key_since: datetime | None = None
    created_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Name:
    """A host name of a server and its time, [`since`, `until`); None is open."""

    host: str
    since: datetime | None = None
    until: datetime | None = None


def names_at(names: Iterable[Name], at: datetime) -> frozenset[str]:
    """The host names a server had at a moment, as keys."""
    return frozenset(
        name.host
        for name in names
        if (name.since is None or name.since <= at) and (name.until is None or at < name.until)
    )


def valid(claim: Claim, known: Known) -> bool:
    """Whether the row is evidence of the account.

    The host was the server's name then, GitHub's `server_id` is the same since we know the account, and one
    of the emails is an address the account had here (or we know no older one).
    """
    if claim.host not in known.names or known.server_id_changed:
        return False
    if _before(claim.at, known.created_at):
        return False  # the row is older than the account
    has_older = bool(known.former_keys) or (known.key != "" and _before(known.key_since, claim.at))
    return not has_older or any(key in claim.emails for key in (known.key, *known.former_keys))


def _before(first: datetime | None, second: datetime | None) -> bool:
    return first is not None and second is not None and first < second

"""Whoever consumes a license, as the search for licenses that are counted twice asks for them."""

from __future__ import annotations

from dataclasses import dataclass
from unicodedata import normalize

CLOUD = "cloud"
SERVER = "server"
INVITATION = "invitation"
UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class SeatAccount:
    """A server account of somebody who consumes; `key` is "" without an email."""

    host: str
    login: str
    key: str


@dataclass(frozen=True, slots=True)
class Seat:
    """A person who consumes a license.

    `kind`: cloud (has a cloud account), server, invitation, or unknown (only on hosts this console does not
    know). `login` is the cloud login; `addresses` are the visible keys of it, or the invited one. `others` are
    keys that GitHub's row lists of its server accounts, or that they had, beside the primary ones.
    """

    person_id: int
    kind: str
    name: str = ""
    login: str = ""
    addresses: tuple[str, ...] = ()
    accounts: tuple[SeatAccount, ...] = ()
    others: tuple[str, ...] = ()


def widely(key: str) -> str:
    """An address under a wider folding than GitHub is known to use: no tag, no dots, no case, no variants."""
    local, _, domain = normalize("NFKC", key).casefold().rpartition("@")
    return f"{local.partition('+')[0].replace('.', '')}@{domain}"


def local_part(key: str) -> str:
    """What stands before the @, without a tag."""
    return key.rpartition("@")[0].partition("+")[0]


def domain(key: str) -> str:
    """What stands behind the @."""
    return key.rpartition("@")[2]

"""Keys under which addresses and hosts are compared: total, and stable when applied twice."""

from __future__ import annotations

import re
from unicodedata import normalize

import idna

_USER_ID = re.compile(r"(.+):([0-9]{1,18})", re.DOTALL)


def email_key(value: str) -> str:
    """The key of an address, "" when it is blank. What GitHub does here is unknown (reference §4.3)."""
    if value.isascii():
        return value.strip().lower()  # what follows says the same of ASCII, which nearly every address is
    local, at, domain = normalize("NFC", value.strip()).rpartition("@")
    return _fold(local) + at + _domain(domain) if at else _fold(domain)


def host_key(value: str) -> str:
    """The key of a host name: as the domain of an address."""
    return _domain(value.strip())


def split_user_id(value: str) -> tuple[str, int] | None:
    """`host:id` of `enterprise_server_user_ids` (reference §5.3) at its last colon, None when it is none."""
    found = _USER_ID.fullmatch(value.strip())
    return (host_key(found[1]), int(found[2])) if found else None


def _fold(text: str) -> str:
    """`str.lower`, not casefold: casefold would join addresses that differ, as straße and strasse."""
    return normalize("NFC", normalize("NFC", text).lower())


def _domain(domain: str) -> str:
    folded = _fold(domain)
    if folded.isascii():
        return folded  # UTS 46 changes nothing more here
    try:
        return idna.encode(folded, uts46=True).decode("ascii")
    except UnicodeError:
        return folded

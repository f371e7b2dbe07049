"""Host names as people type them, made into names that can be called."""

from __future__ import annotations

import ipaddress
import re

import idna
from django.conf import settings

LABEL = re.compile(r"(?!-)[a-z0-9-]{1,63}(?<!-)")
GITHUB = "github.com"
GHE_COM = re.compile(r"[a-z0-9-]+\.ghe\.com")


class BadHost(Exception):
    """Not the name of a host; `key` is of `ghconnect.wording`."""

    def __init__(self, key: str, host: str) -> None:
        super().__init__(key)
        self.key, self.params = key, {"host": host[:100]}


def normalise(typed: str) -> str:
    """`https://GHE.Example.com/` and `ghe.example.com` alike, international names by IDNA (UTS 46).

    Raises BadHost for an IP address, a port, a single word and whatever is no host name.
    """
    bare = re.sub(r"^https://|/.*$", "", typed.strip(), flags=re.IGNORECASE).rstrip(".")
    if _is_address(bare):
        raise BadHost("host_is_address", bare)
    try:
        host = idna.encode(bare, uts46=True).decode().lower()
    except (idna.IDNAError, UnicodeError):
        raise BadHost("bad_host", bare) from None
    labels = host.split(".")
    named = len(labels) > 1 and not labels[-1].isdigit() and len(host) <= 253
    if not named or not all(LABEL.fullmatch(label) for label in labels):
        raise BadHost("bad_host", bare)
    return host


def of_server(typed: str) -> str:
    """The host of an instance; raises BadHost, also for GitHub's own hosts."""
    host = normalise(typed)
    if host == GITHUB or host.endswith((".github.com", ".ghe.com")):
        raise BadHost("host_is_cloud", host)
    return host


def of_enterprise(typed: str) -> str:
    """`github.com`, `SUB.ghe.com`, or a host whose API GHCONNECT_RESOLVE pins; raises BadHost."""
    host = normalise(typed)
    pinned = (f"api.{host}", 443) in settings.GHCONNECT_RESOLVE
    if host != GITHUB and not GHE_COM.fullmatch(host) and not pinned:
        raise BadHost("host_not_cloud", host)
    return host


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text.strip("[]"))
    except ValueError:
        return False
    return True

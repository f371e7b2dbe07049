"""What is read of an account beside its license report, as lines of the run's chunks; each part by itself."""

from __future__ import annotations

import json
from collections.abc import Callable, Generator, Iterable, Iterator
from dataclasses import asdict
from functools import partial
from typing import Any

from ghconnect.github.errors import GitHubError
from ghconnect.github.ghec import Enterprise as Client
from ghconnect.records import IdentityPage
from licensing.rules.normalise import host_key


def optional(name: str, told: dict[str, Any], read: Callable[[], Iterable[bytes]]) -> Iterator[bytes]:
    """What a token may not see is left as it was, and said (ENGINEERING §17)."""
    try:
        yield from read()
        told[name] = told.get(name, "read")
        why: dict[str, Any] = {}
    except GitHubError as error:
        if not error.permanent:
            raise
        told[name], why = error.key, error.params
    source = told.setdefault("sources", {}).setdefault(name, {})
    source |= {"state": told[name], "params": {**source.get("params", {}), **why}}


def identities(client: Client, told: dict[str, Any]) -> Iterator[bytes]:
    """The account's own identity provider: SAML, or OpenID Connect with its SCIM."""
    readable = yield from _provider(client.identities, told, "identities")
    if not readable:
        told["identities"] = "not_readable"


def organizations(client: Client, told: dict[str, Any]) -> Iterator[bytes]:
    """Identity providers of single organizations; only their own owners see them (PRODUCT §3, 11).

    What any of them tells makes identities `read`, whether or not the enterprise has a provider of its own.
    """
    visible, hidden, after = 0, 0, ""
    while True:
        page = client.organizations(after or None)
        for each in page.organizations:
            hidden += each.has_provider is None
            if each.has_provider:
                read = partial(client.organization_identities, each.login)
                visible += yield from _provider(read, told, "organizations")
        after = page.end_cursor or ""
        if not after:
            break
    seen = {"visible": str(visible), "hidden": str(hidden)}
    told.setdefault("sources", {}).setdefault("organizations", {})["params"] = seen
    if visible:
        told["identities"] = told["sources"]["identities"]["state"] = "read"
    elif not hidden:
        told["organizations"] = "not_used"


def _provider(
    read: Callable[[str | None], IdentityPage], told: dict[str, Any], name: str
) -> Generator[bytes, None, bool]:
    """Yield the identities of one provider; returns whether it is shown."""
    source = told.setdefault("sources", {}).setdefault(name, {})
    after: str | None = None
    while True:
        page = read(after)
        if not page.readable:
            return False
        source["count"] = source.get("count", 0) + len({one.login for one in page.identities})
        yield from (line("identity", asdict(identity)) for identity in page.identities)
        after = page.end_cursor
        if after is None:
            return True


def members(client: Client, told: dict[str, Any]) -> Iterator[bytes]:
    """The `databaseId` of every member, which decides ties."""
    source = told.setdefault("sources", {}).setdefault("members", {})
    after: str | None = None
    while True:
        page = client.members(after)
        source["count"] = source.get("count", 0) + len(page.database_ids)
        yield from (
            line("member", {"login": login, "id": number}) for login, number in page.database_ids.items()
        )
        after = page.end_cursor
        if after is None:
            return


def installations(client: Client, told: dict[str, Any]) -> None:
    """Note which servers GitHub calls connected, where a token may see it; whatever goes wrong, nothing hangs on it."""
    connected: dict[str, bool] = {}
    after: str | None = None
    try:
        while True:
            page = client.installations(after)
            connected |= {host_key(host): state for host, state in page.connected.items()}
            after = page.end_cursor
            if after is None:
                break
    except GitHubError as error:
        told["installations"] = error.key
        return
    told["installations"] = "read" if page.readable else "not_readable"
    if page.readable:
        told["connected"] = connected


def line(kind: str, facts: dict[str, Any]) -> bytes:
    """One line of a run's chunks."""
    return json.dumps([kind, facts], ensure_ascii=False, separators=(",", ":")).encode() + b"\n"

"""What is read of an account beside its license report, as lines of the run's chunks; each part by itself.

A part yields the lines of each page with the place where it goes on after that page, and takes such a place.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Generator, Iterator
from dataclasses import asdict
from functools import partial
from typing import Any, Protocol, TypeVar

from ghconnect.github.errors import GitHubError
from ghconnect.github.ghec import Enterprise as Client
from ghconnect.records import IdentityPage, OrganizationProvider
from licensing.rules.normalise import host_key

Pages = Iterator[tuple[list[bytes], Any]]
Part = Callable[[Any], Pages]
# The place behind the last page; a cursor of GitHub's is never this.
END = "."


class Page(Protocol):
    """A page of a list of GraphQL."""

    @property
    def end_cursor(self) -> str | None: ...


P = TypeVar("P", bound=Page)


def optional(name: str, told: dict[str, Any], pages: Pages) -> Pages:
    """What a token may not see is left as it was, and said (ENGINEERING §17)."""
    try:
        yield from pages
        told[name] = told.get(name, "read")
        why: dict[str, Any] = {}
    except GitHubError as error:
        if not error.permanent:
            raise
        told[name], why = error.key, error.params
    source = told.setdefault("sources", {}).setdefault(name, {})
    source |= {"state": told[name], "params": {**source.get("params", {}), **why}}


def _walk(read: Callable[[str | None], P], at: str | None) -> Iterator[tuple[P, str]]:
    """Yield each page with the place behind it."""
    while at != END:
        page = read(at)
        at = page.end_cursor or END
        yield page, at


def identities(client: Client, told: dict[str, Any], at: str | None) -> Pages:
    """The account's own identity provider: SAML, or OpenID Connect with its SCIM."""
    readable = yield from _provider(client.identities, told, "identities", at)
    if not readable:
        told["identities"] = "not_readable"


def _provider(
    read: Callable[[str | None], IdentityPage], told: dict[str, Any], name: str, at: str | None
) -> Generator[tuple[list[bytes], str], None, bool]:
    """Yield the identities of one provider; returns whether it is shown."""
    source = told.setdefault("sources", {}).setdefault(name, {})
    for page, after in _walk(read, at):
        if not page.readable:
            return False
        source["count"] = source.get("count", 0) + len({one.login for one in page.identities})
        yield [line("identity", asdict(identity)) for identity in page.identities], after
    return True


def organizations(client: Client, told: dict[str, Any], at: dict[str, Any] | None) -> Pages:
    """Identity providers of single organizations; only their own owners see them (PRODUCT §3, 11).

    What any of them tells makes identities `read`, whether or not the enterprise has a provider of its own. A place
    is the page of organizations (`page`), in it the last one (`login`) and how far that was read (`at`).
    """
    place = at or {"page": None, "login": "", "at": None, "visible": 0, "hidden": 0}
    while place["page"] != END:
        page = client.organizations(place["page"])
        for each in _left(page.organizations, place["login"]):
            place = yield from _organization(client, told, each, place)
        place = {**place, "page": page.end_cursor or END, "login": "", "at": None}
        yield [], place
    _say(told, place["visible"], place["hidden"])


def _left(found: tuple[OrganizationProvider, ...], login: str) -> tuple[OrganizationProvider, ...]:
    """Organizations of a page from `login` on: all, where it is none of them any more."""
    logins = [each.login for each in found]
    return found[logins.index(login) :] if login in logins else found


def _organization(
    client: Client, told: dict[str, Any], each: OrganizationProvider, place: dict[str, Any]
) -> Generator[tuple[list[bytes], dict[str, Any]], None, dict[str, Any]]:
    """Yield what one organization's provider tells; returns the place behind it."""
    begin = place["at"] if each.login == place["login"] else None
    hidden = place["hidden"] + (each.has_provider is None)
    if not each.has_provider:
        return {**place, "login": "", "at": None, "hidden": hidden}
    pages = _provider(partial(client.organization_identities, each.login), told, "organizations", begin)
    shown = yield from _placed(pages, {**place, "login": each.login})
    return {**place, "login": "", "at": None, "visible": place["visible"] + shown}


def _placed(
    pages: Generator[tuple[list[bytes], str], None, bool], place: dict[str, Any]
) -> Generator[tuple[list[bytes], dict[str, Any]], None, bool]:
    """Yield pages of one organization with their place among all; returns what they return."""
    while True:
        try:
            lines, at = next(pages)
        except StopIteration as over:
            return bool(over.value)
        yield lines, {**place, "at": at}


def _say(told: dict[str, Any], visible: int, hidden: int) -> None:
    seen = {"visible": str(visible), "hidden": str(hidden)}
    told.setdefault("sources", {}).setdefault("organizations", {})["params"] = seen
    if visible:
        told["identities"] = told["sources"]["identities"]["state"] = "read"
    elif not hidden:
        told["organizations"] = "not_used"


def members(client: Client, told: dict[str, Any], at: str | None) -> Pages:
    """The `databaseId` of every member, which decides ties."""
    source = told.setdefault("sources", {}).setdefault("members", {})
    for page, after in _walk(client.members, at):
        source["count"] = source.get("count", 0) + len(page.database_ids)
        found = page.database_ids.items()
        yield [line("member", {"login": login, "id": number}) for login, number in found], after


def installations(client: Client, told: dict[str, Any]) -> Pages:
    """Note which servers GitHub calls connected, where a token may see it; whatever goes wrong, nothing hangs on it."""
    connected: dict[str, bool] = {}
    readable = True
    try:
        for page, _ in _walk(client.installations, None):
            connected |= {host_key(host): state for host, state in page.connected.items()}
            readable = page.readable
    except GitHubError as error:
        told["installations"] = error.key
        return iter(())
    told["installations"] = "read" if readable else "not_readable"
    if readable:
        told["connected"] = connected
    return iter(())


def line(kind: str, facts: dict[str, Any]) -> bytes:
    """One line of a run's chunks."""
    return json.dumps([kind, facts], ensure_ascii=False, separators=(",", ":")).encode() + b"\n"

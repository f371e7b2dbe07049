"""Wherever a read of GitHub's lists stops, going on from the place it kept brings the rest, and each line once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

from ghconnect.github.ghec import Enterprise
from ghconnect.records import Identity, IdentityPage, MemberPage, OrganizationPage, OrganizationProvider
from licensing.usecases import cloud_reads

ORGANIZATIONS = {
    None: OrganizationPage("b", tuple(OrganizationProvider(*one) for one in (("a1", True), ("a2", None)))),
    "b": OrganizationPage("c", ()),
    "c": OrganizationPage(None, tuple(OrganizationProvider(*one) for one in (("c1", False), ("c2", True)))),
}
READS: dict[str, Callable[[Enterprise, dict[str, Any], Any], cloud_reads.Pages]] = {
    "organizations": cloud_reads.organizations,
    "members": cloud_reads.members,
}
SIZES = {"a1": 3, "c2": 2}


class GitHub:
    """Answers as the client does."""

    def organizations(self, after: str | None) -> OrganizationPage:
        return ORGANIZATIONS[after]

    def organization_identities(self, login: str, after: str | None) -> IdentityPage:
        number = int(after or 0)
        more = str(number + 1) if number + 1 < SIZES[login] else None
        return IdentityPage(True, None, more, (Identity(f"{login}-{number}", "saml_name_id", "x@x.example"),))

    def members(self, after: str | None) -> MemberPage:
        number = int(after or 0)
        return MemberPage(None, str(number + 1) if number < 2 else None, {f"u{number}": number})


def pages(part: str, told: dict[str, Any], at: Any = None) -> list[tuple[list[bytes], Any]]:
    read = READS[part]
    return list(cloud_reads.optional(part, told, read(cast(Enterprise, GitHub()), told, at)))


def split(part: str, told: dict[str, Any], stop: int) -> list[bytes]:
    """The lines of a read that stops behind so many pages, and of the one that goes on."""
    first = READS[part](cast(Enterprise, GitHub()), told, None)
    found = [next(first) for _ in range(stop)]
    return [line for lines, _ in [*found, *pages(part, told, found[-1][1])] for line in lines]


def test_going_on_from_any_place_is_reading_at_once() -> None:
    for part, size in (("organizations", 8), ("members", 3)):
        whole: dict[str, Any] = {"sources": {"identities": {"state": "not_readable"}}}
        at_once = pages(part, whole)
        assert len(at_once) == size
        lines = [line for found, _ in at_once for line in found]
        for stop in range(1, size + 1):
            told: dict[str, Any] = {"sources": {"identities": {"state": "not_readable"}}}
            assert split(part, told, stop) == lines
            assert told == whole
    assert whole["sources"]["members"] == {"count": 3, "state": "read", "params": {}}


def test_an_organization_that_is_gone_meanwhile_begins_its_page_again() -> None:
    at = {"page": None, "login": "gone", "at": "1", "visible": 0, "hidden": 0}
    assert len(pages("organizations", {"sources": {"identities": {"state": "read"}}}, at)) == 8

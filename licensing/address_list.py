"""Many addresses at once: who has each already, whom an account with it would join, or what it would cost."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _

from ghconnect.models import Enterprise
from licensing.models import LicenseRow, Person
from licensing.rules.normalise import email_key

from . import check_address, listing

# More are taken in several goes; a page of more answers nobody.
MOST = 10_000
BATCH = 500


@dataclass(frozen=True, slots=True)
class Answer:
    """One address in words; `licenses` is what a new account with it would add (0 or 1), `person` who would have it."""

    address: str
    words: str
    rule: str
    person: Person | None
    licenses: int
    accounts: tuple[str, ...] = ()
    invited: bool = False
    tie: bool = False


def split(text: str) -> list[str]:
    """Return the addresses of a pasted text in its order, each once; they end at space, comma, semicolon or line."""
    found: dict[str, str] = {}
    for word in re.split(r"[\s,;<>\"]+", text.replace("\0", "")):
        key = email_key(word[:320])
        if "@" in key:
            found.setdefault(key, word[:320])
    return list(found.values())


def answers(enterprise: Enterprise, addresses: Sequence[str]) -> list[Answer]:
    """Answer for each address; those that nobody has cost no query of their own."""
    invited = _invited(enterprise)
    return [
        answer
        for start in range(0, len(addresses), BATCH)
        for answer in _some(enterprise, addresses[start : start + BATCH], invited)
    ]


def _some(
    enterprise: Enterprise, addresses: Sequence[str], invited: dict[str, Person | None]
) -> Iterator[Answer]:
    found = check_address.of(enterprise, addresses)
    for address, one in zip(addresses, found, strict=True):
        yield _answer(address, one, invited)


def _invited(enterprise: Enterprise) -> dict[str, Person | None]:
    """Who is invited by email and has not accepted: a person of its own, joined to nobody (ENGINEERING §18)."""
    rows = LicenseRow.objects.filter(enterprise=enterprise, kind="invitation")
    pairs = [(email_key(login), pk) for login, pk in rows.values_list("github_com_login", "person_id")]
    people = Person.objects.in_bulk([pk for _key, pk in pairs if pk])
    return {key: people.get(pk or 0) for key, pk in pairs if "@" in key}


def _answer(address: str, found: check_address.Checked, invitations: dict[str, Person | None]) -> Answer:
    invited = found.key in invitations
    if not found.known:
        return _new(address, invitations.get(found.key), invited=invited)
    return Answer(
        address=address,
        words=_words(found),
        rule=listing.rule_words(found.rule, found.accounts) if found.person else "",
        person=found.person,
        licenses=found.licenses,
        accounts=tuple(f"{account.login} · {account.server.short_name}" for account in found.accounts),
        invited=invited,
        tie=found.tie,
    )


def _new(address: str, person: Person | None, *, invited: bool) -> Answer:
    words = _("New: an account with it would consume another license")
    if invited:
        words = _("Invited by email: an account with it is a license of its own until GitHub joins them")
    return Answer(address, words, "", person, 1, invited=invited)


def _words(found: check_address.Checked) -> str:
    if found.person is None:
        return _("New: an account with it would consume another license")
    if not found.licenses:
        return _("Consumes a license already; another account with it adds none")
    return _("Known, but consumes no license now; an active account with it would consume one")

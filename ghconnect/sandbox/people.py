"""Rows of pretend people: one block of the template after the other, never more than a block in memory."""

import random
from collections.abc import Iterator
from dataclasses import dataclass

from ghconnect.sandbox import template
from ghconnect.sandbox.names import FAMILY, GIVEN, SERVER_FAMILY
from ghconnect.sandbox.template import Slot
from ghconnect.sandbox.text import DAY, key

DOMAIN = "octo-corp.example"
CLAIMS = "http://schemas.xmlsoap.org/ws/2005/05/identity/"
FIRST_ID = 10_001
CLOUD_SLOTS = template.HALF
# (name, login, local part of the address) of the people the storyline names.
NAMED = {
    0: ("Jane Doe", "jdoe", "jane.doe"),
    1: ("佐藤 健二 (Kenji Sato)", "ksato", "kenji.sato"),
    9: ("Alex Smith", "alex-smith", "alex.smith"),
    10: ("Noor Haddad", "noor-haddad", "noor.haddad"),
    11: ("Mona Lisa", "monalisa", "mona.lisa"),
    12: ("Priya Nair", "pnair-labs", "priya.nair"),
    112: ("Li Wei", "li-wei", "li.wei"),
    114: ("Priya Nair", "priya-nair", "priya.nair"),
    126: ("License reader", "octo-license-reader", "license-reader"),
    202: ("Ravi Kumar", "ravi-kumar", "ravi.kumar"),
    203: ("Fatima Zahra", "fatima-zahra", "fatima.zahra"),
}

Values = tuple[object, ...]


@dataclass(frozen=True, slots=True)
class Estate:
    """What the generator needs to know: how many licenses, the seed, and the moment the world is made."""

    people: int
    seed: int
    made_at: int

    def blocks(self) -> Iterator[tuple[int, list[Slot]]]:
        """Each block with its slots; the last one may be cut, and then holds no suspended accounts."""
        full, rest = divmod(self.people, template.SLOTS)
        for block in range(full):
            yield block, template.slots()
        if rest:
            yield full, self._part(rest)

    def _part(self, size: int) -> list[Slot]:
        slots = template.slots()[: template.SLOTS]
        random.Random(f"{self.seed}/part").shuffle(slots)
        # Whoever reads the servers, and the owner of the cloud token, must exist in the smallest world too.
        slots.sort(key=lambda slot: slot.index not in (template.READER, template.OWNER))
        return slots[:size]


def identity_of(slot: int, block: int) -> tuple[str, str, str]:
    """(name, login, local part) of whoever holds a slot; halves are their cloud half."""
    if template.HALF <= slot < template.SERVER:
        return identity_of(slot - template.HALF, block)
    if slot == template.TIE and block:
        name, _, local = identity_of(template.BOTH + 13, block)
        return name, f"labs-{local}", local
    if block == 0 and slot in NAMED:
        return NAMED[slot]
    given, family = _pair(slot, block)
    suffix = str(block) if block else ""
    low = f"{given}.{family}".lower()
    return f"{given} {family}", low.replace(".", "-") + suffix, low + suffix


def _pair(slot: int, block: int) -> tuple[str, str]:
    if slot >= template.SERVER:
        count = slot + block * 7
        return GIVEN[(count * 3) % len(GIVEN)], SERVER_FAMILY[count % len(SERVER_FAMILY)]
    count = slot + block * 11
    return GIVEN[count % len(GIVEN)], FAMILY[(count * 5 + count // len(GIVEN)) % len(FAMILY)]


def cloud_id(slot: int, block: int) -> int:
    """`databaseId` of a slot's cloud account: dense, people with both first (so that ties go to them)."""
    within = slot - template.BOTH if slot >= template.BOTH else slot + template.HALF - template.BOTH
    return FIRST_ID + block * (CLOUD_SLOTS + template.SLOTS - template.INVITED) + within


def cloud_rows(estate: Estate) -> Iterator[Values]:
    """Rows of table `cloud`: members, outside collaborators, invitations."""
    for block, slots in estate.blocks():
        for slot in slots:
            if slot.group in ("cloud", "both"):
                yield _member(slot, block, estate)
            elif slot.group == "invited":
                yield _invitation(slot, block, estate)


def _member(slot: Slot, block: int, estate: Estate) -> Values:
    name, login, local = identity_of(slot.index, block)
    outside = slot.index in (13, 14)
    owner = slot.index == template.OWNER and block == 0
    role = '["octo-labs/firmware:Collaborator"]' if outside else _roles(slot.index, owner)
    studio = _studio_email(slot.index, login, local)
    return (
        cloud_id(slot.index, block), login, name, "outside" if outside else "member", role,
        "owner" if owner else "outside collaborator" if outside else "member", int(slot.index % 10 != 3),
        "[]", 0, None, studio, "Matched" if studio else None,
        estate.made_at - (700 + slot.index) * DAY,
    )  # fmt: skip


def _studio_email(index: int, login: str, local: str) -> str | None:
    """The user name of a Visual Studio subscription: a known address, or one that an owner had to match by hand."""
    names = {template.STUDIO: f"{local}@{DOMAIN}", template.BY_HAND: f"{login}@octo-subscriptions.example"}
    return names.get(index)


def _roles(index: int, owner: bool) -> str:
    if owner:
        return '["octo-engineering:Owner","octo-platform:Owner"]'
    return (
        '["octo-engineering:Member"]',
        '["octo-platform:Member"]',
        '["octo-engineering:Member","octo-labs:Member"]',
    )[index % 3]


def _invitation(slot: Slot, block: int, estate: Estate) -> Values:
    _, login, local = identity_of(slot.index, block)
    noor = slot.index == template.INVITED and block == 0
    address = "noor.haddad@octo-partner.example" if noor else f"{local}@octo-partner.example"
    by_email = slot.way == "email"
    invited_at = estate.made_at - (2 * DAY if noor else (slot.index % 5) * DAY)
    identifier = FIRST_ID + block * (CLOUD_SLOTS + 5) + CLOUD_SLOTS + slot.index - template.INVITED
    # Invitations made by SCIM do not expire; Noor's was made by hand and lasts seven days (reference §4.2).
    return (
        identifier, address if by_email else login, None, "invitation", "[]", "", None,
        '["octo-engineering"]', int(by_email), invited_at + 7 * DAY if noor else None, None, None, invited_at,
    )  # fmt: skip


def identity_rows(estate: Estate) -> Iterator[Values]:
    """Rows of table `identity`: every value by which GHEC may join a server account."""
    for block, slots in estate.blocks():
        for slot in slots:
            if slot.group in ("cloud", "both"):
                cloud = cloud_id(slot.index, block)
                for rule, source, value in _values(slot, block, cloud):
                    yield cloud, rule, source, value, key(value)


def _values(slot: Slot, block: int, cloud: int) -> Iterator[tuple[int, str, str]]:
    _, login, local = identity_of(slot.index, block)
    address, number = f"{local}@{DOMAIN}", f"E-{cloud}"
    if slot.way in ("both", "case"):
        yield 1, "NameID", address
    elif slot.way in ("claims/name", "claims/emailaddress"):
        yield 1, CLAIMS + slot.way, address
    elif slot.way in ("username", "NameID", "emails", "scim:username", "scim:emails"):
        yield 1, slot.way, address
    if slot.way not in ("both", "case", "NameID", "verified", "tie", "none"):
        yield 1, "NameID", number
    if slot.way in ("both", "verified", "unseen", "tie"):
        yield 2, "verified", address
    if slot.way in ("unseen", "none"):
        yield 2, "verified", f"{login}@home.example"

"""Accounts of pretend people on the servers: ids, addresses, and what makes a person count twice."""

import random
from collections.abc import Iterator
from string import ascii_lowercase

from ghconnect.sandbox import template
from ghconnect.sandbox.people import DOMAIN, Estate, Values, identity_of
from ghconnect.sandbox.template import Slot
from ghconnect.sandbox.text import DAY, key

BORN = 1_551_398_400
FIXED = {
    (0, "tokyo"): 17,
    (1, "osaka"): 9,
    (112, "tokyo"): 23,
    (202, "tokyo"): 31,
    (202, "osaka"): 12,
    (203, "tokyo"): 40,
}
KENJI_BEFORE, KENJI_TODAY = f"kenji@{DOMAIN}", f"kenji.sato@{DOMAIN}"


def rows(estate: Estate) -> Iterator[Values]:
    """Rows of table `account`, as (server short name, id, …); ids are dense on each server."""
    after: dict[str, int] = {}
    for block, slots in estate.blocks():
        places = _by_server(slots, block)
        if block == 0 and "berlin" in places:
            places["berlin"].append(Slot(-1, "setup", ("berlin",)))
        for place, there in places.items():
            for number, slot in _numbered(there, place, block, after.get(place, 0), estate.seed):
                yield _account(slot, place, number, block, estate)
            after[place] = after.get(place, 0) + len(there)


def _by_server(slots: list[Slot], block: int) -> dict[str, list[Slot]]:
    places: dict[str, list[Slot]] = {}
    for slot in slots:
        for place in slot.servers:
            places.setdefault(place, []).append(slot)
    return places


def _numbered(there: list[Slot], place: str, block: int, after: int, seed: int) -> Iterator[tuple[int, Slot]]:
    """Ids after `after`, in shuffled order so that no kind of people is one block of the report."""
    random.Random(f"{seed}/{place}/{block}").shuffle(there)
    wanted = {} if block else {slot.index: FIXED.get((_named(slot), place), 0) for slot in there}
    taken = {number for number in wanted.values() if 0 < number <= len(there)}
    free = iter(number for number in range(after + 1, after + len(there) + 1) if number not in taken)
    for slot in there:
        number = wanted.get(slot.index, 0)
        yield (number if number in taken else next(free)), slot


def _named(slot: Slot) -> int:
    return slot.index - template.HALF if slot.group == "half" else slot.index


def _account(slot: Slot, place: str, number: int, block: int, estate: Estate) -> Values:
    name, login, email = _who(slot, place, block)
    suspended = slot.group == "suspended"
    dormant = not slot.admin and not suspended and (slot.index + block) % 9 == 4
    never = (slot.index == template.BOTH + 50 and place == "osaka") or slot.group == "setup"
    idle = 240 if suspended else 120 if dormant else (slot.index % 6)
    created = BORN + (slot.index * 524_287 + block * 8_191 + number * 127) % (2000 * DAY)
    if place == "old":
        created = min(created, BORN + 1000 * DAY + number)
    return (
        place, number, login, name, email, key(email), int(slot.admin), int(suspended), int(dormant),
        int(slot.index % 10 != 3), created, None if never else estate.made_at - idle * DAY - number * 61 % DAY,
    )  # fmt: skip


def _who(slot: Slot, place: str, block: int) -> tuple[str, str, str | None]:
    """(name, login, primary email) of an account on a server."""
    if slot.group == "setup":
        return "SCIM setup", "scim-admin", f"scim-admin@{DOMAIN}"
    if slot.group == "robot":
        return "Deployment robot", f"svc-deploy{block or ''}", None
    name, login, local = identity_of(slot.index, block)
    if slot.group == "half":
        return name, login, _other_address(slot.index - template.HALF, login, local)
    if slot.way == "unseen":
        return name, login, f"{login}@home.example"
    email = f"{local}@{DOMAIN}"
    changed_case = slot.way == "case" or (
        len(slot.servers) > 1 and slot.group == "server" and place == "plant"
    )
    return name, login, email.title() if changed_case else email


def _other_address(half: int, login: str, local: str) -> str:
    """Primary address of a half: related to the person's known one, and equal to none of it."""
    given, _, family = local.partition(".")
    block = family.lstrip(ascii_lowercase)
    return (
        f"{given}{block}@{DOMAIN}", KENJI_BEFORE if login == "ksato" else f"k-{local}@{DOMAIN}",
        f"{login}@team.{DOMAIN}", f"{local}@octo.example", f"{local}+ghes@{DOMAIN}", f"{given[0]}.{family}@{DOMAIN}",
        f"{local}@octo.example", f"{family}.{given}@{DOMAIN}", f"{local.replace('.', '')}@{DOMAIN}",
    )[half]  # fmt: skip


def secondary_rows(estate: Estate) -> Iterator[Values]:
    """(server short name, login, email): addresses that are not primary, and so match nothing."""
    for block, slots in estate.blocks():
        for slot in slots:
            if slot.index == template.HALF + 2:
                _, login, local = identity_of(slot.index, block)
                yield slot.servers[0], login, f"{local}@{DOMAIN}"
            elif slot.group == "both" and slot.index % 12 == 0:
                _, login, local = identity_of(slot.index, block)
                yield slot.servers[0], login, f"{local}@home.example"

"""The 236 licenses of the storyline as a template: who is where, and what would join their accounts.

A generated estate repeats the template with other names, so its proportions are the storyline's.
Slots 0–100 are cloud only, 101–192 cloud and server, 193–201 halves of people counted twice (their cloud half is
slot − 193), 202–222 server only, 223–225 one robot on three servers, 226–230 a retired server, 231–235 invitations.
"""

from collections.abc import Iterator
from dataclasses import dataclass

SLOTS = 236
BOTH, HALF, SERVER, ROBOT, OLD, INVITED = 101, 193, 202, 223, 226, 231
TIE, STUDIO, BY_HAND, NOOR, OWNER, READER = 12, 9, 16, 10, 11, 126
# Accounts that hold no license: (server, how many of them are suspended).
SUSPENDED = (("tokyo", 4), ("osaka", 2), ("berlin", 2), ("nagoya", 1))
HALVES = ("tokyo", "osaka", "tokyo", "tokyo", "tokyo", "osaka", "berlin", "berlin", "nagoya")
ALONE = (
    "tokyo osaka|tokyo|tokyo|tokyo|tokyo|osaka|osaka" + "|berlin" * 10 + "|nagoya|nagoya|plant|nagoya plant"
).split("|")
ROBOTS = ("tokyo", "osaka", "nagoya")
# What joins the accounts of slot 101 + index to their cloud account; others by `both`.
WAYS = {
    1: "claims/name", 2: "claims/emailaddress", 4: "username", 5: "NameID", 6: "emails", 7: "scim:username",
    8: "scim:emails", 9: "verified", 10: "case", 11: "unseen", 13: "tie",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Slot:
    """One license of the template. `group` is one of cloud, both, half, server, robot, old, invited, suspended."""

    index: int
    group: str
    servers: tuple[str, ...]
    way: str = ""
    admin: bool = False


def slots() -> list[Slot]:
    """The 236 licenses, then the suspended accounts (index ≥ 236), which hold none."""
    return [*_cloud(), *_both(), *_server_only(), *_invited(), *_suspended()]


def _cloud() -> Iterator[Slot]:
    for index in range(BOTH):
        yield Slot(index, "cloud", (), _way_of_cloud(index))


def _way_of_cloud(index: int) -> str:
    """Whose addresses nobody can see, who shares one with somebody; else as most."""
    if index == TIE:
        return "tie"
    return "none" if index % 8 == 5 and index > TIE else "both"


def _both() -> Iterator[Slot]:
    for j in range(HALF - BOTH):
        way = WAYS.get(j) or ("verified" if j % 7 == 6 else "both")
        yield Slot(BOTH + j, "both", _servers_of(j), way, admin=j in (3, 12, READER - BOTH))


def _servers_of(j: int) -> tuple[str, ...]:
    """Servers of the j-th person with both: 82 on tokyo, 47 on osaka, 29 on berlin, 25 on nagoya, 10 on plant."""
    places = {
        "tokyo": j < 82, "osaka": j >= 46 or j == READER - BOTH, "berlin": j < 29, "nagoya": 20 <= j < 45,
        "plant": 60 <= j < 70,
    }  # fmt: skip
    return tuple(name for name, there in places.items() if there)


def _server_only() -> Iterator[Slot]:
    for number, place in enumerate(HALVES):
        yield Slot(HALF + number, "half", (place,))
    for number, places in enumerate(ALONE):
        yield Slot(SERVER + number, "server", tuple(places.split()))
    for number, place in enumerate(ROBOTS):
        yield Slot(ROBOT + number, "robot", (place,))
    for index in range(OLD, INVITED):
        yield Slot(index, "old", ("old",))


def _invited() -> Iterator[Slot]:
    for index in range(INVITED, SLOTS):
        yield Slot(index, "invited", (), "login" if index >= INVITED + 3 else "email")


def _suspended() -> Iterator[Slot]:
    places = [place for place, count in SUSPENDED for _ in range(count)]
    for number, place in enumerate(places):
        yield Slot(SLOTS + number, "suspended", (place,))

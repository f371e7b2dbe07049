"""Lets through only people who could be counted twice, in memory that hardly grows with their number.

Everybody is streamed twice. What a person can be found by are a few short texts (blocking keys); a person whom no other
shares one with is in no candidate, and is not kept. Texts are remembered as bits: one taken for another now and then
only keeps somebody too many, for `avoidable.candidates` decides from the people themselves.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator

from .names import shape, shapes, words
from .seats import INVITATION, SERVER, UNKNOWN, Seat, domain, local_part, widely

# 2²⁷ bits, 16 MiB: with two bits a text, of ten million texts two in a hundred are taken for another.
MOST, LEAST, A_PERSON = 27, 14, 7
Stream = Callable[[], Iterable[Seat]]


class Marks:
    """A set of texts that may hold one too many, and never one too few."""

    def __init__(self, people: int) -> None:
        self._power = min(MOST, max(LEAST, people.bit_length() + A_PERSON))
        self._bits = bytearray(1 << (self._power - 3))

    def add(self, text: str) -> None:
        """Remember a text."""
        for at in self._places(text):
            self._bits[at >> 3] |= 1 << (at & 7)

    def __contains__(self, text: str) -> bool:
        return all(self._bits[at >> 3] & 1 << (at & 7) for at in self._places(text))

    def _places(self, text: str) -> tuple[int, int]:
        number, last = hash(text), (1 << self._power) - 1
        return number & last, (number >> self._power) & last


def through(clouds: Stream, others: Stream, people: int) -> tuple[list[Seat], Counter[str]]:
    """Return who could be in a candidate, and how many cloud accounts have an address in each domain.

    `clouds` gives everybody with a cloud account, `others` everybody else, each time anew; `people` is about how many.
    """
    told, wanted, seen, again = (Marks(people) for _ in range(4))
    domains: Counter[str] = Counter()
    for seat in clouds():
        domains.update({domain(key) for key in seat.addresses if "@" in key})
        for text in found_by(seat):
            told.add(text)
    for seat in others():
        for text in looks_for(seat):
            if text in told:
                wanted.add(text)
        for text in like(seat):
            (again if text in seen else seen).add(text)
    kept = [seat for seat in others() if _may_be(seat, told, again)]
    return kept + [seat for seat in clouds() if any(text in wanted for text in found_by(seat))], domains


def _may_be(seat: Seat, told: Marks, again: Marks) -> bool:
    if seat.kind == UNKNOWN:
        return True
    return any(text in told for text in looks_for(seat)) or any(text in again for text in like(seat))


def found_by(seat: Seat) -> Iterator[str]:
    """What somebody with a cloud account can be found by."""
    yield f"l:{seat.login.casefold()}"
    for key in seat.addresses:
        yield f"e:{key}"
        yield f"w:{widely(key)}"
        yield f"p:{local_part(key)}"
    if named := words(seat.name):
        yield _named(named)
    for text in shapes(seat.name):
        yield f"s:{text}"


def looks_for(seat: Seat) -> Iterator[str]:
    """What somebody without a cloud account looks for among those who have one."""
    if seat.kind == INVITATION:
        for key in seat.addresses:
            yield f"w:{widely(key)}"
            yield _named(words(local_part(key)))
        yield _named(words(seat.name))
        return
    account = next((one for one in seat.accounts if one.key), None)
    if account is None:
        return
    local = local_part(account.key)
    yield from (f"e:{key}" for key in (*seat.others, local))
    yield f"w:{widely(account.key)}"
    yield f"p:{local}"
    yield f"l:{account.login.casefold()}"
    yield from (f"s:{text}" for text in {shape(account.login), shape(local)})
    yield from (_named(words(text)) for text in (seat.name, local))


def like(seat: Seat) -> Iterator[str]:
    """What two people without a cloud account share who are probably one."""
    account = next((one for one in seat.accounts if one.key), None)
    if seat.kind in (SERVER, UNKNOWN) and account is not None:
        yield widely(account.key)
    elif seat.kind == SERVER and len(seat.accounts) == 1:
        yield f"r:{seat.accounts[0].login.casefold()}"


def _named(found: frozenset[str]) -> str:
    return "n:" + " ".join(sorted(found))

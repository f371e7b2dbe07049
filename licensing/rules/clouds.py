"""Cloud accounts by whatever an account on a server may share with them whose address is another."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence

from .names import NEAR, nearness, shape, shapes, words
from .seats import Seat, SeatAccount, domain, local_part, widely

# Mailboxes that many share: their equality tells nothing of people.
SHARED = frozenset(
    "admin administrator billing build ci contact devops github help helpdesk hello info it mail no-reply noreply"
    " office ops postmaster root sales security service support team test webmaster".split()
)
# So many cloud accounts make a domain the enterprise's own, as far as one can see without asking GitHub.
OWNED = 2


class Clouds:
    """Cloud accounts by what a server account of the same person may share with them."""

    def __init__(
        self, seats: Sequence[Seat], domains: Mapping[str, int] | None, owned: frozenset[str]
    ) -> None:
        self.logins: dict[str, Seat] = {}
        self.wide: dict[str, Seat] = {}
        self.exact: dict[str, Seat] = {}
        self._owned = owned or frozenset(
            name for name, n in (_domains(seats) if domains is None else domains).items() if n >= OWNED
        )
        self._locals: defaultdict[str, dict[int, Seat]] = defaultdict(dict)
        self._names: defaultdict[frozenset[str], list[Seat]] = defaultdict(list)
        self._shapes: defaultdict[str, list[Seat]] = defaultdict(list)
        for seat in seats:
            self.logins.setdefault(seat.login.casefold(), seat)
            self._names[words(seat.name)].append(seat)
            for text in shapes(seat.name):
                self._shapes[text].append(seat)
            for key in seat.addresses:
                self.wide.setdefault(widely(key), seat)
                self.exact.setdefault(key, seat)
                self._locals[local_part(key)][seat.person_id] = seat

    def by_other(self, keys: Iterable[str]) -> Seat | None:
        """The cloud account that has one of these addresses, none of which is a primary email."""
        return next((self.exact[key] for key in keys if key in self.exact), None)

    def by_saml_name(self, key: str) -> Seat | None:
        """The cloud account whose SAML name is the local part of the address."""
        return None if local_part(key) in SHARED else self.exact.get(local_part(key))

    def by_local(self, key: str) -> Seat | None:
        """The only cloud account with the same local part, where both domains are the enterprise's own."""
        local, own = local_part(key), domain(key) in self._owned
        found = list(self._locals.get(local, {}).values()) if own and local and local not in SHARED else []
        if len(found) != 1:
            return None
        theirs = (domain(one) for one in found[0].addresses if local_part(one) == local)
        return found[0] if any(one in self._owned for one in theirs) else None

    def by_login(self, account: SeatAccount) -> Seat | None:
        """The cloud account of that login, if an address of it is near the account's, or none is visible."""
        seat = self.logins.get(account.login.casefold())
        if seat is None or not account.key:
            return None
        return seat if not seat.addresses or any(_near(account.key, key) for key in seat.addresses) else None

    def by_name(self, *texts: str) -> Seat | None:
        """The only cloud account whose name has the words of one of the texts."""
        found = [self._names.get(said, []) for text in texts if (said := words(text))]
        return next((seats[0] for seats in found if len(seats) == 1), None)

    def by_shape(self, account: SeatAccount) -> Seat | None:
        """The only cloud account whose name makes the account's login or address, and reads like it.

        A login such as jdoe alone tells nothing: the address must be near the name, or be of an owned domain and made
        of the name as well.
        """
        local = local_part(account.key)
        made = {shape(account.login), shape(local)}
        found = {seat.person_id: seat for text in made for seat in self._shapes.get(text, ())}
        if len(found) != 1 or local in SHARED:
            return None
        (seat,) = found.values()
        own = domain(account.key) in self._owned and made <= shapes(seat.name)
        return seat if own or nearness(seat.name, local) >= NEAR else None


def _domains(seats: Iterable[Seat]) -> Counter[str]:
    """How many cloud accounts have an address in each domain."""
    found: Counter[str] = Counter()
    for seat in seats:
        found.update({domain(key) for key in seat.addresses if "@" in key})
    return found


def _near(one: str, other: str) -> bool:
    """Same domain or one within the other, or the same local part elsewhere."""
    a, b = domain(one), domain(other)
    return a == b or a.endswith(f".{b}") or b.endswith(f".{a}") or local_part(one) == local_part(other)

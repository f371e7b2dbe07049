"""Licenses that could probably be avoided: a list with the fix of each, never subtracted from any number."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from hashlib import sha256
from unicodedata import normalize

CLOUD = "cloud"
SERVER = "server"
INVITATION = "invitation"
UNKNOWN = "unknown"

# How sure each reason is, in percent: judgement, to rank by. Beside them nothing is ever merged.
CONFIDENCE = {
    "wider_folding": 95,
    "secondary_email": 95,
    "saml_name": 90,
    "robot": 90,
    "invitation": 90,
    "same_login": 80,
    "same_local": 80,
    "unknown_server": 70,
    "same_name": 60,
}
# Mailboxes that many share: their equality tells nothing of people.
SHARED = frozenset(
    "admin administrator billing build ci contact devops github help helpdesk hello info it mail no-reply noreply"
    " office ops postmaster root sales security service support team test webmaster".split()
)
# So many cloud accounts make a domain the enterprise's own, as far as one can see without asking GitHub.
OWNED = 2


@dataclass(frozen=True, slots=True)
class SeatAccount:
    """A server account of somebody who consumes; `key` is "" without an email."""

    host: str
    login: str
    key: str


@dataclass(frozen=True, slots=True)
class Seat:
    """A person who consumes a license.

    `kind`: cloud (has a cloud account), server, invitation, or unknown (only on hosts this console does not
    know). `login` is the cloud login; `addresses` are the visible keys of it, or the invited one. `others` are
    keys that GitHub's row lists of its server accounts, or that they had, beside the primary ones.
    """

    person_id: int
    kind: str
    name: str = ""
    login: str = ""
    addresses: tuple[str, ...] = ()
    accounts: tuple[SeatAccount, ...] = ()
    others: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Candidate:
    """Licenses that probably count one person again: `extra` could end, `kept` remains (None: nobody).

    `fix` is the key of what to do, with `params`. A temporary one ends by itself and is in no sum.
    """

    reason: str
    extra: tuple[int, ...]
    kept: int | None
    fix: str
    params: dict[str, str] = field(default_factory=dict)
    temporary: bool = False

    @property
    def confidence(self) -> int:
        """How sure it is, in percent."""
        return CONFIDENCE[self.reason]

    @property
    def rank(self) -> tuple[bool, int, int]:
        """What comes first: licenses by confidence, those that end by themselves last."""
        return self.temporary, -self.confidence * len(self.extra), self.extra[0]

    @property
    def fingerprint(self) -> str:
        """What names it whatever reason it is found by next time: who is meant, hashed, so that nobody is named."""
        names = ("host", "hosts", "login", "address", "cloud_login")
        who = [self.params.get(name, "") for name in names]
        if self.kept is not None and not self.params.get("cloud_login"):
            who.append(str(self.kept))
        return sha256("\n".join(who).encode()).hexdigest()


def candidates(seats: Iterable[Seat], excluded: Iterable[str] = ()) -> list[Candidate]:
    """All candidates; nobody's license is counted as avoidable twice. `excluded` are patterns of logins and keys."""
    patterns = [_pattern(one) for one in excluded]
    seats = sorted((s for s in seats if not _excluded(s, patterns)), key=lambda seat: seat.person_id)
    clouds = _Clouds(seat for seat in seats if seat.kind == CLOUD)
    twice = list(_twice(seats, clouds))
    found = {person for one in twice for person in one.extra}
    rest = [seat for seat in seats if seat.person_id not in found]
    return [*_unknown_servers(rest), *_robots(rest), *twice, *_invitations(seats, clouds)]


def _pattern(text: str) -> str:
    text = text.strip().lower()
    return f"*{text}" if text.startswith("@") else text


def _excluded(seat: Seat, patterns: Sequence[str]) -> bool:
    if not patterns:
        return False
    names = [seat.login, *seat.addresses]
    names += [name for account in seat.accounts for name in (account.login, account.key)]
    return any(fnmatchcase(name.lower(), one) for name in names if name for one in patterns)


def total(found: Iterable[Candidate]) -> int:
    """How many licenses could be avoided for good."""
    return sum(len(one.extra) for one in found if not one.temporary)


def widely(key: str) -> str:
    """An address under a wider folding than GitHub is known to use: no tag, no dots, no case, no variants."""
    local, _, domain = normalize("NFKC", key).casefold().rpartition("@")
    return f"{local.partition('+')[0].replace('.', '')}@{domain}"


def _words(text: str) -> frozenset[str]:
    """The words of a name or local part in any order; one alone tells nothing."""
    words = frozenset(re.findall(r"\w+", normalize("NFKC", text).casefold().replace("_", " ")))
    return words if len(words) > 1 else frozenset()


def _local(key: str) -> str:
    return key.rpartition("@")[0].partition("+")[0]


def _domain(key: str) -> str:
    return key.rpartition("@")[2]


class _Clouds:
    """Cloud accounts by what a server account of the same person may share with them."""

    def __init__(self, seats: Iterable[Seat]) -> None:
        self.logins: dict[str, Seat] = {}
        self.wide: dict[str, Seat] = {}
        self.exact: dict[str, Seat] = {}
        self.domains: Counter[str] = Counter()
        self._locals: defaultdict[str, dict[int, Seat]] = defaultdict(dict)
        self._names: defaultdict[frozenset[str], list[Seat]] = defaultdict(list)
        for seat in seats:
            self.logins.setdefault(seat.login.casefold(), seat)
            self._names[_words(seat.name)].append(seat)
            self.domains.update({_domain(key) for key in seat.addresses if "@" in key})
            for key in seat.addresses:
                self.wide.setdefault(widely(key), seat)
                self.exact.setdefault(key, seat)
                self._locals[_local(key)][seat.person_id] = seat

    def by_other(self, keys: Iterable[str]) -> Seat | None:
        """The cloud account that has one of these addresses, none of which is a primary email."""
        return next((self.exact[key] for key in keys if key in self.exact), None)

    def by_saml_name(self, key: str) -> Seat | None:
        """The cloud account whose SAML name is the local part of the address."""
        return None if _local(key) in SHARED else self.exact.get(_local(key))

    def by_local(self, key: str) -> Seat | None:
        """The only cloud account with the same local part, where both domains are the enterprise's own."""
        local, own = _local(key), self.domains[_domain(key)] >= OWNED
        found = list(self._locals.get(local, {}).values()) if own and local and local not in SHARED else []
        if len(found) != 1:
            return None
        theirs = (_domain(one) for one in found[0].addresses if _local(one) == local)
        return found[0] if any(self.domains[domain] >= OWNED for domain in theirs) else None

    def by_login(self, account: SeatAccount) -> Seat | None:
        """The cloud account of that login, if an address of it is near the account's, or none is visible."""
        seat = self.logins.get(account.login.casefold())
        if seat is None or not account.key:
            return None
        return seat if not seat.addresses or any(_near(account.key, key) for key in seat.addresses) else None

    def by_name(self, *texts: str) -> Seat | None:
        """The only cloud account whose name has the words of one of the texts."""
        found = [self._names.get(words, []) for text in texts if (words := _words(text))]
        return next((seats[0] for seats in found if len(seats) == 1), None)


def _near(one: str, other: str) -> bool:
    """Same domain or one within the other, or the same local part elsewhere."""
    a, b = _domain(one), _domain(other)
    return a == b or a.endswith(f".{b}") or b.endswith(f".{a}") or _local(one) == _local(other)


def _twice(seats: Sequence[Seat], clouds: _Clouds) -> Iterator[Candidate]:
    """People on servers only who have a cloud account, or another license on servers, under another address."""
    wide: dict[str, Seat] = {}
    for seat in (seat for seat in seats if seat.kind in (SERVER, UNKNOWN)):
        account = next((one for one in seat.accounts if one.key), None)
        if account is None:
            continue
        first = wide.setdefault(widely(account.key), seat)
        for reason, kept in (
            ("secondary_email", clouds.by_other(seat.others)),
            ("wider_folding", clouds.wide.get(widely(account.key))),
            ("saml_name", clouds.by_saml_name(account.key)),
            ("same_login", clouds.by_login(account)),
            ("same_local", clouds.by_local(account.key)),
            ("same_name", clouds.by_name(seat.name, _local(account.key))),
            ("wider_folding", first if first is not seat else None),
        ):
            if kept is not None:
                yield Candidate(
                    reason, (seat.person_id,), kept.person_id, "make_primary", _fix(account, kept)
                )
                break


def _fix(account: SeatAccount, kept: Seat) -> dict[str, str]:
    """Which address to make primary where: one that would match, of the same domain if there is one."""
    known = kept.addresses or tuple(one.key for one in kept.accounts if one.key)
    near = [key for key in known if _domain(key) == _domain(account.key)]
    to = (*near, *known, "")[0]
    return {
        "host": account.host,
        "login": account.login or account.key,
        # Of a server not read here it is not known which address is the primary one.
        "from": "" if account.key == to else account.key,
        "to": to,
        "cloud_login": kept.login,
    }


def _robots(seats: Sequence[Seat]) -> Iterator[Candidate]:
    """One login on several servers, nowhere with an email: all but one license."""
    by_login: defaultdict[str, list[Seat]] = defaultdict(list)
    for seat in seats:
        if seat.kind == SERVER and len(seat.accounts) == 1 and not seat.accounts[0].key:
            by_login[seat.accounts[0].login.casefold()].append(seat)
    for login, same in sorted(by_login.items()):
        if len(same) > 1:
            hosts = ", ".join(sorted(seat.accounts[0].host for seat in same))
            extra = tuple(seat.person_id for seat in same[1:])
            yield Candidate(
                "robot", extra, same[0].person_id, "same_primary", {"login": login, "hosts": hosts}
            )


def _unknown_servers(seats: Sequence[Seat]) -> Iterator[Candidate]:
    """Servers nobody owns: everybody who consumes only there."""
    by_host: defaultdict[str, list[int]] = defaultdict(list)
    for seat in seats:
        if seat.kind == UNKNOWN and seat.accounts:
            by_host[min(one.host for one in seat.accounts)].append(seat.person_id)
    for host, people in sorted(by_host.items()):
        yield Candidate("unknown_server", tuple(people), None, "retire_server", {"host": host})


def _invitations(seats: Sequence[Seat], clouds: _Clouds) -> Iterator[Candidate]:
    """Invited by email, and already consuming: one more license until it is accepted or ends."""
    for seat in (seat for seat in seats if seat.kind == INVITATION):
        address = next(iter(seat.addresses), "")
        kept = clouds.wide.get(widely(address)) or clouds.by_name(seat.name, _local(address))
        if address and kept is not None:
            params = {"address": address, "cloud_login": kept.login}
            yield Candidate(
                "invitation", (seat.person_id,), kept.person_id, "invite_by_username", params, temporary=True
            )

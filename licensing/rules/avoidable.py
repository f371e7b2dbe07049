"""Licenses that could probably be avoided: a list with the fix of each, never subtracted from any number."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from hashlib import sha256

from .clouds import Clouds
from .seats import CLOUD, INVITATION, SERVER, UNKNOWN, Seat, SeatAccount, domain, local_part, widely

__all__ = [
    "CLOUD",
    "INVITATION",
    "SERVER",
    "UNKNOWN",
    "Candidate",
    "Seat",
    "SeatAccount",
    "candidates",
    "total",
    "widely",
]

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
    "similar_name": 50,
}


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


def candidates(
    seats: Iterable[Seat],
    excluded: Iterable[str] = (),
    *,
    domains: Mapping[str, int] | None = None,
    owned: Iterable[str] = (),
) -> list[Candidate]:
    """All candidates; nobody's license is counted as avoidable twice. `excluded` are patterns of logins and keys.

    `domains` says how many cloud accounts have an address in each, where `seats` are not all (see `sieve`); `owned` are
    domains that GitHub says are the enterprise's own: without any, those of several cloud accounts are.
    """
    patterns = [_pattern(one) for one in excluded]
    seats = sorted((s for s in seats if not _excluded(s, patterns)), key=lambda seat: seat.person_id)
    clouds = Clouds([seat for seat in seats if seat.kind == CLOUD], domains, frozenset(owned))
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


def _twice(seats: Sequence[Seat], clouds: Clouds) -> Iterator[Candidate]:
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
            ("same_name", clouds.by_name(seat.name, local_part(account.key))),
            ("similar_name", clouds.by_shape(account)),
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
    near = [key for key in known if domain(key) == domain(account.key)]
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


def _invitations(seats: Sequence[Seat], clouds: Clouds) -> Iterator[Candidate]:
    """Invited by email, and already consuming: one more license until it is accepted or ends."""
    for seat in (seat for seat in seats if seat.kind == INVITATION):
        address = next(iter(seat.addresses), "")
        kept = clouds.wide.get(widely(address)) or clouds.by_name(seat.name, local_part(address))
        if address and kept is not None:
            params = {"address": address, "cloud_login": kept.login}
            yield Candidate(
                "invitation", (seat.person_id,), kept.person_id, "invite_by_username", params, temporary=True
            )

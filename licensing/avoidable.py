"""Licenses that could probably be avoided, worked out once for an edition: the one place that asks the rules.

A list beside the numbers: nothing here is ever subtracted from one.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from hashlib import sha256
from typing import Any

from django.core.cache import cache
from django.db.models import Q, QuerySet

from ghconnect import clock
from ghconnect.models import Enterprise
from licensing.models import (
    Account,
    Address,
    LicenseRow,
    Person,
    RowAccount,
    TwiceDecision,
    TwiceExclusion,
)
from licensing.rules import avoidable as rules
from licensing.rules.normalise import email_key

# Of more people than this a page does not work it out by the way: only the page that lists them does.
BY_THE_WAY = 20_000
KEPT_SECONDS = 24 * 3600
MONTHS = 12


@dataclass(frozen=True, slots=True)
class Avoidable:
    """What could be avoided: candidates, licenses, and what these cost in a year (None without a price).

    `aside` are candidates an owner rejected or snoozed: in no list and no sum. `decisions` by fingerprint.
    """

    candidates: list[rules.Candidate]
    licenses: int
    cents_a_year: int | None
    currency: str
    aside: list[rules.Candidate] = field(default_factory=list)
    decisions: dict[str, TwiceDecision] = field(default_factory=dict)


def of(enterprise: Enterprise) -> Avoidable:
    """Return the candidates of the newest edition; worked out at the first asking, then kept."""
    excluded = exclusions(enterprise)
    key = _key(enterprise, excluded)
    found: list[rules.Candidate] | None = cache.get(key)
    if found is None:
        found = rules.candidates(seats(enterprise), excluded)
        cache.set(key, found, KEPT_SECONDS)
    return _counted(enterprise, found)


def by_the_way(enterprise: Enterprise, people: int) -> Avoidable | None:
    """Return the same for a page that shows its sum among others; None where that would keep somebody waiting."""
    if people <= BY_THE_WAY:
        return of(enterprise)
    found: list[rules.Candidate] | None = cache.get(_key(enterprise, exclusions(enterprise)))
    return None if found is None else _counted(enterprise, found)


def exclusions(enterprise: Enterprise) -> list[str]:
    """Return the patterns of logins and addresses that are never proposed."""
    rows = TwiceExclusion.objects.filter(enterprise=enterprise).order_by("pattern")
    return list(rows.values_list("pattern", flat=True))


def _key(enterprise: Enterprise, excluded: list[str]) -> str:
    # Started again, or restored, an enterprise may have the number and edition of another.
    without = sha256("\n".join(excluded).encode()).hexdigest()[:12]
    return f"twice:{enterprise.pk}:{enterprise.created_at.timestamp()}:{enterprise.edition}:{without}"


def _counted(enterprise: Enterprise, found: list[rules.Candidate]) -> Avoidable:
    """Count what stands: a word of an owner holds from the moment it is said."""
    decisions = _decisions(enterprise)
    aside = [one for one in found if _is_aside(decisions.get(one.fingerprint))] if decisions else []
    out = {one.fingerprint for one in aside}
    open_ = [one for one in found if one.fingerprint not in out]
    licenses = rules.total(open_)
    cost = cents_a_year(enterprise, licenses)
    return Avoidable(open_, licenses, cost, enterprise.currency, aside, decisions)


def _decisions(enterprise: Enterprise) -> dict[str, TwiceDecision]:
    """Words that hold now: a snooze ends by itself."""
    now = clock.now(enterprise)
    rows = TwiceDecision.objects.filter(Q(until=None) | Q(until__gt=now), enterprise=enterprise)
    return {row.fingerprint: row for row in rows}


def _is_aside(decision: TwiceDecision | None) -> bool:
    return decision is not None and decision.state != TwiceDecision.State.ACCEPTED


def cents_a_year(enterprise: Enterprise, licenses: int) -> int | None:
    """What so many licenses cost in a year, in hundredths of the enterprise's currency."""
    price = enterprise.price_cents
    return None if price is None else price * MONTHS * licenses


# --- who consumes, as the rules ask it ---------------------------------------------------------------------------


def seats(enterprise: Enterprise) -> Iterator[rules.Seat]:
    """Yield everybody who consumes a license: six queries, however many people."""
    accounts, elsewhere = _accounts(enterprise), _elsewhere(enterprise)
    addresses, invited, others = _addresses(enterprise), _invited(enterprise), _others(enterprise)
    people = Person.objects.filter(enterprise=enterprise, ended_edition=None, consumes=True)
    columns = ("pk", "deployment", "name", "cloud_account_id", "cloud_account__login")
    for pk, deployment, name, cloud_id, login in people.values_list(*columns).iterator():
        own = tuple(accounts.get(pk, ()))
        if deployment == "invitation":
            yield rules.Seat(pk, rules.INVITATION, addresses=tuple(filter(None, [invited.get(pk, "")])))
        elif cloud_id:
            yield rules.Seat(pk, rules.CLOUD, name, login or "", tuple(addresses.get(cloud_id, ())), own)
        elif own:
            # A person on servers alone is called by a login, which is no name.
            told = {account.key for account in own}
            more = tuple(key for key in others.get(pk, ()) if key not in told)
            yield rules.Seat(pk, rules.SERVER, accounts=own, others=more)
        else:
            keys = others.get(pk, [])
            on = tuple(_with_key(one, keys) for one in elsewhere.get(pk, ()))
            yield rules.Seat(pk, rules.UNKNOWN, accounts=on, others=tuple(keys))


def _accounts(enterprise: Enterprise) -> dict[int, list[rules.SeatAccount]]:
    rows = Account.objects.filter(enterprise=enterprise, ended_edition=None, consumes=True)
    columns = ("person_id", "server__host", "login", "key")
    found: defaultdict[int, list[rules.SeatAccount]] = defaultdict(list)
    for person, *facts in rows.order_by("server__host", "remote_user_id").values_list(*columns).iterator():
        found[person].append(rules.SeatAccount(*facts))
    return found


def _elsewhere(enterprise: Enterprise) -> dict[int, list[rules.SeatAccount]]:
    """Accounts that GitHub lists on servers not known here, of rows without a cloud account."""
    rows: QuerySet[Any] = RowAccount.objects.filter(
        enterprise=enterprise, server=None, row__cloud_account=None, row__person_id__isnull=False
    )
    found: defaultdict[int, list[rules.SeatAccount]] = defaultdict(list)
    for person, host in rows.order_by("host").values_list("row__person_id", "host").iterator():
        found[person].append(rules.SeatAccount(host, "", ""))
    return found


def _with_key(account: rules.SeatAccount, keys: list[str]) -> rules.SeatAccount:
    """An account on a server not read here: GitHub tells its addresses, and not which is the primary one."""
    return replace(account, key=keys[0]) if keys else account


def _others(enterprise: Enterprise) -> dict[int, list[str]]:
    """The addresses GitHub's row lists of accounts on servers, of people without a cloud account."""
    rows = LicenseRow.objects.filter(enterprise=enterprise, cloud_account=None, person_id__isnull=False)
    pairs = rows.exclude(server_keys=[]).values_list("person_id", "server_keys").iterator()
    return {person or 0: list(keys) for person, keys in pairs}


def _addresses(enterprise: Enterprise) -> dict[int, list[str]]:
    rows = Address.objects.filter(enterprise=enterprise).order_by("key")
    found: defaultdict[int, list[str]] = defaultdict(list)
    for cloud, key in rows.values_list("cloud_account_id", "key").distinct().iterator():
        found[cloud].append(key)
    return found


def _invited(enterprise: Enterprise) -> dict[int, str]:
    """The address somebody was invited by, by person."""
    rows = LicenseRow.objects.filter(enterprise=enterprise, kind="invitation", person_id__isnull=False)
    pairs = rows.values_list("person_id", "github_com_login")
    return {person or 0: email_key(login) for person, login in pairs if "@" in login}

"""Licenses that could probably be avoided, worked out once for an edition: the one place that asks the rules.

A list beside the numbers: nothing here is ever subtracted from one.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.core.cache import cache
from django.db.models import QuerySet

from ghconnect.models import Enterprise
from licensing.models import Account, Address, LicenseRow, Person, RowAccount
from licensing.rules import avoidable as rules
from licensing.rules.normalise import email_key

# Of more people than this a page does not work it out by the way: only the page that lists them does.
BY_THE_WAY = 20_000
KEPT_SECONDS = 24 * 3600
MONTHS = 12


@dataclass(frozen=True, slots=True)
class Avoidable:
    """What could be avoided: candidates, licenses, and what these cost in a year (None without a price)."""

    candidates: list[rules.Candidate]
    licenses: int
    cents_a_year: int | None
    currency: str


def of(enterprise: Enterprise) -> Avoidable:
    """Return the candidates of the newest edition; worked out at the first asking, then kept."""
    key = _key(enterprise)
    found: list[rules.Candidate] | None = cache.get(key)
    if found is None:
        found = rules.candidates(seats(enterprise))
        cache.set(key, found, KEPT_SECONDS)
    return _counted(enterprise, found)


def by_the_way(enterprise: Enterprise, people: int) -> Avoidable | None:
    """Return the same for a page that shows its sum among others; None where that would keep somebody waiting."""
    if people <= BY_THE_WAY:
        return of(enterprise)
    found: list[rules.Candidate] | None = cache.get(_key(enterprise))
    return None if found is None else _counted(enterprise, found)


def _key(enterprise: Enterprise) -> str:
    # Started again, or restored, an enterprise may have the number and edition of another.
    return f"avoidable:{enterprise.pk}:{enterprise.created_at.timestamp()}:{enterprise.edition}"


def _counted(enterprise: Enterprise, found: list[rules.Candidate]) -> Avoidable:
    licenses = rules.total(found)
    return Avoidable(found, licenses, cents_a_year(enterprise, licenses), enterprise.currency)


def cents_a_year(enterprise: Enterprise, licenses: int) -> int | None:
    """What so many licenses cost in a year, in hundredths of the enterprise's currency."""
    price = enterprise.price_cents
    return None if price is None else price * MONTHS * licenses


# --- who consumes, as the rules ask it ---------------------------------------------------------------------------


def seats(enterprise: Enterprise) -> Iterator[rules.Seat]:
    """Yield everybody who consumes a license: five queries, however many people."""
    accounts, elsewhere = _accounts(enterprise), _elsewhere(enterprise)
    addresses, invited = _addresses(enterprise), _invited(enterprise)
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
            yield rules.Seat(pk, rules.SERVER, accounts=own)
        else:
            yield rules.Seat(pk, rules.UNKNOWN, accounts=tuple(elsewhere.get(pk, ())))


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

"""Everybody who consumes a license, streamed as the search for double counts asks for them: memory does not grow."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import groupby
from operator import itemgetter
from typing import Any

from django.db.models import Exists, F, OuterRef, QuerySet

from ghconnect.models import Enterprise
from licensing.models import Account, Address, LicenseRow, Person, RowAccount
from licensing.rules import sieve
from licensing.rules.normalise import email_key
from licensing.rules.seats import CLOUD, INVITATION, SERVER, UNKNOWN, Seat, SeatAccount

BATCH = 2000


def narrowed(enterprise: Enterprise) -> tuple[list[Seat], dict[str, int]]:
    """Return who could be counted twice, with all that is known of them, and the cloud accounts by domain."""
    people = _consuming(enterprise).count()
    found, domains = sieve.through(lambda: clouds(enterprise), lambda: others(enterprise), people)
    return list(_with_accounts(enterprise, found)), domains


def clouds(enterprise: Enterprise) -> Iterator[Seat]:
    """Yield everybody who has a cloud account, with its addresses; their accounts on servers are left out."""
    people = _consuming(enterprise).filter(cloud_account__isnull=False).order_by("cloud_account_id")
    addresses = Beside(
        Address.objects.filter(enterprise=enterprise)
        .order_by("cloud_account_id", "key")
        .values_list("cloud_account_id", "key")
        .distinct()
    )
    columns = ("pk", "name", "cloud_account_id", "cloud_account__login")
    for pk, name, cloud, login in people.values_list(*columns).iterator(BATCH):
        yield Seat(pk, CLOUD, name, login or "", tuple(key for _, key in addresses.of(cloud)))


def others(enterprise: Enterprise) -> Iterator[Seat]:
    """Yield everybody else: on servers, invited by email, or on servers not known here."""
    alone = _consuming(enterprise).filter(cloud_account=None)
    rows = LicenseRow.objects.filter(enterprise=enterprise, cloud_account=None, person_id__isnull=False)
    accounts = Beside(_accounts(enterprise).filter(Exists(alone.filter(pk=OuterRef("person_id")))))
    keys = Beside(
        rows.exclude(server_keys=[]).order_by("person_id", "id").values_list("person_id", "server_keys")
    )
    invited = Beside(
        rows.filter(kind=INVITATION).order_by("person_id", "id").values_list("person_id", "github_com_login")
    )
    elsewhere = Beside(_elsewhere(enterprise))
    for pk, deployment in alone.order_by("pk").values_list("pk", "deployment").iterator(BATCH):
        own = tuple(SeatAccount(*facts) for _, *facts in accounts.of(pk))
        more = tuple(key for _, some in keys.of(pk)[-1:] for key in some)
        address = next((email_key(login) for _, login in invited.of(pk) if "@" in login), "")
        hosts = [host for _, host in elsewhere.of(pk)]
        if deployment == INVITATION:
            yield Seat(pk, INVITATION, addresses=(address,) if address else ())
        elif own:
            told = {account.key for account in own}
            yield Seat(pk, SERVER, accounts=own, others=tuple(key for key in more if key not in told))
        else:
            # GitHub tells the addresses of an account not read here, and not which is the primary one.
            first = next(iter(more), "")
            yield Seat(
                pk, UNKNOWN, accounts=tuple(SeatAccount(host, "", first) for host in hosts), others=more
            )


def _consuming(enterprise: Enterprise) -> QuerySet[Person]:
    return Person.objects.filter(enterprise=enterprise, ended_edition=None, consumes=True)


def _accounts(enterprise: Enterprise) -> QuerySet[Account, Any]:
    """Accounts that consume, as `Beside` takes them."""
    rows = Account.objects.filter(enterprise=enterprise, ended_edition=None, consumes=True)
    return rows.order_by("person_id", "server__host", "remote_user_id").values_list(
        "person_id", "server__host", "login", "key"
    )


def _elsewhere(enterprise: Enterprise) -> QuerySet[Any, Any]:
    """Accounts that GitHub lists on servers not known here, of rows without a cloud account."""
    rows: QuerySet[Any] = RowAccount.objects.filter(
        enterprise=enterprise, server=None, row__cloud_account=None, row__person_id__isnull=False
    )
    return rows.order_by(F("row__person_id"), "host").values_list("row__person_id", "host")


def _with_accounts(enterprise: Enterprise, found: list[Seat]) -> Iterator[Seat]:
    """Give those with a cloud account their accounts on servers, by which patterns may leave them out."""
    for at in range(0, len(found), BATCH):
        some = found[at : at + BATCH]
        ids = [seat.person_id for seat in some if seat.kind == CLOUD]
        held = Beside(_accounts(enterprise).filter(person_id__among=ids))
        accounts = {pk: held.of(pk) for pk in sorted(ids)}
        for seat in some:
            own = tuple(SeatAccount(*facts) for _, *facts in accounts.get(seat.person_id, ()))
            yield replace(seat, accounts=own) if own else seat


class Beside:
    """Rows of a stream in the order of their first column, by that number: to be asked in rising order."""

    def __init__(self, rows: QuerySet[Any, Any]) -> None:
        self._groups = groupby(rows.iterator(BATCH), key=itemgetter(0))
        self._next: tuple[int, list[Any]] | None = self._step()

    def of(self, number: int) -> list[Any]:
        """Return the rows of a number; those of smaller ones are passed over."""
        while self._next is not None and self._next[0] < number:
            self._next = self._step()
        return self._next[1] if self._next is not None and self._next[0] == number else []

    def _step(self) -> tuple[int, list[Any]] | None:
        found: Iterable[tuple[int, Iterator[Any]]] = self._groups
        return next(((number, list(rows)) for number, rows in found), None)

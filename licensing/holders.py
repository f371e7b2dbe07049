"""Who holds licenses: GitHub's rows and the accounts of many persons at once, a query each."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

from django.db.models import Q, QuerySet

from licensing.models import Account, LicenseRow, RowAccount
from licensing.rules.verdicts import LINE_ORDER

_ORDER = {key: place for place, key in enumerate(LINE_ORDER)}


def rows_of_people(people: Iterable[int]) -> dict[int, LicenseRow]:
    """Return GitHub's row by person: that of the cloud account, else the first."""
    first = first_rows(people)
    rows = LicenseRow.objects.in_bulk(first.values())
    return {person: rows[pk] for person, pk in first.items()}


def accounts_of_people(people: Iterable[int], *, ended: Iterable[int] = ()) -> dict[int, list[Account]]:
    """Return live server accounts by person, in order of host and number; of `ended` people those they had."""
    found: dict[int, list[Account]] = {}
    rows = Account.objects.filter(
        Q(ended_edition=None) | Q(person_id__in=ended), person_id__in=people
    ).select_related("server")
    for account in rows.order_by("server__host", "remote_user_id"):
        found.setdefault(account.person_id or 0, []).append(account)
    return found


def first_rows(people: Iterable[int]) -> dict[int, int]:
    """Return the id of GitHub's row by person: that of the cloud account, else the first."""
    rows: QuerySet[Any] = LicenseRow.objects.filter(person_id__among=people).order_by("-id")
    found: dict[int, tuple[bool, int]] = {}
    for person, pk, cloud in rows.values_list("person_id", "pk", "cloud_account_id"):
        if person not in found or cloud is not None or not found[person][0]:
            found[person] = (cloud is not None, pk)
    return {person: pk for person, (_, pk) in found.items()}


class Facts(NamedTuple):
    """What an export tells of a server account."""

    where: str
    email: str
    verdict: str
    consumes: bool


def facts_of_people(people: Iterable[int]) -> dict[int, list[Facts]]:
    """Return live server accounts by person, in no order."""
    found: dict[int, list[Facts]] = {}
    rows = Account.objects.filter(person_id__among=people, ended_edition=None)
    columns = ("person_id", "server__host", "remote_user_id", "email", "verdict", "consumes")
    for person, host, number, email, verdict, consumes in rows.values_list(*columns):
        found.setdefault(person or 0, []).append(Facts(f"{host}:{number}", email, verdict, consumes))
    return found


def ids_elsewhere(people: Iterable[int]) -> dict[int, set[str]]:
    """Return by person the `host:id` that GitHub lists on servers this console does not read."""
    found: dict[int, set[str]] = {}
    rows = RowAccount.objects.filter(row__person_id__among=people, server__picture__last_success=None)
    for person, host, number in rows.values_list("row__person_id", "host", "remote_user_id"):
        found.setdefault(person or 0, set()).add(f"{host}:{number}")
    return found


def speaking(verdicts: Iterable[str], otherwise: str = "") -> str:
    """Return the verdict that speaks for a person who has several; `otherwise` where accounts have none."""
    known = [verdict for verdict in verdicts if verdict in _ORDER]
    return min(known, key=_ORDER.__getitem__) if known else otherwise

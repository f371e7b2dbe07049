"""Who holds licenses: GitHub's rows and the accounts of many persons at once, a query each."""

from __future__ import annotations

from collections.abc import Iterable

from django.db.models import Q

from licensing.models import Account, LicenseRow, RowAccount
from licensing.rules.verdicts import LINE_ORDER

_ORDER = {key: place for place, key in enumerate(LINE_ORDER)}


def rows_of_people(people: Iterable[int]) -> dict[int, LicenseRow]:
    """Return GitHub's row by person: that of the cloud account, else the first."""
    found: dict[int, LicenseRow] = {}
    for row in LicenseRow.objects.filter(person_id__in=people).order_by("-id"):
        held = found.get(row.person_id or 0)
        if held is None or held.cloud_account_id is None or row.cloud_account_id is not None:
            found[row.person_id or 0] = row
    return found


def accounts_of_people(people: Iterable[int], *, ended: Iterable[int] = ()) -> dict[int, list[Account]]:
    """Return live server accounts by person, in order of host and number; of `ended` people those they had."""
    found: dict[int, list[Account]] = {}
    rows = Account.objects.filter(
        Q(ended_edition=None) | Q(person_id__in=ended), person_id__in=people
    ).select_related("server")
    for account in rows.order_by("server__host", "remote_user_id"):
        found.setdefault(account.person_id or 0, []).append(account)
    return found


def ids_elsewhere(people: Iterable[int]) -> dict[int, set[str]]:
    """Return by person the `host:id` that GitHub lists on servers this console does not read."""
    found: dict[int, set[str]] = {}
    rows = RowAccount.objects.filter(row__person_id__in=people, server__picture__last_success=None)
    for person, host, number in rows.values_list("row__person_id", "host", "remote_user_id"):
        found.setdefault(person or 0, set()).add(f"{host}:{number}")
    return found


def speaking(verdicts: Iterable[str], row: LicenseRow | None) -> str:
    """Return the verdict that speaks for a person who has several, "" where there is nothing to judge."""
    known = [verdict for verdict in verdicts if verdict in _ORDER]
    return min(known, key=_ORDER.__getitem__) if known else (row.verdict if row else "")

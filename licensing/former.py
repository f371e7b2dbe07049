"""Accounts that were a person's and are another's now: by which sync, and whose."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from ghconnect.models import Enterprise
from licensing.models import Account, Edition, Match, Person, SyncRun

from .seats import run_link

# The newest; a broken estate must not make an endless page.
LIMIT = 50


@dataclass(frozen=True, slots=True)
class Former:
    """An account that left the person at `until` by `run` (its name and address), and `now`, whose it is since."""

    account: Account
    until: datetime | None
    run: tuple[str, str]
    now: Person | None


def of(enterprise: Enterprise, person: Person) -> list[Former]:
    """Return accounts the person had, the last to leave first: a constant number of queries."""
    left = Match.objects.filter(person_id=person.pk, to_edition__isnull=False).order_by("-to_edition", "-pk")
    until = {match.account_id: match.to_edition for match in reversed(left[:LIMIT])}
    rows = Account.objects.filter(enterprise=enterprise, pk__in=until).exclude(person_id=person.pk)
    accounts = {account.pk: account for account in rows.select_related("server")}
    editions = {
        row.number: row
        for row in Edition.objects.filter(enterprise=enterprise, number__in=set(until.values()))
    }
    runs = SyncRun.objects.select_related("server", "enterprise").in_bulk(
        {row.run_id for row in editions.values() if row.run_id}
    )
    people = Person.objects.in_bulk({one.person_id for one in accounts.values() if one.person_id})
    return [
        Former(
            account,
            editions[number].at if number in editions else None,
            run_link(editions.get(number or 0), runs),
            people.get(account.person_id or 0),
        )
        for pk, number in sorted(until.items(), key=lambda one: (-(one[1] or 0), one[0]))
        if (account := accounts.get(pk)) is not None
    ]

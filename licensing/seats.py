"""The license of a person over time: when it began and ended, by which sync, and why."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from django.urls import reverse
from django.utils.translation import gettext as _

from ghconnect import wording
from ghconnect.models import Enterprise
from licensing.models import Edition, Match, Person, Seat, SyncRun

HISTORY = 20


@dataclass(frozen=True, slots=True)
class Span:
    """A license in [from, to): when, by which sync (its address), why, in words and by key; `to` None: still."""

    from_at: datetime | None
    to_at: datetime | None
    open: bool
    reason: str
    key: str = ""
    from_run: tuple[str, str] = ("", "")
    to_run: tuple[str, str] = ("", "")


def spans(enterprise: Enterprise, person: Person) -> list[Span]:
    """The newest intervals of the license, newest first."""
    seats = list(
        Seat.objects.filter(enterprise=enterprise, person_id=person.pk).order_by("-from_edition")[:HISTORY]
    )
    numbers = {edge for seat in seats for edge in (seat.from_edition, seat.to_edition) if edge is not None}
    editions = {
        edition.number: edition
        for edition in Edition.objects.filter(enterprise=enterprise, number__in=numbers)
    }
    runs = SyncRun.objects.select_related("server", "enterprise").in_bulk(
        {edition.run_id for edition in editions.values() if edition.run_id}
    )
    return [_span(seat, editions, runs) for seat in seats]


def _span(seat: Seat, editions: Mapping[int, Edition], runs: Mapping[int, SyncRun]) -> Span:
    first, last = editions.get(seat.from_edition), editions.get(seat.to_edition or -1)
    return Span(
        from_at=first.at if first else None,
        to_at=last.at if last else None,
        open=seat.to_edition is None,
        reason=wording.reason(seat.reason) if seat.reason else "",
        key=seat.reason,
        from_run=run_link(first, runs),
        to_run=run_link(last, runs),
    )


def since(enterprise: Enterprise, accounts: Iterable[int]) -> dict[int, tuple[datetime, str, str]]:
    """Return since when each account is its person's by the rule that holds: the time, the sync and its address."""
    numbers: dict[int, int] = dict(
        Match.objects.filter(account_id__in=list(accounts), to_edition=None).values_list(
            "account_id", "from_edition"
        )
    )
    rows = Edition.objects.filter(enterprise=enterprise, number__in=set(numbers.values()))
    editions = {row.number: row for row in rows}
    runs = SyncRun.objects.select_related("server", "enterprise").in_bulk(
        {row.run_id for row in editions.values() if row.run_id}
    )
    return {
        account: (editions[number].at, *run_link(editions[number], runs))
        for account, number in numbers.items()
        if number in editions
    }


def run_link(edition: Edition | None, runs: Mapping[int, SyncRun]) -> tuple[str, str]:
    """Return the sync that made an edition, and its address."""
    run = runs.get(edition.run_id or 0) if edition else None
    if run is None:
        return "", ""
    if run.server is None:
        where: dict[str, str | int] = {"slug": run.enterprise.slug, "number": run.number}
        return _("GitHub's report #{n}").format(n=run.number), reverse("cloud_sync", kwargs=where)
    where = {"slug": run.enterprise.slug, "host": run.server.host, "number": run.number}
    return str(run), reverse("server_sync", kwargs=where)

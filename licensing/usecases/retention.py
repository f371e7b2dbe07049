"""Forget what is kept no longer, in bounded batches, and say what goes (ENGINEERING §27).

Reports refer to people by id: editions, seats, matches and their totals stay, and show "n erased".
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.contrib.sessions.models import Session
from django.db import transaction
from django.db.models import Exists, Model, OuterRef, Q, QuerySet
from django.utils import timezone

from ghconnect import clock
from ghconnect.models import Enterprise
from ghconnect.usecases import audit_chain
from licensing.models import (
    Account,
    Address,
    Alert,
    AlertDelivery,
    AttentionItem,
    CloudAccount,
    Edition,
    Person,
    Recount,
    RunChange,
    RunChunk,
    SearchTerm,
    Seat,
    StagedAccount,
    StagedAddress,
    StagedRow,
    StagedRowAccount,
    SyncRun,
)
from licensing.rules.alerts import SAME_ITEM

from . import export_jobs

# Each batch is a transaction of its own: no page and no sync waits for more than so many rows.
BATCH = 1000
NEEDED = (*SyncRun.OPEN, SyncRun.State.HELD)
NO_ADDRESS: dict[str, Any] = {
    "login": "",
    "email": "",
    "key": "",
    "former_keys": [],
    "rule_value": "",
    "explained_value": "",
}
NO_CLOUD: dict[str, Any] = {"login": "", "login_key": "", "former_login": "", "name": "", "profile_url": ""}
NO_NAME: dict[str, Any] = {"name": "", "sort": "", "group": ""}


@dataclass(frozen=True)
class Kept:
    """Rows past their time: `table` as people call it, the rows, and what they lose; None: they go whole."""

    table: str
    rows: QuerySet[Any]
    blank: dict[str, Any] | None = None


def prune(*, dry_run: bool = False) -> dict[str, int]:
    """Delete or blank what is past its time; returns rows per table, also those that would go at a dry run."""
    counts: dict[str, int] = {}
    take: Callable[[Kept], int] = (lambda kept: kept.rows.count()) if dry_run else _take
    for kept in _past():
        counts[kept.table] = counts.get(kept.table, 0) + take(kept)
    counts["audit events"] = audit_chain.forget(dry_run=dry_run)
    return counts


def _take(kept: Kept) -> int:
    count = 0
    while ids := list(kept.rows.order_by().values_list("pk", flat=True)[:BATCH]):
        with transaction.atomic():
            chosen = type(kept.rows)(kept.rows.model).filter(pk__in=ids)
            count += chosen.update(**kept.blank) if kept.blank is not None else chosen.delete()[0]
    return count


def _past() -> Iterator[Kept]:
    yield Kept("payload chunks", _chunks())
    for model in (StagedAccount, StagedRow, StagedRowAccount, StagedAddress):
        yield Kept("staged rows", _staged(model))
    yield Kept("files of exports", export_jobs.past())
    yield Kept("sessions", Session.objects.filter(expire_date__lt=timezone.now()))
    yield from _told()
    for enterprise in Enterprise.objects.order_by("pk"):
        yield Kept("run details", _details(enterprise))
        yield from _people(enterprise)


def _chunks() -> QuerySet[RunChunk]:
    """Copies of what was read; a run that is open or held reads its own again."""
    old = timezone.now() - timedelta(days=settings.GHCONNECT_KEEP_PAYLOADS_DAYS)
    return RunChunk.objects.filter(created_at__lt=old).exclude(run__state__in=NEEDED)


def _staged(model: type[Model]) -> QuerySet[Any]:
    """Staged rows of runs that are over, or gone: a worker that was killed left them."""
    needed = SyncRun.objects.filter(pk=OuterRef("run_id"), state__in=NEEDED)
    return QuerySet(model).filter(~Exists(needed))


def _told() -> Iterator[Kept]:
    """What needed somebody and does no more, what every receiver took, and counts that are done, so long ago.

    What still waits for a receiver stays with its alert, whatever its age; editions keep what a count changed.
    """
    old = timezone.now() - timedelta(days=settings.GHCONNECT_KEEP_ALERTS_DAYS)
    waiting = AlertDelivery.objects.filter(alert=OuterRef("pk"), done_at=None)
    alerts = Alert.objects.filter(~Exists(waiting), at__lt=old)
    yield Kept("alert deliveries", AlertDelivery.objects.filter(alert__in=alerts))
    yield Kept("alerts", alerts)
    known = min(old, timezone.now() - SAME_ITEM)  # an item that comes back within a day is the same
    yield Kept("cleared items", AttentionItem.objects.filter(cleared_at__lt=known))
    yield Kept("counts done", Recount.objects.filter(done_at__lt=old))


def _details(enterprise: Enterprise) -> QuerySet[RunChange]:
    old = clock.now(enterprise) - timedelta(days=settings.GHCONNECT_KEEP_RUN_DETAILS_DAYS)
    return RunChange.objects.filter(run__enterprise=enterprise, run__finished_at__lt=old)


def _people(enterprise: Enterprise) -> Iterator[Kept]:
    """Names and addresses of who left the pictures, and held no license since, so long ago."""
    old = clock.now(enterprise) - timedelta(days=settings.GHCONNECT_KEEP_PEOPLE_DAYS)
    last = Edition.objects.filter(enterprise=enterprise, at__lt=old).order_by("-number").first()
    if last is None:
        return
    gone = Q(enterprise=enterprise, ended_edition__lte=last.number)
    accounts = Account.objects.filter(gone).exclude(login="").exclude(Exists(_licensed("person_id", last)))
    yield Kept("accounts", accounts, NO_ADDRESS)
    clouds = CloudAccount.objects.filter(gone)
    yield Kept("addresses", Address.objects.filter(cloud_account__in=clouds))
    yield Kept("cloud accounts", clouds.exclude(login=""), NO_CLOUD)
    people = Person.objects.filter(gone).exclude(name="", group="").exclude(Exists(_licensed("pk", last)))
    yield Kept("search terms", SearchTerm.objects.filter(person_id__in=people.values("pk")))
    yield Kept("people", people, NO_NAME)


def _licensed(person: str, last: Edition) -> QuerySet[Seat]:
    """Licenses that the row's person holds, or held after the edition `last`."""
    held = Q(to_edition=None) | Q(to_edition__gt=last.number)
    return Seat.objects.filter(held, person_id=OuterRef(person))

"""Publish what a run staged: one transaction, enterprise → server → run, the fence last (ENGINEERING §4)."""

from __future__ import annotations

import time
from datetime import datetime
from typing import Any

from django.core.exceptions import ObjectDoesNotExist
from django.db import transaction

from ghconnect import clock, faults
from ghconnect.models import Enterprise, Server
from ghconnect.usecases import audit
from licensing.models import ServerPicture, SyncRun, bulk

from . import editions, estate, freshness, rematch, runs

State = SyncRun.State


class StagedLost(Exception):
    """Fewer rows are staged than were fetched: they are loaded again (an unlogged table is empty after a crash)."""


class OlderReport(Exception):
    """What was read is older (`theirs`) than what is published (`ours`): nothing goes back in time."""

    def __init__(self, theirs: datetime, ours: datetime) -> None:
        super().__init__(f"{theirs} is older than {ours}")
        self.params = {"a": theirs.isoformat(), "b": ours.isoformat()}


def lock(run: SyncRun) -> tuple[Enterprise, Server | None]:
    """Lock enterprise, then server: the order everywhere. No key update, so that inserts may refer to them.

    Raises LostRun where one of them was removed meanwhile, and the run with it, or the run is another's now.
    """
    try:
        enterprise = Enterprise.objects.select_for_update(no_key=True).get(pk=run.enterprise_id)
        server = None
        if run.server_id is not None:
            server = Server.objects.select_for_update(no_key=True, of=("self",)).get(pk=run.server_id)
            server.enterprise = enterprise
    except ObjectDoesNotExist:
        raise runs.LostRun(str(run)) from None
    if not runs.mine(run).exists():
        raise runs.LostRun(str(run))
    return enterprise, server


def gate_is_open(run: SyncRun, server: Server | None) -> bool:
    """Read the gate again under its lock; an upload needs none (ENGINEERING §13)."""
    if server is None or run.way == Server.WayIn.UPLOAD:
        return True
    try:
        runs.check_gate(server)
    except runs.GateClosed:
        return False
    return True


def server(run: SyncRun, *, same_as: int | None = None) -> None:
    """Publish a server's accounts. Ends the run published, unchanged or cancelled.

    `same_as` is the edition that was found to hold just what is staged.
    Raises LostRun, OlderReport, StagedLost.
    """
    started = time.monotonic()
    faults.at("publish:before")
    with transaction.atomic():
        enterprise, subject = lock(run)
        assert subject is not None
        if not gate_is_open(run, subject):
            bulk.forget_staged(run.pk)
            settle(run, State.CANCELLED)
            return
        if bulk.staged_totals(run.pk, run.attempt) != (run.fetched, run.fetched):
            raise StagedLost(str(run))
        refuse_older(run, subject)
        faults.at("publish:locked")
        counts = _changes(run, enterprise, subject, same_as)
        changed = any(counts[name] for name in bulk.KINDS)
        edition = None
        if changed or not enterprise.edition:
            edition = editions.publish(enterprise, cause="server", run=run)
        consuming = _picture(run, subject, changed)
        supersede_held(run)
        audit.record("license_sync.publish", by=None, enterprise=enterprise, subject=str(run), counts=counts)
        bulk.forget_staged(run.pk)
        faults.at("publish:before-fence")
        settle(
            run,
            State.PUBLISHED if changed else State.UNCHANGED,
            counts={**run.counts, **counts, "consuming": consuming},
            seconds={**run.seconds, "publish": round(time.monotonic() - started, 2)},
            edition=edition.number if edition else None,
        )
    faults.at("publish:after")


def refuse_older(run: SyncRun, subject: Server) -> None:
    """Raise OlderReport: a server may answer with a report of long ago. Unknown age is new (ENGINEERING §15)."""
    stands = ServerPicture.objects.filter(server=subject, age_known=True).exclude(observed_at=None).first()
    if stands is None or not run.age_known or run.observed_at is None or stands.observed_at is None:
        return
    if run.observed_at < stands.observed_at:
        raise OlderReport(run.observed_at, stands.observed_at)


def _changes(run: SyncRun, enterprise: Enterprise, subject: Server, same_as: int | None) -> dict[str, int]:
    """Bring the accounts to what is staged, and everything that follows from it; returns counts."""
    first = not ServerPicture.objects.filter(server=subject).exclude(last_success=None).exists()
    counts = dict.fromkeys((*bulk.KINDS, "released", "licensed"), 0)
    if same_as == enterprise.edition and not first:
        return counts
    bulk.open_scratch()
    counts.update(bulk.find_changes(run.pk, run.attempt, subject.pk, run.answer))
    if not any(counts.values()) and not first:
        return counts
    edition = enterprise.edition + 1
    bulk.keys_before()
    moved = bulk.moved_keys(run.pk, run.attempt)
    bulk.remember_keys((bulk.document(_former(former, key)), account) for account, former, key in moved)
    bulk.end_accounts(edition, run.pk, clock.now(enterprise))
    bulk.change_accounts(run.pk, run.attempt, edition, clock.now(enterprise))
    bulk.add_accounts(
        run.pk,
        run.attempt,
        enterprise_id=enterprise.pk,
        server_id=subject.pk,
        edition=edition,
        now=clock.now(enterprise),
    )
    bulk.keys_after()
    freshness.succeeded(run, changed=True)  # from here on the server counts as read
    if first:
        rematch.point_rows(enterprise, mark=False)
        bulk.mark_rows_of_server(subject.pk)
    counts["released"], counts["licensed"] = rematch.rematch(estate.estate(enterprise, edition, run.pk))
    if not first:
        bulk.write_changes(run.pk, edition)
        bulk.write_people(run.pk, edition)
    return counts


def _former(former: Any, key: str) -> list[str]:
    known = bulk.as_list(former)
    return known if key in known else [*known, key]


def _picture(run: SyncRun, subject: Server, changed: bool) -> int:
    """Bring the picture to what is published now; returns how many of its accounts consume a license."""
    facts = bulk.one(
        """
        SELECT count(*), coalesce(sum(CASE WHEN consumes THEN 1 ELSE 0 END), 0),
          coalesce(sum(CASE WHEN suspended THEN 1 ELSE 0 END), 0)
        FROM licensing_account WHERE server_id = %s AND ended_edition IS NULL
        """,
        subject.pk,
    )
    freshness.succeeded(
        run,
        changed=changed,
        run_id=run.pk,
        observed_at=run.observed_at,
        age_known=run.age_known,
        **dict(zip(("accounts", "consuming", "suspended"), facts, strict=True)),
    )
    return int(facts[1])


def supersede_held(run: SyncRun) -> None:
    """A held run does not block; what is published later takes its place."""
    older = runs.of_subject(run.server or run.enterprise).filter(state=State.HELD, pk__lt=run.pk)
    for run_id in list(older.values_list("pk", flat=True)):
        bulk.forget_staged(run_id)
    older.update(state=State.SUPERSEDED)


def settle(run: SyncRun, state: str, **values: Any) -> None:
    """The last statement of a publication: the fence. Raises LostRun, which rolls all of it back."""
    from . import alerts

    if state in SyncRun.GOOD:
        alerts.of_good_run(run, state=state, counts=values.get("counts", run.counts))
    runs.save(
        run,
        state=state,
        finished_at=clock.now(run.enterprise),
        lease_until=None,
        error_key="",
        error_params={},
        **values,
    )
    runs.kick(run)

"""The life of a sync run: request, claim, heartbeat, wait, settle (ENGINEERING §2–4).

Every write after the claim is fenced by the attempt number: a worker that was thought dead changes nothing.
"""

from __future__ import annotations

import logging
import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import Error, IntegrityError, close_old_connections, connections, transaction
from django.db.models import Exists, F, Max, OuterRef, Q, QuerySet
from django.db.models.functions import Coalesce, Now

from ghconnect import clock, faults
from ghconnect.models import Enterprise, Server, User
from ghconnect.queue import send
from ghconnect.request_facts import acting
from ghconnect.usecases import audit
from ghconnect.usecases.features import is_enabled
from licensing.models import Recount, SyncRun, bulk
from licensing.rules import schedule

from . import chunks

log = logging.getLogger(__name__)
KEY = "license_usage_sync"
MAX_TAKEOVERS = 5
# A clock that is put right by less brings no period about again.
CORRECTION = timedelta(hours=1)
State, Step = SyncRun.State, SyncRun.Step
# Somebody asks and looks on; the schedule leaves a waiting run its wait, which the other side may have asked for.
BY_HAND = (SyncRun.Trigger.MANUAL, SyncRun.Trigger.FIRST)
Subject = Server | Enterprise


class GateClosed(Exception):
    """The gate refuses this door: `reason` is "connect_off" or "sync_disabled" (ENGINEERING §13)."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class LostRun(Exception):
    """The run was taken over, cancelled or settled by somebody else; whoever gets this stops."""


def of_subject(subject: Subject) -> QuerySet[SyncRun]:
    """Return the runs of a server, or those of an enterprise's cloud side."""
    if isinstance(subject, Server):
        return SyncRun.objects.filter(server=subject)
    return SyncRun.objects.filter(enterprise=subject, server=None)


def lock_subject(subject: Subject) -> Subject:
    """Lock the subject's row until the transaction ends, and return it fresh."""
    if isinstance(subject, Server):
        return (
            Server.objects.select_for_update(no_key=True, of=("self",))
            .select_related("enterprise")
            .get(pk=subject.pk)
        )
    return Enterprise.objects.select_for_update(no_key=True).get(pk=subject.pk)


def check_gate(server: Server) -> None:
    """Raise GateClosed unless GitHub Connect is on and license sync Enabled for `server`."""
    if not hasattr(server, "connection"):
        raise GateClosed("connect_off")
    if not is_enabled(server, KEY):
        raise GateClosed("sync_disabled")


@transaction.atomic
def request(
    *, subject: Subject, trigger: SyncRun.Trigger, by: User | None = None, period: str = ""
) -> SyncRun:
    """Return the run that will read `subject`: the one already open where it still fits, else a new queued one.

    The database refuses a second queued pull and a second run of one period. Raises GateClosed for a server.
    """
    subject = lock_subject(subject)
    if isinstance(subject, Server):
        check_gate(subject)
    if trigger in BY_HAND:
        _bring_forward(subject)
    known = _known(subject, period)
    if known is not None:
        return known
    run = _insert(subject, trigger=trigger, by=by, period=period)
    send("licensing.perform_sync", run_id=run.pk)
    faults.at("request:before")
    return run


def _known(subject: Subject, period: str) -> SyncRun | None:
    """Return the run that answers the request: of this period, queued, or active and still fetching."""
    runs = of_subject(subject)
    if period and (run := runs.filter(period=period).first()) and not _let_go(run):
        return run
    queued = runs.filter(state=State.QUEUED, way=Server.WayIn.PULL).first()
    if queued is not None:
        if period and not queued.period:
            runs.filter(pk=queued.pk).update(period=period)
        send("licensing.perform_sync", run_id=queued.pk)
        return queued
    fetching = runs.filter(
        state__in=SyncRun.ACTIVE, way=Server.WayIn.PULL, step__in=[Step.NONE, Step.FETCH]
    ).first()
    return None if period else fetching


def _let_go(run: SyncRun) -> bool:
    """Free a period that comes about now, and was missed or read while the clock was ahead; returns whether it was."""
    if run.state == State.MISSED:
        run.delete()
    elif run.state in SyncRun.OPEN or run.requested_at <= clock.now(run.enterprise) + CORRECTION:
        return False
    else:
        SyncRun.objects.filter(pk=run.pk).update(period="")
    log.warning("%s stood for a period to come; the clock was ahead", run)
    return True


def _bring_forward(subject: Subject) -> None:
    """Let the subject's waiting run go on now, wherever it stands: what is queued begins only after it."""
    waiting = of_subject(subject).filter(state=State.WAITING)
    for run_id in waiting.values_list("pk", flat=True):
        waiting.filter(pk=run_id).update(resume_at=Now())
        send("licensing.perform_sync", run_id=run_id)


def _insert(
    subject: Subject, *, trigger: SyncRun.Trigger, by: User | None, deed: str = "request", **facts: Any
) -> SyncRun:
    server = subject if isinstance(subject, Server) else None
    enterprise = subject.enterprise if isinstance(subject, Server) else subject
    number = (of_subject(subject).aggregate(last=Max("number"))["last"] or 0) + 1
    run = SyncRun.objects.create(
        enterprise=enterprise,
        server=server,
        number=number,
        trigger=trigger,
        requested_at=clock.now(enterprise),
        requested_by=by,
        requested_by_login=by.login if by else acting.get()[:100],
        **facts,
    )
    audit.record(
        f"license_sync.{deed}",
        by=by,
        enterprise=enterprise,
        subject=str(run),
        trigger=str(trigger),
        period=run.period,
    )
    return run


def missed(server: Server, period: schedule.Due) -> None:
    """Record a weekly period that passed while nobody looked, once; called with the server locked."""
    if of_subject(server).filter(period=period.period_key).exists():
        return
    facts = {"period": period.period_key, "state": State.MISSED}
    run = _insert(server, trigger=SyncRun.Trigger.WEEKLY, by=None, deed="missed", **facts)
    SyncRun.objects.filter(pk=run.pk).update(requested_at=period.at, finished_at=period.at)
    log.warning("%s missed its period %s", server, period.period_key)


@transaction.atomic
def request_content(
    *, server: Server, trigger: SyncRun.Trigger, by: User | None, sha256: str, **facts: Any
) -> tuple[SyncRun, bool]:
    """Queue a run for pushed or uploaded content, or return the open run of the same content (ENGINEERING §15).

    A newer queued file supersedes an older one. Returns (run, made).
    """
    server = lock_subject(server)  # type: ignore[assignment]
    same = (
        SyncRun.objects.filter(server=server, sha256=sha256, state__in=SyncRun.OPEN)
        .exclude(way="pull")
        .first()
    )
    if same is not None:
        return same, False
    SyncRun.objects.filter(server=server, state=State.QUEUED).exclude(way="pull").update(
        state=State.SUPERSEDED, finished_at=clock.now(server.enterprise)
    )
    run = _insert(
        server, trigger=trigger, by=by, way=str(trigger), sha256=sha256, fetch_complete=True, **facts
    )
    send("licensing.perform_sync", run_id=run.pk)
    return run, True


def claim(run_id: int) -> SyncRun | None:
    """Take the run if it is queued, due after a wait, or its worker's lease is over; None if somebody else has it.

    A run taken over five times without having failed by itself in between is failed instead.
    """
    free = (
        Q(state=State.QUEUED)
        | Q(state=State.WAITING, resume_at__lte=Now())
        | Q(state=State.RUNNING, lease_until__lt=Now())
    )
    # Leases are in real time by the database's clock; what people read is in the enterprise's own time.
    offset = SyncRun.objects.filter(pk=run_id).values_list("enterprise__clock_offset", flat=True).first() or 0
    try:
        with transaction.atomic():
            SyncRun.objects.filter(pk=run_id, state=State.RUNNING, lease_until__lt=Now()).update(
                takeovers=F("takeovers") + 1
            )
            taken = SyncRun.objects.filter(free, pk=run_id).update(
                state=State.RUNNING,
                attempt=F("attempt") + 1,
                lease_until=Now() + lease(),
                started_at=Coalesce("started_at", Now() + timedelta(seconds=offset)),
                resume_at=None,
                error_key="",
                error_params={},
            )
            faults.at("claim:before")
    except IntegrityError:
        return None  # another run of this subject is active; this one is found again when that ends
    if not taken:
        return None
    faults.at("claim:after")
    run = SyncRun.objects.select_related("enterprise", "server__enterprise").get(pk=run_id)
    if run.takeovers >= MAX_TAKEOVERS:
        fail(run, "worker_died", {"n": str(run.takeovers)})
        return None
    return run


def lease() -> timedelta:
    """How long a worker may be silent before its run is taken over."""
    return timedelta(seconds=settings.GHCONNECT_LEASE_SECONDS)


def mine(run: SyncRun) -> QuerySet[SyncRun]:
    """Return the run's row as long as this attempt still has it: the fence."""
    return SyncRun.objects.filter(pk=run.pk, attempt=run.attempt, state=State.RUNNING)


def _rows(work: SyncRun | Recount) -> QuerySet[SyncRun] | QuerySet[Recount]:
    return (
        mine(work) if isinstance(work, SyncRun) else Recount.objects.filter(pk=work.pk, attempt=work.attempt)
    )


def save(run: SyncRun, **values: Any) -> None:
    """Write progress through the fence; raises LostRun."""
    if not mine(run).update(**values):
        raise LostRun(str(run))
    for name, value in values.items():
        setattr(run, name, value)


def renew(run: SyncRun) -> None:
    """Show a sign of life through the fence, and hold the row until the transaction ends; raises LostRun."""
    if not mine(run).update(lease_until=Now() + lease()):
        raise LostRun(str(run))


@transaction.atomic
def fetched(run: SyncRun, upload: uuid.UUID, **values: Any) -> None:
    """End the run's fetch: what arrived takes the place of what an earlier attempt kept; raises LostRun."""
    save(run, fetch_complete=True, **values)
    chunks.drop(run, but=upload)
    chunks.attach(run, upload)
    faults.at("fetch:before-commit")


@contextmanager
def heartbeat(run: SyncRun | Recount) -> Iterator[None]:
    """Renew the lease every third of it, from a thread with its own connection, while the block works."""
    done = threading.Event()
    thread = threading.Thread(target=_beat, args=(run, done), daemon=True, name=f"lease {run}")
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join(timeout=lease().total_seconds())


def _beat(run: SyncRun | Recount, done: threading.Event) -> None:
    try:
        while not done.wait(lease().total_seconds() / 3):
            close_old_connections()  # one that was cut is made anew; else no later beat would reach the row
            try:
                _rows(run).update(lease_until=Now() + lease())
            except Error as error:
                # On SQLite "locked" means another writer is alive, this process very likely; the next beat tries again.
                log.debug("lease of %s not renewed: %s", run, error)
    finally:
        connections.close_all()


def wait(run: SyncRun, pause: timedelta, key: str, params: dict[str, str], *, failed: bool = True) -> None:
    """Put the run aside until `pause` is over: to wait is to write, the worker goes free (ENGINEERING §3)."""
    save(
        run,
        state=State.WAITING,
        resume_at=Now() + pause,
        lease_until=None,
        failures=run.failures + failed,
        takeovers=0 if failed else run.takeovers,
        error_key=key,
        error_params=params,
    )
    faults.at("wait:after")
    log.info("sync %s waits %s: %s", run, pause, key)


def fail(run: SyncRun, key: str, params: dict[str, str]) -> None:
    """End the run as failed with words' key and params; its data stays as it was."""
    from . import alerts, freshness

    with transaction.atomic():
        save(
            run,
            state=State.FAILED,
            finished_at=clock.now(run.enterprise),
            lease_until=None,
            error_key=key,
            error_params=params,
        )
        bulk.forget_staged(run.pk)
        _forget_half(run)
        freshness.failed(run)
        audit.record("license_sync.failed", by=None, enterprise=run.enterprise, subject=str(run), reason=key)
        alerts.of_run(run, "license_sync.failed", state=run.state, counts=run.counts)
        kick(run)
        faults.at("fail:before")
    faults.at("fail:after")
    log.warning("sync %s failed: %s %s", run, key, params)


def _forget_half(run: SyncRun) -> None:
    """Forget what a run that is over had read, where that was not all."""
    if not run.fetch_complete:
        chunks.drop(run)


def hold(run: SyncRun, holds: list[dict[str, Any]], counts: dict[str, int]) -> None:
    """End the run as held: nothing changes until an owner decides."""
    from . import alerts, freshness

    with transaction.atomic():
        save(
            run,
            state=State.HELD,
            finished_at=clock.now(run.enterprise),
            lease_until=None,
            holds=holds,
            counts=counts,
            answer=SyncRun.Answer.NONE,
            decided_by_login="",
        )
        freshness.contacted(run)
        audit.record("license_sync.held", by=None, enterprise=run.enterprise, subject=str(run), counts=counts)
        alerts.of_run(run, "license_sync.held", state=run.state, counts=counts)
        kick(run)
        faults.at("hold:before")
    log.warning("sync %s held: %s", run, [hold["key"] for hold in holds])


def kick(run: SyncRun) -> None:
    """Ring for the subject's next queued run, now that this one is over."""
    subject = run.server or run.enterprise
    for run_id in of_subject(subject).filter(state=State.QUEUED).values_list("pk", flat=True):
        send("licensing.perform_sync", run_id=run_id)


def cancel_open(subject: Subject) -> int:
    """Cancel queued and active pull and push runs of the subject; called with the subject locked."""
    enterprise = subject.enterprise if isinstance(subject, Server) else subject
    ended = of_subject(subject).filter(state__in=SyncRun.OPEN).exclude(way=Server.WayIn.UPLOAD)
    ids = list(ended.values_list("pk", flat=True))
    count = ended.update(state=State.CANCELLED, finished_at=clock.now(enterprise), lease_until=None)
    for run in SyncRun.objects.filter(pk__in=ids):
        bulk.forget_staged(run.pk)
        _forget_half(run)
    return count


def sendable(limit: int = 500) -> list[int]:
    """Return ids of runs that a worker could take now: queued, waited long enough, or left by a dead worker."""
    # While its server is read, a queued run need not be sent: it is, when that run ends.
    active = SyncRun.objects.filter(server=OuterRef("server"), state__in=SyncRun.ACTIVE)
    queued = Q(state=State.QUEUED) & ~Exists(active)
    due = Q(state=State.WAITING, resume_at__lte=Now())
    left = Q(state=State.RUNNING, lease_until__lt=Now())
    return list(
        SyncRun.objects.filter(queued | due | left).order_by("pk").values_list("pk", flat=True)[:limit]
    )

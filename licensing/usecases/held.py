"""An owner's word on a held run: publish it, or discard it (ENGINEERING §2, PRODUCT §6.5)."""

from __future__ import annotations

from django.db import IntegrityError, transaction
from django.db.models import QuerySet

from ghconnect import clock
from ghconnect.models import Server, User
from ghconnect.queue import send
from ghconnect.usecases import audit
from licensing.models import SyncRun, bulk

from . import runs

State, Answer = SyncRun.State, SyncRun.Answer


class NotHeld(Exception):
    """The run waits for no decision: it was decided, or a later run took its place."""


class OtherDiff(Exception):
    """What the owner confirmed is not what the run would remove."""


class AnotherQueued(Exception):
    """A newer sync of this subject is queued; its result decides."""


class Unanswered(Exception):
    """The server was reinstalled, restored or copied: same accounts or a new instance? Other runs take no answer."""


def asks(run: SyncRun) -> bool:
    """Whether publishing needs an answer: the accounts of the server carry other creation times."""
    return any(hold["key"] == "recreated" for hold in run.holds)


def removed(run: SyncRun, answer: str = Answer.NONE) -> int:
    """Return how many accounts a held run takes away, or the license from: those its page lists (`diffs.losing`).

    Of a new instance all old accounts leave.
    """
    if answer == Answer.NEW:
        return int(run.counts.get("accounts", 0))
    return int(run.counts.get("losing", run.counts.get("gone", 0)))


@transaction.atomic
def publish(*, run: SyncRun, by: User | None, removes: int, answer: str = Answer.NONE) -> SyncRun:
    """Let a worker publish the held run; `removes` is the number of accounts the owner confirmed.

    `answer` is "same" or "new" where the run asks. Its rows are compared again with the picture of that moment.
    Raises NotHeld, Unanswered, OtherDiff, AnotherQueued, and GateClosed where the worker would find the gate closed;
    a file that was uploaded needs none (ENGINEERING §13).
    """
    subject = runs.lock_subject(run.server or run.enterprise)
    run = _held(run)
    if isinstance(subject, Server) and run.way != Server.WayIn.UPLOAD:
        runs.check_gate(subject)
    if asks(run) != bool(answer):
        raise Unanswered
    if removes != removed(run, answer):
        raise OtherDiff
    try:
        with transaction.atomic():
            word = {"answer": answer, "decided_by_login": audit.name_of(by)}
            _held_row(run).update(state=State.QUEUED, finished_at=None, **word)
    except IntegrityError:
        raise AnotherQueued from None
    told: dict[str, object] = {"removes": removes, **({"answer": str(answer)} if answer else {})}
    told |= {"before": {"state": "held"}, "after": {"state": "queued"}}
    audit.record("license_sync.publish_held", by=by, enterprise=run.enterprise, subject=str(run), **told)
    send("licensing.perform_sync", run_id=run.pk)
    run.refresh_from_db()
    return run


@transaction.atomic
def discard(*, run: SyncRun, by: User | None) -> SyncRun:
    """Discard the held run: the picture stays, the next sync starts afresh. Raises NotHeld."""
    runs.lock_subject(run.server or run.enterprise)
    run = _held(run)
    _held_row(run).update(
        state=State.DISCARDED, decided_by_login=audit.name_of(by), finished_at=clock.now(run.enterprise)
    )
    bulk.forget_staged(run.pk)
    told = {"before": {"state": "held"}, "after": {"state": "discarded"}}
    audit.record("license_sync.discard_held", by=by, enterprise=run.enterprise, subject=str(run), **told)
    send("licensing.refresh_attention", enterprise_id=run.enterprise_id)
    run.refresh_from_db()
    return run


def _held(run: SyncRun) -> SyncRun:
    found = SyncRun.objects.select_related("enterprise", "server").filter(pk=run.pk, state=State.HELD).first()
    if found is None:
        raise NotHeld
    return found


def _held_row(run: SyncRun) -> QuerySet[SyncRun]:
    return SyncRun.objects.filter(pk=run.pk, state=State.HELD)

"""A contract that changed, a server that goes: asked for at once, counted by a worker, in one edition, once.

The row is the truth, as of a run: claimed with a lease and an attempt, found again when its worker died or no bell
rang, and ended by the last statement of the transaction that counts.
"""

from __future__ import annotations

import logging

from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.db.models.functions import Now
from django.utils import timezone

from ghconnect import faults
from ghconnect.models import Enterprise, Server, User
from ghconnect.queue import send
from ghconnect.usecases import enterprises, servers
from licensing.models import Recount
from licensing.rules import schedule

from . import recount, runs

log = logging.getLogger(__name__)
Cause = Recount.Cause


def on_contract(*, enterprise: Enterprise, by: User | None) -> None:
    """What an invitation consumes depends on the contract (ENGINEERING §18)."""
    _count_by_next(enterprise, Cause.CONTRACT, by)


def on_setting(*, enterprise: Enterprise, by: User | None) -> None:
    """What accounts never active consume is a setting (PRODUCT §3)."""
    _count_by_next(enterprise, Cause.SETTING, by)


def _count_by_next(enterprise: Enterprise, cause: Recount.Cause, by: User | None) -> None:
    """Where nothing is counted yet it holds at once."""
    if enterprise.edition:
        _ask(enterprise, cause, by)
    else:
        enterprises.take_next(enterprise=enterprise)


def on_server_leaving(*, server: Server, by: User | None) -> None:
    """Let a worker take the server's accounts out of the numbers, and the server with them."""
    _ask(server.enterprise, Cause.SERVER, by, server)


def _ask(enterprise: Enterprise, cause: Recount.Cause, by: User | None, server: Server | None = None) -> None:
    facts = {"server": server, "by": by}
    subject = server.host if server else ""
    row, _ = Recount.objects.get_or_create(
        enterprise=enterprise, cause=cause, subject=subject, done_at=None, defaults=facts
    )
    send("licensing.recount", recount_id=row.pk)
    faults.at("recount:asked")


def sendable() -> list[int]:
    """Return ids of what a worker could count now."""
    return list(_free().order_by("pk").values_list("pk", flat=True)[:100])


def _free() -> QuerySet[Recount]:
    rested = Q(resume_at=None) | Q(resume_at__lte=Now())
    return Recount.objects.filter(rested, Q(lease_until=None) | Q(lease_until__lt=Now()), done_at=None)


def perform(*, recount_id: int) -> bool:
    """Count, unless another worker is at it; returns whether it was done. Never raises for its trouble."""
    row = _claim(recount_id)
    if row is None:
        return False
    try:
        with runs.heartbeat(row):
            _count(row)
    except runs.LostRun:
        log.info("recount %s is somebody else's now", row)
        return False
    except Exception:
        log.exception("recount %s", row)
        pause = schedule.wait(row.failures + 1, seed=str(row.pk))
        _mine(row).update(lease_until=None, failures=F("failures") + 1, resume_at=Now() + pause)
        return False
    send("licensing.refresh_attention", enterprise_id=row.enterprise_id)
    log.info("recount %s is done", row)
    return True


def _claim(recount_id: int) -> Recount | None:
    taken = _free().filter(pk=recount_id)
    if not taken.update(attempt=F("attempt") + 1, lease_until=Now() + runs.lease()):
        return None
    faults.at("recount:claimed")
    return Recount.objects.select_related("enterprise", "server", "by").filter(pk=recount_id).first()


def _mine(row: Recount) -> QuerySet[Recount]:
    return Recount.objects.filter(pk=row.pk, attempt=row.attempt, done_at=None)


@transaction.atomic
def _count(row: Recount) -> None:
    """The enterprise is locked first, as everywhere; the fence is the last statement. Raises LostRun."""
    enterprise = Enterprise.objects.select_for_update(no_key=True).get(pk=row.enterprise_id)
    if not _mine(row).exists():
        raise runs.LostRun(str(row))
    asked = {Cause.CONTRACT: enterprise.next_contract, Cause.SETTING: enterprise.next_never_active}
    if asked.get(Cause(row.cause)) is not None:
        recount.everything(enterprise=enterprise, cause=row.cause)
    if row.cause == Cause.SERVER and row.server is not None:
        servers.remove(server=row.server, by=row.by)
    faults.at("recount:before-fence")
    if not _mine(row).update(done_at=timezone.now(), lease_until=None):
        raise runs.LostRun(str(row))
    transaction.on_commit(lambda: faults.at("recount:after"))

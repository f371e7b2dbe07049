"""A contract that changed, a server that goes: asked for at once, counted by a worker, in one edition, once.

The row is the truth, as of a run: claimed with a lease and an attempt, found again when its worker died or no bell
rang, and ended by the last statement of the transaction that counts. One that kills every worker, or fails for a
day, is given up: what it was to change stays as it is, and says so, until somebody asks for it again.
"""

from __future__ import annotations

import logging

from django.db import DatabaseError, transaction
from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.db.models.functions import Now
from django.utils import timezone

from ghconnect import clock, faults
from ghconnect.models import Enterprise, Server, User
from ghconnect.queue import send
from ghconnect.usecases import enterprises, servers
from licensing.models import Edition, Recount
from licensing.rules import guard, schedule, version

from . import recount, runs

log = logging.getLogger(__name__)
Cause = Recount.Cause
# The waits between so many failures add up to more than a day.
TRIES = 14
# Why a count by new rules waits for an operator's word.
RELEASES = "rules_release"


def on_contract(*, enterprise: Enterprise, by: User | None) -> None:
    """What an invitation consumes depends on the contract (ENGINEERING §18)."""
    _count_by_next(enterprise, Cause.CONTRACT, by)


def on_setting(*, enterprise: Enterprise, by: User | None) -> None:
    """What accounts never active consume is a setting (PRODUCT §3), and what invitations of managed users do."""
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


def by_rules() -> None:
    """Ask for a count where people were decided by the rules of an earlier release (ENGINEERING §9)."""
    asked = Recount.objects.filter(enterprise=OuterRef("pk"), cause=Cause.RULES, done_at=None)
    behind = Enterprise.objects.filter(~Exists(asked), edition__gt=0, rules_version__lt=version.RULES_VERSION)
    for enterprise in behind.order_by("pk"):
        with transaction.atomic():
            _ask(enterprise, Cause.RULES, None)


def let_rules(*, enterprise: Enterprise) -> bool:
    """Let new rules release what they release; returns whether a count waited for that word."""
    waits = Recount.objects.filter(
        enterprise=enterprise, cause=Cause.RULES, done_at=None, error_key=RELEASES, failed_at__isnull=False
    )
    return bool(waits.update(failed_at=None, failures=0, takeovers=0, resume_at=None))


class WouldRelease(Exception):
    """New rules would release many licenses: nobody has said yet that they may."""


def _ask(enterprise: Enterprise, cause: Recount.Cause, by: User | None, server: Server | None = None) -> None:
    facts = {"server": server, "by": by}
    subject = server.host if server else ""
    row, _ = Recount.objects.get_or_create(
        enterprise=enterprise, cause=cause, subject=subject, done_at=None, defaults=facts
    )
    Recount.objects.filter(pk=row.pk, failed_at__isnull=False).update(
        failed_at=None, error_key="", failures=0, takeovers=0, resume_at=None
    )
    send("licensing.recount", recount_id=row.pk)
    faults.at("recount:asked")


def sendable() -> list[int]:
    """Return ids of what a worker could count now."""
    return list(_free().order_by("pk").values_list("pk", flat=True)[:100])


def _free() -> QuerySet[Recount]:
    rested = Q(resume_at=None) | Q(resume_at__lte=Now())
    idle = Q(lease_until=None) | Q(lease_until__lt=Now())
    return Recount.objects.filter(rested, idle, done_at=None, failed_at=None)


def perform(*, recount_id: int) -> bool:
    """Count, unless another worker is at it; returns whether it was done. Never raises for its trouble."""
    row = _claim(recount_id)
    if row is None:
        return False
    try:
        with runs.heartbeat(row):
            _count(row)
    except WouldRelease:
        _give_up(row, RELEASES)
        return False
    except runs.LostRun:
        log.info("recount %s is somebody else's now", row)
        return False
    except Exception as error:
        log.exception("recount %s", row)
        _failed(row, "store" if isinstance(error, DatabaseError) else "internal")
        return False
    send("licensing.refresh_attention", enterprise_id=row.enterprise_id)
    log.info("recount %s is done", row)
    return True


def _claim(recount_id: int) -> Recount | None:
    taken = _free().filter(pk=recount_id)
    with transaction.atomic():
        taken.filter(lease_until__lt=Now()).update(takeovers=F("takeovers") + 1)
        if not taken.update(attempt=F("attempt") + 1, lease_until=Now() + runs.lease()):
            return None
    faults.at("recount:claimed")
    row = Recount.objects.select_related("enterprise", "server", "by").filter(pk=recount_id).first()
    if row is not None and row.takeovers >= runs.MAX_TAKEOVERS:
        _give_up(row, "worker_died")
        return None
    return row


def _failed(row: Recount, key: str) -> None:
    """Let it rest, longer each time; after so many failures it is given up."""
    if row.failures + 1 >= TRIES:
        _give_up(row, key)
        return
    pause = schedule.wait(row.failures + 1, seed=str(row.pk))
    rests = {"failures": row.failures + 1, "takeovers": 0, "resume_at": Now() + pause}
    _mine(row).update(lease_until=None, **rests)


def _give_up(row: Recount, key: str) -> None:
    ends = {"failed_at": clock.now(row.enterprise), "error_key": key, "lease_until": None}
    if _mine(row).update(**ends):
        send("licensing.refresh_attention", enterprise_id=row.enterprise_id)
        log.error("recount %s is given up: %s", row, key)


def _mine(row: Recount) -> QuerySet[Recount]:
    return Recount.objects.filter(pk=row.pk, attempt=row.attempt, done_at=None)


@transaction.atomic
def _count(row: Recount) -> None:
    """The enterprise is locked first, as everywhere; the fence is the last statement. Raises LostRun."""
    enterprise = Enterprise.objects.select_for_update(no_key=True).get(pk=row.enterprise_id)
    if not _mine(row).exists():
        raise runs.LostRun(str(row))
    asked = {Cause.CONTRACT: enterprise.next_contract, Cause.SETTING: enterprise.next_setting}
    if asked.get(Cause(row.cause)) is not None:
        recount.everything(enterprise=enterprise, cause=row.cause)
    if row.cause == Cause.RULES and enterprise.rules_version < version.RULES_VERSION:
        _count_by_rules(enterprise, may_release=row.error_key == RELEASES)
    if row.cause == Cause.SERVER and row.server is not None:
        servers.remove(server=row.server, by=row.by)
    faults.at("recount:before-fence")
    if not _mine(row).update(done_at=timezone.now(), lease_until=None):
        raise runs.LostRun(str(row))
    transaction.on_commit(lambda: faults.at("recount:after"))


def _count_by_rules(enterprise: Enterprise, *, may_release: bool) -> None:
    """Decide everybody by the rules of this release; raises WouldRelease above the limit of a sync."""
    stood = Edition.objects.get(enterprise=enterprise, number=enterprise.edition).totals["expected"]
    edition = recount.everything(enterprise=enterprise, cause=f"rules {version.RULES_VERSION}")
    released = stood - edition.totals["expected"]
    if not may_release and released > guard.limit(5, 2, stood, enterprise.hold_limit):
        raise WouldRelease(str(released))

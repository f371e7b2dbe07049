"""What follows from the switch: a first run at once and due rows, or neither (ENGINEERING §13, §22).

The `on_*` functions are the callbacks of the feature; they run with the server row locked.
"""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from django.db import transaction

from ghconnect import clock
from ghconnect.models import Connection, Enterprise, Server, User
from ghconnect.queue import send
from licensing.models import DueSync, SyncRun
from licensing.rules import schedule

from . import runs

log = logging.getLogger(__name__)
Trigger = SyncRun.Trigger
# By kind: what is due lies within it, with an hour of jitter and the end of quiet hours, or the clock was ahead.
FARTHEST = {"weekly": timedelta(days=8), "daily": timedelta(days=1, hours=1), "hourly": timedelta(hours=2)}


def jitter_of(server: Server) -> timedelta:
    """Return the server's jitter: from its UUID, until known its host, at the time it was enabled.

    A due row goes on with the jitter it has: with another one a week that was run would come due again.
    """
    row = DueSync.objects.filter(server=server).first()
    kept = schedule.kept_jitter(row.anchor, row.period) if row else None
    return schedule.jitter(server.server_id or server.host) if kept is None else kept


def quiet_of(server: Server) -> tuple[schedule.QuietHours | None, ZoneInfo]:
    """Return the hours in which the server is not read, and the zone in which they are meant."""
    quiet = (
        None if server.quiet_from is None or server.quiet_to is None else (server.quiet_from, server.quiet_to)
    )
    return quiet, ZoneInfo(server.enterprise.time_zone)


def next_due(server: Server, anchor: datetime, now: datetime) -> schedule.Due:
    """Return the server's next weekly moment after `now`, outside its quiet hours."""
    return schedule.next_due(anchor, now, jitter_of(server), *quiet_of(server))


def on_enable(*, server: Server, by: User | None) -> None:
    """Enabled: due every week from now, and a first run at once where the console can read the server itself."""
    now = clock.now(server.enterprise)
    due = next_due(server, now, now)
    DueSync.objects.update_or_create(
        server=server,
        defaults={
            "enterprise": server.enterprise,
            "kind": "weekly",
            "anchor": now,
            "at": due.at,
            "period": due.period_key,
        },
    )
    if server.way_in == Server.WayIn.PULL:
        runs.request(subject=server, trigger=Trigger.FIRST, by=by)
    _look_again(server.enterprise)


def on_disable(*, server: Server, by: User | None) -> None:
    """Disabled or disconnected: no due row, open runs cancelled; what was read stays."""
    DueSync.objects.filter(server=server).delete()
    runs.cancel_open(server)
    _look_again(server.enterprise)


def on_token_replaced(*, server: Server, by: User | None) -> None:
    """A new token: read at once, if the gate is open."""
    if server.way_in == Server.WayIn.PULL and Connection.objects.filter(server=server).exists():
        try:
            runs.request(subject=server, trigger=Trigger.MANUAL, by=by)
        except runs.GateClosed as closed:
            log.info("%s has a new token; not read: %s", server, closed.reason)


def on_server_removed(*, server: Server, by: User | None) -> None:
    """The server goes: its accounts leave the numbers in an edition of their own."""
    from . import removal

    removal.retire(server=server)
    _look_again(server.enterprise)


def _look_again(enterprise: Enterprise) -> None:
    """Let a worker see what needs somebody now."""
    send("licensing.refresh_attention", enterprise_id=enterprise.pk)


def on_enterprise_token(*, enterprise: Enterprise, by: User | None) -> None:
    """The enterprise has a token: GitHub's report at once, then daily; its sync status hourly."""
    now = clock.now(enterprise)
    for kind, due in (
        ("daily", schedule.daily(enterprise.slug, now)),
        ("hourly", schedule.hourly(enterprise.slug, now)),
    ):
        DueSync.objects.update_or_create(
            enterprise=enterprise,
            server=None,
            kind=kind,
            defaults={"anchor": now, "at": now if kind == "hourly" else due.at, "period": due.period_key},
        )
    runs.request(subject=enterprise, trigger=Trigger.FIRST, by=by)


def dispatch(*, now: datetime | None = None) -> int:
    """Request what is due, one subject at a time; one that fails never stops the rest. Returns how many.

    `now` stands for every enterprise's own time in tests.
    """
    count = 0
    # A pretend enterprise whose time is in the past is being loaded.
    rows = DueSync.objects.filter(enterprise__clock_offset__gte=0).order_by("at")
    for pk in list(rows.values_list("pk", flat=True)):
        try:
            count += _one(pk, now)
        except Exception:
            log.exception("due row %s could not be dispatched", pk)
    return count


@transaction.atomic
def _one(pk: int, now: datetime | None) -> bool:
    due = DueSync.objects.select_related("enterprise", "server__enterprise").filter(pk=pk).first()
    if due is None:
        return False
    moment = now or clock.now(due.enterprise)
    if due.at > moment:
        return _check_far(due, moment)
    runs.lock_subject(due.server or due.enterprise)
    due = (
        DueSync.objects.select_for_update(of=("self",))
        .select_related("enterprise", "server__enterprise")
        .filter(pk=pk, at__lte=moment)
        .first()
    )
    if due is None or _put_off(due, moment):
        return False  # another beat was faster, or its owner meanwhile said not now
    _request(due, moment)
    return True


def _put_off(due: DueSync, now: datetime) -> bool:
    """Move what is due in quiet hours that were set since to their end; its period stays."""
    if due.server is None:
        return False
    at = schedule.after_quiet(due.at, *quiet_of(due.server))
    if at <= now:
        return False
    DueSync.objects.filter(pk=due.pk).update(at=at)
    return True


def _request(due: DueSync, now: datetime) -> None:
    if due.kind == "hourly":
        _advance(due, schedule.hourly(due.enterprise.slug, now))
        send("licensing.watch_github", enterprise_id=due.enterprise_id)
        return
    if due.server is None:
        period, after = due.period, schedule.daily(due.enterprise.slug, now)
        runs.request(subject=due.enterprise, trigger=Trigger.DAILY, period=period)
    else:
        (*missed, latest), after = _weekly(due, due.server, now)
        period = latest.period_key
        if due.server.way_in == Server.WayIn.PULL:
            _request_weekly(due.server, period, missed)
    _advance(due, after)


def _weekly(due: DueSync, server: Server, now: datetime) -> tuple[list[schedule.Due], schedule.Due]:
    """The periods that have passed, the latest last, and the next."""
    passed = schedule.passed(due.anchor, due.at, now, jitter_of(server), *quiet_of(server))
    late = [one for one in passed if one.period_key != due.period]
    return [schedule.Due(due.at, due.period), *late], next_due(server, due.anchor, now)


def _request_weekly(server: Server, period: str, missed: list[schedule.Due]) -> None:
    """Request one run, for the latest period; those missed before it are recorded."""
    try:
        runs.check_gate(server)
        for one in missed:
            runs.missed(server, one)
        runs.request(subject=server, trigger=Trigger.WEEKLY, period=period)
    except runs.GateClosed as closed:
        log.info("%s is due but not read: %s", server, closed.reason)


def _advance(due: DueSync, after: schedule.Due) -> None:
    DueSync.objects.filter(pk=due.pk).update(at=after.at, period=after.period_key)


def _check_far(due: DueSync, now: datetime) -> bool:
    """A moment that is too far away is worked out anew, for a server from the anchor, and said."""
    if due.at - now > FARTHEST[due.kind]:
        after = next_of(due, now)
        log.warning(
            "%s was due at %s, which is too far; now %s", due.server or due.enterprise, due.at, after.at
        )
        _advance(due, after)
    return False


def next_of(due: DueSync, now: datetime) -> schedule.Due:
    """Return when the subject of a due row is due next after `now`."""
    if due.server is not None:
        return next_due(due.server, due.anchor, now)
    return (schedule.hourly if due.kind == "hourly" else schedule.daily)(due.enterprise.slug, now)

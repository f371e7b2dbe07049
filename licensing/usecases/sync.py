"""Perform one run: claim → fetch → stage → compare → guard → publish (DESIGN §4).

Everything before publish happens outside a transaction; a run taken over goes on from the last finished step.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from contextlib import suppress
from datetime import timedelta
from itertools import islice
from typing import Any

from django.conf import settings
from django.db import DatabaseError, transaction

from ghconnect import clock, faults
from ghconnect.github.errors import GitHubError
from ghconnect.models import Server
from ghconnect.queue import send
from ghconnect.usecases import clients, connect
from licensing.models import CloudPicture, GitHubSync, SyncRun, bulk
from licensing.rules import formats, guard, schedule

from . import chunks, cloud, editions, publish, publish_cloud, runs
from .runs import LostRun

log = logging.getLogger(__name__)
State, Step = SyncRun.State, SyncRun.Step
# Temporary trouble is tried so often where no next period ends the trying ("Sync now", push, upload, cloud).
TRIES = 6
# Our own store is back soon after a restart, or not for long: one try at once, then waits as for others.
STORE_IS_BACK = timedelta(seconds=2)
A_DAY = timedelta(days=1)
# A report that is being prepared (202) is asked for after 2, 4, 8 … 60 s, for about twenty minutes.
PREPARING_TRIES = 25
STORE = (publish.StagedLost, chunks.DamagedChunk, DatabaseError)
REPORT = formats.FORMATS["all_users_csv"]


def perform(*, run_id: int) -> SyncRun | None:
    """Bring one run to its end, or to a wait; None when somebody else has it. Never raises for a run's trouble."""
    if settings.GHCONNECT_PAUSE_SYNCS:
        log.info("syncs are paused (GHCONNECT_PAUSE_SYNCS); run %s stays queued", run_id)
        return None
    run = runs.claim(run_id)
    if run is None:
        return None
    try:
        with runs.heartbeat(run):
            _work(run)
    except LostRun:
        log.info("run %s is somebody else's now", run_id)
    except (GitHubError, formats.BadFile, publish.OlderReport) as error:
        _told(run, error)
    except Exception as error:
        log.exception("sync %s", run)
        key = "store" if isinstance(error, STORE) else "internal"
        _trouble(run, key, {"problem": type(error).__name__}, permanent=False)
    return _over(run)


def _over(run: SyncRun) -> SyncRun | None:
    """Say how the run stands now; a run that was removed with its server says nothing."""
    found = SyncRun.objects.select_related("enterprise", "server__enterprise").filter(pk=run.pk).first()
    if found is not None:
        _say(found)
        send("licensing.refresh_attention", enterprise_id=found.enterprise_id)
    return found


def _work(run: SyncRun) -> None:
    fetched = time.monotonic()
    if not run.fetch_complete:
        runs.save(run, step=Step.FETCH)
        faults.at("fetch:before")
        _fetch(run)
        faults.at("fetch:after")
    run.seconds = {**run.seconds, "fetch": round(time.monotonic() - fetched, 2)}
    runs.save(run, step=Step.STAGE, seconds=run.seconds)
    _stage(run)
    faults.at("stage:after")
    if run.server is not None:
        publish.refuse_older(run, run.server)
    holds, counts, same_as = _compare(run)
    faults.at("compare:after")
    runs.save(run, step=Step.GUARD)
    if holds and not _confirmed(run, holds, counts):
        _hold(run, holds, {**run.counts, **counts})
        faults.at("hold:after")
        return
    faults.at("guard:after")
    runs.save(run, step=Step.PUBLISH)
    if run.server is None:
        publish_cloud.publish_cloud(run)
    else:
        publish.server(run, same_as=same_as)


# --- fetch ---------------------------------------------------------------------------------------------------


def _fetch(run: SyncRun) -> None:
    if run.server is None:
        with clients.of_enterprise(run.enterprise) as client:
            cloud.fetch(run, client)
        return
    with clients.of_server(run.server) as reader:
        meta = reader.meta()
        _keep_license(run.server, reader, meta.installed_version)
        with reader.users_report() as report:
            _keep_report(run, report.chunks, report.observed_at)
    connect.mark_mended(server=run.server)


def _keep_report(run: SyncRun, body: Iterator[bytes], observed_at: Any) -> None:
    """Project the report while it arrives and keep the read fields; complete means: it ends with a full row."""
    tally = chunks.Tally()
    accounts = formats.read(REPORT, tally.bytes(body))
    with chunks.arriving() as upload:
        chunks.write(formats.write_projection(_progress(run, accounts)), upload=upload)
        runs.fetched(
            run,
            upload,
            fetched=run.fetched,
            bytes=tally.size,
            sha256=tally.sha256,
            format=REPORT.key,
            observed_at=observed_at or clock.now(run.enterprise),
            age_known=observed_at is not None,
        )


def _progress(run: SyncRun, accounts: Iterator[Any]) -> Iterator[Any]:
    """Count accounts on the run row as they come: at each second, not at each account."""
    said, run.fetched = time.monotonic(), 0
    for account in accounts:
        run.fetched += 1
        if run.fetched % 200 == 0 and time.monotonic() - said > 1:
            said = time.monotonic()
            runs.save(run, fetched=run.fetched)
        yield account


def _keep_license(server: Server, reader: Any, version: str) -> None:
    """Keep the server's version and what its license says; a server that tells no license is synced all the same."""
    facts: dict[str, Any] = {"version": version[:32]}
    try:
        license = reader.license()
    except GitHubError as error:
        log.info("license of %s not read: %s", server, error)
    else:
        facts |= {
            "license_seats": license.seats,
            "license_unlimited": license.seats is None,
            "license_seats_used": license.seats_used,
            "license_days_left": license.days_until_expiration,
            "license_read_at": clock.now(server.enterprise),
        }
    Server.objects.filter(pk=server.pk).update(**facts)


# --- stage, compare, guard -----------------------------------------------------------------------------------


def _stage(run: SyncRun) -> None:
    """Load what was fetched, part by part: read outside a transaction, written in short ones, which stall nobody.

    Each part goes through the fence: a worker that lost its run loads nothing more, and what it loaded carries its
    own attempt, which nobody reads.
    """
    with transaction.atomic():
        runs.renew(run)
        bulk.forget_staged(run.pk)
    for staged in cloud.staged(run) if run.server is None else _staged_accounts(run):
        with transaction.atomic():
            runs.renew(run)
            for table, columns, rows in staged:
                bulk.load(table, columns, rows)
    faults.at("stage:loaded")
    with transaction.atomic():
        _complete(run)
        runs.save(run, step=Step.COMPARE, counts=run.counts)
        faults.at("stage:before")


def _complete(run: SyncRun) -> None:
    """Do what needs all staged rows at once."""
    if run.server is None:
        if run.counts.get("drifting"):
            kept = bulk.stage_lacked(run.pk, run.attempt, run.enterprise.pk)
            run.counts = {**run.counts, "kept": kept}
        bulk.analyze(*cloud.STAGED)
        return
    bulk.analyze("licensing_stagedaccount")
    if run.answer != SyncRun.Answer.NEW:
        bulk.keep_good_names(run.pk, run.attempt, run.server.pk)


def _staged_accounts(run: SyncRun) -> Iterator[list[bulk.Part]]:
    """Yield the accounts of the run's chunks as rows to load, a batch at a time."""
    accounts = bulk.as_staged(run.pk, run.attempt, formats.projected(chunks.read(run)))
    while batch := list(islice(accounts, bulk.BATCH)):
        yield [("licensing_stagedaccount", bulk.STAGED, batch)]


def _compare(run: SyncRun) -> tuple[list[dict[str, Any]], dict[str, int], int | None]:
    """Compare with our last picture only; returns the reasons to hold, and the counts behind them.

    The third is the edition that what was read is equal to: while it stands, nothing has to be compared again.
    """
    if run.server is None:
        return (*_compare_cloud(run), None)
    before = run.enterprise.edition  # as it was at the claim: a later one only means to compare again
    now = bulk.compare_totals(run.pk, run.attempt, run.server.pk)
    at_end = bulk.missing_at_end(run.pk, run.attempt, run.server.pk, now["last"]) if now["gone"] else 0
    releases = bulk.licenses_at_stake(run.pk, run.attempt, run.server.pk) if now["stopping"] else 0
    found = guard.guard(
        guard.GuardInput(
            accounts=now["present"],
            consuming=now["consuming"],
            reported=run.fetched,
            stopping=now["stopping"],
            releases=releases,
            rekeyed=now["rekeyed"],
            known=now["present"] - now["gone"],
            recreated=now["recreated"],
            missing_at_end=at_end,
            limit=run.enterprise.hold_limit,
            host=run.server.host,
            server_id=run.server.server_id,
            server_id_at_github=_at_github(run.server),
        )
    )
    if not now["present"] and run.fetched:
        found = [hold for hold in found if hold.key == "other_server"]  # a first picture takes nothing away
    counts = {
        "gone": now["gone"],
        "stopping": now["stopping"],
        "losing": now["losing"],
        "accounts": now["present"],
        "releases": releases,
    }
    same = not run.answer and now["same"] == now["present"] == run.fetched
    return [{"key": hold.key, "params": hold.params} for hold in found], counts, before if same else None


def _confirmed(run: SyncRun, holds: list[dict[str, Any]], counts: dict[str, int]) -> bool:
    """Whether an owner confirmed just this: the picture may have moved since (ENGINEERING §2)."""
    seen = {name: run.counts.get(name) for name in counts}
    return bool(run.decided_by_login) and (run.holds, seen) == (holds, counts)


@transaction.atomic
def _hold(run: SyncRun, holds: list[dict[str, Any]], counts: dict[str, int]) -> None:
    """Hold the run; GitHub's count, which is never held, comes into the edition that stays."""
    enterprise, server = publish.lock(run)
    if server is None:
        editions.refresh_counts(enterprise)
    runs.hold(run, holds, counts)


def _at_github(server: Server) -> str:
    newest = GitHubSync.standing(enterprise=server.enterprise, host=server.host).first()
    return newest.instance_id if newest else ""


def _compare_cloud(run: SyncRun) -> tuple[list[dict[str, Any]], dict[str, int]]:
    kinds = publish_cloud.kinds_read(run)
    now = bulk.cloud_totals(run.pk, run.attempt, run.enterprise.pk, kinds)
    pairs = {name: (now[name], now[name] - now[f"{name}_gone"]) for name in ("rows", "joins", "values")}
    first = not CloudPicture.objects.filter(enterprise=run.enterprise).exclude(rows_at=None).exists()
    if first:
        return [], {}
    found = guard.guard_cloud(
        guard.CloudGuardInput(rows=pairs["rows"], joins=pairs["joins"], identities=pairs["values"])
    )
    return [{"key": hold.key, "params": hold.params} for hold in found], {"gone": now["rows_gone"]}


# --- trouble -------------------------------------------------------------------------------------------------


def _trouble(
    run: SyncRun,
    key: str,
    params: dict[str, str],
    *,
    permanent: bool,
    retry_after: timedelta | None = None,
) -> None:
    """Permanent trouble breaks the connection and ends the run; temporary trouble waits, within its period."""
    try:
        if permanent:
            _give_up(run, key, params)
            return
        if key == "preparing" and _prepare(run, params):
            return
        pause = schedule.wait(run.failures + 1, retry_after, seed=str(run.pk))
        if key == "store" and not run.failures:
            pause = STORE_IS_BACK
        if run.failures + 1 >= TRIES and not (_within_period(run, pause) or _only_waits(run, key)):
            runs.fail(run, key, params)
            return
        runs.wait(run, pause, key, params, failed=not _only_waits(run, key))
    except LostRun:
        log.info("run %s is somebody else's now", run.pk)


def _only_waits(run: SyncRun, key: str) -> bool:
    """Requests of GitHub's hour that are used up are no failure, unless they have been for a day without a page."""
    if key != "rate" or run.server is not None:
        return False
    return run.started_at is None or clock.now(run.enterprise) - run.started_at < A_DAY


@transaction.atomic
def _give_up(run: SyncRun, key: str, params: dict[str, str]) -> None:
    """Fail the run, then mark the connection: a worker that lost its run breaks nothing."""
    runs.fail(run, key, params)
    if run.server is not None and run.way == Server.WayIn.PULL:
        connect.mark_broken(server=run.server, key=key, params=params)


def _prepare(run: SyncRun, params: dict[str, str]) -> bool:
    """A server that prepares its report is asked again soon, then less often; False once that took too long."""
    asked = int(run.counts.get("asked", 0)) + 1
    if asked > PREPARING_TRIES:
        return False
    runs.save(run, counts={**run.counts, "asked": asked})
    runs.wait(run, timedelta(seconds=min(2**asked, 60)), "preparing", params, failed=False)
    return True


def _told(run: SyncRun, error: GitHubError | formats.BadFile | publish.OlderReport) -> None:
    """Trouble with the other side or with what it gave."""
    if isinstance(error, GitHubError):
        _trouble(run, error.key, error.params, permanent=error.permanent, retry_after=error.retry_after)
    elif isinstance(error, formats.BadFile):
        _trouble(run, error.key, _where(run, error), permanent=run.way != Server.WayIn.PULL)
    else:
        _older(run, error.params)


def _older(run: SyncRun, params: dict[str, str]) -> None:
    """A file is refused; a server that made its report too long ago is asked again for another one."""
    pulled = run.way == Server.WayIn.PULL
    if pulled:
        with suppress(LostRun):
            runs.save(run, fetch_complete=False)
    _trouble(run, "older_file", params, permanent=not pulled)


def _where(run: SyncRun, error: formats.BadFile) -> dict[str, str]:
    """What the sentence of a bad file needs: file, line, column, problem."""
    given = {name: str(value) for name, value in error.params.items()}
    return {"file": run.file_name or "all_users.csv", "host": run.server.host if run.server else "", **given}


def _within_period(run: SyncRun, pause: timedelta) -> bool:
    """A weekly run keeps trying until the next period begins (ENGINEERING §3)."""
    if run.server is None or not run.period:
        return False
    due = getattr(run.server, "due", None)
    return due is not None and clock.now(run.enterprise) + pause < due.at


def _say(run: SyncRun) -> None:
    """One log line per run, with the same facts as fields for logs that keep fields (ENGINEERING §28)."""
    if run.state not in SyncRun.GOOD:
        return  # what failed, waits or is held has said so where that was decided
    c, s = run.counts, run.seconds
    fetch, publish = s.get("fetch", 0), s.get("publish", 0)
    log.info(
        "sync %s %s %s %s +%s −%s in %.1f s (fetch %.1f, publish %.1f)",
        run,
        run.state,
        run.fetched,
        "accounts" if run.server else "rows",
        c.get("added", c.get("rows_added", 0)),
        c.get("gone", c.get("rows_gone", 0)),
        fetch + publish,
        fetch,
        publish,
        extra={"run": str(run), "run_id": run.pk, "state": run.state, "rows": run.fetched, "seconds": s},
    )

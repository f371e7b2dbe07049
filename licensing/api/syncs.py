"""Sync runs for scripts: ask for one, watch it, and say an owner's word on a held one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.utils.translation import gettext as _
from ninja import Router, Schema

from ghconnect import paging, wording
from ghconnect.api import auth
from ghconnect.api.answers import answer, changed, paged, tagged
from ghconnect.api.auth import refuse
from ghconnect.api.console import ADMIN, READ, enterprise_of, server_of
from ghconnect.api.shapes import CHANGES, CONFLICTS, PROBLEMS, Cursor, Paged, Size
from ghconnect.models import Enterprise, Server
from licensing import diffs, run_export, sides
from licensing.license_records import iso
from licensing.models import SyncRun
from licensing.usecases import held, runs

router = Router(tags=["console"])
LARGEST = 2**31 - 1
CLOUD, SERVER = "/syncs", "/servers/{host}/syncs"
AS_CSV = {"x-content": ["text/csv"]}


class Hold(Schema):
    """Why a run is held."""

    key: str
    words: str


class Trouble(Schema):
    """What went wrong."""

    key: str
    words: str


class Run(Schema):
    """One sync run; `host` is null for a run of the cloud side. `over` once nothing moves any more."""

    number: int
    host: str | None
    state: str
    step: str
    over: bool
    trigger: str
    requested_at: str
    requested_by: str
    started_at: str | None
    finished_at: str | None
    observed_at: str | None
    fetched: int
    expected_rows: int | None
    bytes: int
    counts: dict[str, Any]
    removes: int | None
    holds: list[Hold]
    trouble: Trouble | None
    decided_by: str
    edition: int | None


class Runs(Paged):
    """Runs, newest first."""

    items: list[Run]


class Change(Schema):
    """What a run did to one account, whose it is and whose it was before where that is another; `license` is what it
    did to the licenses: 1, 0 or -1. Without a host it is of a person who has no account on a server.
    """

    kind: str
    words: str
    person: int | None
    person_before: int | None
    login: str | None
    host: str | None
    license: int
    reason: str


class Changes(Paged):
    """The diff of a run."""

    items: list[Change]


class Loses(Schema):
    """An account that publishing a held run would take, or take the license from; `released` where one is freed."""

    remote_user_id: int
    login: str
    email: str
    person: int | None
    released: bool
    words: str


class Losing(Paged):
    """Whom publishing a held run would take; none where its report is kept no longer."""

    items: list[Loses]


class Publish(Schema):
    """How many accounts publishing may remove: what the run says in `removes`.

    A run held because accounts carry other creation times (`recreated`) needs `answer`: "same" accounts, or "new"
    instance, of which all old accounts leave, and `removes` is how many that are.
    """

    removes: int
    answer: Literal["", "same", "new"] = ""


@router.get(SERVER, auth=READ, response={200: Runs, **PROBLEMS})
def server_syncs(
    request: HttpRequest, host: str, after: Cursor = "", before: Cursor = "", limit: Size = 50
) -> HttpResponse:
    """List the runs of a server, newest first. Scope read:enterprise."""
    return _list(request, server_of(request, host), limit)


@router.get(CLOUD, auth=READ, response={200: Runs, **PROBLEMS})
def cloud_syncs(
    request: HttpRequest, after: Cursor = "", before: Cursor = "", limit: Size = 50
) -> HttpResponse:
    """List the readings of GitHub's own report, newest first. Scope read:enterprise."""
    return _list(request, enterprise_of(request), limit)


def _list(request: HttpRequest, subject: Server | Enterprise, limit: int) -> HttpResponse:
    page = paging.of(request, _of(subject), "-number", size=limit)
    return paged(request, page, [_run(run) for run in page.rows])


@router.post(SERVER, auth=ADMIN, response={202: Run, **CONFLICTS})
def server_sync_start(request: HttpRequest, host: str) -> HttpResponse:
    """Ask for a sync, as "Sync now" does: 202 with the run that will read the server. Scope admin:connect."""
    server = server_of(request, host)
    if server.way_in != Server.WayIn.PULL:
        raise refuse(409, "not_read", _("This console does not read this server. Add its file instead."))
    try:
        run = runs.request(subject=server, trigger=SyncRun.Trigger.MANUAL)
    except runs.GateClosed as closed:
        raise refuse(409, closed.reason, gate_words(closed.reason)) from None
    return answer(_run(_find(server, run.number)), 202)


@router.post(CLOUD, auth=ADMIN, response={202: Run, **CONFLICTS})
def cloud_sync_start(request: HttpRequest) -> HttpResponse:
    """Ask for a reading of GitHub's report. Scope admin:connect."""
    enterprise = enterprise_of(request)
    if not enterprise.token:
        raise refuse(409, "no_cloud_token", _("This enterprise has no token of GitHub here."))
    run = runs.request(subject=enterprise, trigger=SyncRun.Trigger.MANUAL)
    return answer(_run(_find(enterprise, run.number)), 202)


def gate_words(reason: str) -> str:
    """Say why the gate is closed, by `GateClosed.reason`."""
    if reason == "connect_off":
        return _("Enable GitHub Connect first.")
    return _("Set license sync to Enabled first.")


@router.get(SERVER + "/{number}", auth=READ, response={200: Run, **PROBLEMS})
def server_sync(request: HttpRequest, host: str, number: int) -> HttpResponse:
    """Watch a run: ask again with If-None-Match, 304 while nothing moved. Scope read:enterprise."""
    return tagged(request, _run(_find(server_of(request, host), number)))


@router.get(CLOUD + "/{number}", auth=READ, response={200: Run, **PROBLEMS})
def cloud_sync(request: HttpRequest, number: int) -> HttpResponse:
    """Watch a reading of GitHub's report. Scope read:enterprise."""
    return tagged(request, _run(_find(enterprise_of(request), number)))


@router.get(SERVER + "/{number}/changes", auth=READ, response={200: Changes, **PROBLEMS})
def server_sync_changes(
    request: HttpRequest, host: str, number: int, after: Cursor = "", before: Cursor = "", limit: Size = 50
) -> HttpResponse:
    """List what a run changed. Scope read:enterprise."""
    return _changes(request, _find(server_of(request, host), number), limit)


@router.get(CLOUD + "/{number}/changes", auth=READ, response={200: Changes, **PROBLEMS})
def cloud_sync_changes(
    request: HttpRequest, number: int, after: Cursor = "", before: Cursor = "", limit: Size = 50
) -> HttpResponse:
    """List what a reading of GitHub's report changed. Scope read:enterprise."""
    return _changes(request, _find(enterprise_of(request), number), limit)


@router.get(
    SERVER + "/{number}/changes.csv", auth=READ, response={200: None, **PROBLEMS}, openapi_extra=AS_CSV
)
def server_sync_csv(request: HttpRequest, host: str, number: int) -> StreamingHttpResponse:
    """Stream all a run changed, with whose each account is and was, as the page's file. Scope read:enterprise."""
    return _csv(_find(server_of(request, host), number))


@router.get(
    CLOUD + "/{number}/changes.csv", auth=READ, response={200: None, **PROBLEMS}, openapi_extra=AS_CSV
)
def cloud_sync_csv(request: HttpRequest, number: int) -> StreamingHttpResponse:
    """Stream all a reading of GitHub's report changed, as the page's file. Scope read:enterprise."""
    return _csv(_find(enterprise_of(request), number))


@router.get(SERVER + "/{number}/losing", auth=READ, response={200: Losing, **CONFLICTS})
def server_sync_losing(
    request: HttpRequest, host: str, number: int, after: Cursor = "", before: Cursor = "", limit: Size = 50
) -> HttpResponse:
    """List whom publishing a held run would take; 409 for one that is not held. Scope read:enterprise."""
    run = _find(server_of(request, host), number)
    if run.state != SyncRun.State.HELD:
        raise refuse(409, "not_held", _("This sync waits for no decision any more."))
    if not diffs.is_staged(run):
        return paged(request, paging.Page([], "", ""), [])
    page, losing = diffs.held(request, run, size=limit)
    return paged(request, page, [_loses(one) for one in losing])


@router.post(SERVER + "/{number}/publish", auth=ADMIN, response={202: Run, **CHANGES})
def server_sync_publish(request: HttpRequest, host: str, number: int, body: Publish) -> HttpResponse:
    """Publish a held run; `removes` must be what the run says. Scope admin:connect."""
    return _publish(request, server_of(request, host), number, body)


@router.post(CLOUD + "/{number}/publish", auth=ADMIN, response={202: Run, **CHANGES})
def cloud_sync_publish(request: HttpRequest, number: int, body: Publish) -> HttpResponse:
    """Publish a held reading of GitHub's report. Scope admin:connect."""
    return _publish(request, enterprise_of(request), number, body)


@router.post(SERVER + "/{number}/discard", auth=ADMIN, response={200: Run, **CHANGES})
def server_sync_discard(request: HttpRequest, host: str, number: int) -> HttpResponse:
    """Discard a held run; the data stays. Scope admin:connect."""
    return _decide(request, server_of(request, host), number, lambda run: held.discard(run=run, by=None), 200)


@router.post(CLOUD + "/{number}/discard", auth=ADMIN, response={200: Run, **CHANGES})
def cloud_sync_discard(request: HttpRequest, number: int) -> HttpResponse:
    """Discard a held reading of GitHub's report. Scope admin:connect."""
    return _decide(request, enterprise_of(request), number, lambda run: held.discard(run=run, by=None), 200)


def _changes(request: HttpRequest, run: SyncRun, limit: int) -> HttpResponse:
    page, changes = diffs.published(request, run, size=limit)
    items = [_change(row.kind, row.reason, one) for row, one in zip(page.rows, changes, strict=True)]
    return paged(request, page, items)


def _csv(run: SyncRun) -> StreamingHttpResponse:
    headers = {"Content-Disposition": f'attachment; filename="{run_export.file_name(run)}"'}
    return StreamingHttpResponse(
        run_export.lines(run), content_type="text/csv; charset=utf-8", headers=headers
    )


def _loses(one: diffs.Losing) -> dict[str, Any]:
    return {
        "remote_user_id": one.account.remote_user_id,
        "login": one.account.login,
        "email": one.account.email,
        "person": one.person.pk if one.person else None,
        "released": one.released,
        "words": one.what,
    }


def _publish(request: HttpRequest, subject: Server | Enterprise, number: int, body: Publish) -> HttpResponse:
    return _decide(
        request,
        subject,
        number,
        lambda run: held.publish(run=run, by=None, removes=body.removes, answer=body.answer),
        202,
    )


def _decide(
    request: HttpRequest,
    subject: Server | Enterprise,
    number: int,
    deed: Callable[[SyncRun], SyncRun],
    status: int,
) -> HttpResponse:
    run = _find(subject, number)
    auth.as_asked(request, _run(run))
    try:
        deed(run)
    except held.NotHeld:
        raise refuse(409, "not_held", _("This sync waits for no decision any more.")) from None
    except held.Unanswered:
        words = _("This sync asks whether these are the same accounts or a new instance.")
        raise refuse(409, "unanswered", words) from None
    except runs.GateClosed as closed:
        raise refuse(409, closed.reason, gate_words(closed.reason)) from None
    except held.OtherDiff:
        words = _("The sync would remove another number of accounts now. Compare again.")
        raise refuse(409, "other_diff", words) from None
    except held.AnotherQueued:
        words = _("A newer sync is queued already; what it reads decides.")
        raise refuse(409, "another_queued", words) from None
    return changed(_run(_find(subject, number)), status)


def _of(subject: Server | Enterprise) -> QuerySet[SyncRun]:
    return runs.of_subject(subject).select_related("server", "enterprise")


def _find(subject: Server | Enterprise, number: int) -> SyncRun:
    run = _of(subject).filter(number=number).first() if 0 < number <= LARGEST else None
    if run is None:
        raise Http404
    return run


def _run(run: SyncRun) -> dict[str, Any]:
    is_held = run.state == SyncRun.State.HELD
    return {
        "number": run.number,
        "host": run.server.host if run.server else None,
        "state": run.state,
        "step": run.step,
        "over": run.state not in SyncRun.OPEN,
        "trigger": run.trigger,
        "requested_at": iso(run.requested_at),
        "requested_by": run.requested_by_login,
        "started_at": iso(run.started_at) or None,
        "finished_at": iso(run.finished_at) or None,
        "observed_at": iso(run.observed_at) or None,
        "fetched": run.fetched,
        "expected_rows": run.expected_rows,
        "bytes": run.bytes,
        "counts": run.counts,
        "removes": held.removed(run) if is_held else None,
        "holds": [{"key": one["key"], "words": wording.hold(one["key"], one["params"])} for one in run.holds],
        "trouble": {"key": run.error_key, "words": sides.trouble_words(run, None)} if run.error_key else None,
        "decided_by": run.decided_by_login,
        "edition": run.edition,
    }


def _change(kind: str, reason: str, one: diffs.Changed) -> dict[str, Any]:
    return {
        "kind": kind,
        "words": one.what,
        "person": one.person.pk if one.person else None,
        "person_before": one.before.pk if one.before else None,
        "login": one.login or None,
        "host": one.account.server.host if one.account else None,
        "license": one.license,
        "reason": reason,
    }

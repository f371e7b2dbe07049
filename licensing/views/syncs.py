"""Runs of a server, and of the cloud side: the time line, one run with its diff, and an owner's word on a held one."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpResponseBase, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_safe

from ghconnect import moments, wording
from ghconnect.access import PlacedRequest, owner, reader
from ghconnect.questions import Question
from ghconnect.templatetags import ghconnect_ui as ui
from ghconnect.views.here import server_of
from licensing import (
    both_times,
    bridge,
    clocks,
    diffs,
    looking,
    progress,
    read_data,
    run_export,
    showing,
    sides,
    timeline,
)
from licensing.models import ServerPicture, SyncRun
from licensing.usecases import chunks, held, runs

from .license import refusal

Answer = SyncRun.Answer
ASKS = require_http_methods(["GET", "HEAD", "POST"])
REKEYED_SHOWN = 50


@reader
@require_safe
def server_syncs(request: PlacedRequest) -> HttpResponseBase:
    """Show this console's runs and GitHub's own syncs of the server in one time line."""
    server = server_of(request)
    times = both_times.of_server(server, ServerPicture.objects.filter(server=server).first())
    return render(request, "licensing/syncs.html", {"page": timeline.page(request, server), "times": times})


@reader
@require_safe
def sync(request: PlacedRequest, number: int) -> HttpResponseBase:
    """Show one run: its steps and counts, what it changed, and the question where it is held."""
    run = _run(request, number)
    under_way = progress.under_way(SyncRun.objects.filter(pk=run.pk))
    context: dict[str, Any] = {
        "progress": under_way,
        "look": looking.again(request, showing.url(run), under_way),
        "run": run,
        "line": showing.line(run),
        "steps": progress.steps(run),
        "facts": _facts(run),
        "trouble": sides.trouble_words(run, None) if run.error_key else "",
        "remedy": sides.remedy(run) if run.error_key and request.place.is_owner else None,
        "holds": [wording.hold(hold["key"], hold["params"]) for hold in run.holds],
        "is_held": run.state == SyncRun.State.HELD,
        "tab": "license" if run.server else "licensing",
        "kept": _kept(request, run),
        "times": both_times.of_run(run),
    }
    if run.state == SyncRun.State.HELD:
        context |= _held(request, run)
    else:
        context["page"], context["changes"] = diffs.published(request, run)
        context["csv_url"] = showing.url(run, "sync_csv")
        context["first"] = run.server and run.fetched == run.counts.get("added")
    return render(request, "licensing/sync.html", context)


@reader
@require_safe
def as_csv(request: PlacedRequest, number: int) -> HttpResponseBase:
    """Stream everything the run changed, with whose each account is and was."""
    run = _run(request, number)
    answer = StreamingHttpResponse(run_export.lines(run), content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="{run_export.file_name(run)}"'
    return answer


@owner
@ASKS
def publish(request: PlacedRequest, number: int) -> HttpResponseBase:
    """Ask for the number of accounts, then let a worker publish the held run."""
    run = _run(request, number)
    said = request.POST if request.method == "POST" else request.GET
    answer = _answer(run, said.get("answer", ""))
    question = _publish_question(run, answer)
    if request.method != "POST":
        return question.page(request) if run.state == SyncRun.State.HELD else redirect(showing.url(run))
    if not question.answered(request):
        return question.again(request, _("This is not the number of accounts."))
    try:
        held.publish(run=run, by=request.user, removes=held.removed(run, answer), answer=answer)
    except (held.NotHeld, held.Unanswered):
        messages.error(request, _("This sync waits for no decision any more."))
    except held.OtherDiff:
        return question.again(
            request, _("The sync would remove another number of accounts now. Compare again.")
        )
    except runs.GateClosed as closed:
        messages.error(request, refusal(closed.reason))
    except held.AnotherQueued:
        messages.error(request, _("A newer sync is queued already; what it reads decides."))
    else:
        messages.success(request, _("Sync #%(number)s is being published.") % {"number": run.number})
    return redirect(showing.url(run))


@owner
@ASKS
def discard(request: PlacedRequest, number: int) -> HttpResponseBase:
    """Ask, then discard the held run."""
    run = _run(request, number)
    if request.method != "POST":
        question = _discard_question(run)
        return question.page(request) if run.state == SyncRun.State.HELD else redirect(showing.url(run))
    try:
        held.discard(run=run, by=request.user)
    except held.NotHeld:
        messages.error(request, _("This sync waits for no decision any more."))
    else:
        messages.success(request, _("Sync #%(number)s is discarded.") % {"number": run.number})
    return redirect(showing.url(run))


def _run(request: PlacedRequest, number: int) -> SyncRun:
    """Return the run of the place's server, or of its cloud side where the address names no server."""
    place = request.place
    rows = SyncRun.objects.filter(enterprise=place.enterprise, server=place.server, number=number)
    run = get_object_or_404(rows)
    run.enterprise, run.server = place.enterprise, place.server
    return run


def _kept(request: PlacedRequest, run: SyncRun) -> read_data.Kept | None:
    """What is kept of the report, for whoever may see accounts; None while nothing was read."""
    if not run.fetch_complete or not request.place.sees_all:
        return None
    try:
        return read_data.kept(run)
    except chunks.DamagedChunk:
        return None


def _facts(run: SyncRun) -> list[tuple[str, str]]:
    times = [
        (_("Requested"), run.requested_at),
        (_("Started"), run.started_at),
        (_("Ended"), run.finished_at),
        (_("Report of") if run.server else _("As of"), run.observed_at),
    ]
    pairs = [(name, ui.moment(at)) for name, at in times if at]
    if run.observed_at and not run.age_known:
        known = format_html("{} {}", pairs[-1][1], _("(age of the report not known)"))
        pairs[-1] = (pairs[-1][0], known)
    return [*pairs, *showing.facts(run)]


# --- a held run ------------------------------------------------------------------------------------------------


def _held(request: PlacedRequest, run: SyncRun) -> dict[str, Any]:
    answers = (Answer.SAME, Answer.NEW) if held.asks(run) else (Answer.NONE,)
    context: dict[str, Any] = {
        "publishes": [_publish_question(run, answer) for answer in answers],
        "discard": _discard_question(run),
    }
    context["expected"] = bridge.of(run.enterprise)
    context["expected_after"] = context["expected"].expected - releases(run)
    context["releases"] = releases(run)
    if run.server is None:
        return context
    context["picture"] = ServerPicture.objects.filter(server=run.server).first()
    context["both"] = clocks.one(run.server)
    context["staged"] = diffs.is_staged(run)
    if context["staged"]:
        context["page"], context["losing"] = diffs.held(request, run)
        context["losing_count"] = held.removed(run)
        if any(hold["key"] == "keys_changed" for hold in run.holds):
            context["rekeyed"] = diffs.rekeyed(run, REKEYED_SHOWN)
    return context


def releases(run: SyncRun) -> int:
    """How many licenses publishing would release, as the guard counted."""
    return int(run.counts.get("releases", 0))


def _answer(run: SyncRun, said: str) -> str:
    """Return the answer that was given to a run that asks; where none was, the one that takes nobody away."""
    if not held.asks(run):
        return Answer.NONE
    return Answer.NEW if said == Answer.NEW else Answer.SAME


def _publish_question(run: SyncRun, answer: str = Answer.NONE) -> Question:
    n = held.removed(run, answer)
    titles = {
        Answer.SAME: _("Publish sync #%(number)s: same accounts"),
        Answer.NEW: _("Publish sync #%(number)s: new instance"),
    }
    title = titles.get(Answer(answer), _("Publish sync #%(number)s")) % {"number": run.number}
    words = _answer_words(run, answer, n) if answer else _publish_words(run, n)
    return Question(
        id=f"publish{answer and '-'}{answer}",
        action=showing.url(run, "sync_publish"),
        title=title,
        body=wording.sentences([words, _("The sync and your name go to the audit log.")]),
        fields={"answer": answer} if answer else {},
        verb=_("Publish"),
        back=showing.url(run),
        danger=True,
        typed=str(n) if n else "",
        typed_label=_("Type %(n)s to confirm.") % {"n": n},
    )


def _answer_words(run: SyncRun, answer: str, n: int) -> str:
    host = run.server.host if run.server else ""
    if answer == Answer.NEW:
        return _(
            "%(host)s is a new instance: all %(n)s accounts known here leave, and those of this report join as others."
        ) % {"host": host, "n": ui.number(n)}
    same = _("The accounts of %(host)s go on under their numbers and take their new creation times.")
    return wording.sentences([same % {"host": host}, *([_publish_words(run, n)] if n else [])])


def _publish_words(run: SyncRun, n: int) -> str:
    if run.server is None:
        return ngettext(
            "%(n)s row of GitHub's report is removed here.",
            "%(n)s rows of GitHub's report are removed here.",
            n,
        ) % {"n": ui.number(n)}
    if not n:
        return _("The accounts of %(host)s become those of this report.") % {"host": run.server.host}
    expected = bridge.of(run.enterprise).expected
    words = _(
        "%(r)s accounts of %(host)s are removed and %(l)s licenses released; expected goes from %(a)s to %(b)s."
    )
    return words % {
        "r": ui.number(n),
        "host": run.server.host,
        "l": ui.number(releases(run)),
        "a": ui.number(expected),
        "b": ui.number(expected - releases(run)),
    }


def _discard_question(run: SyncRun) -> Question:
    return Question(
        id="discard",
        action=showing.url(run, "sync_discard"),
        title=_("Discard sync #%(number)s") % {"number": run.number},
        body=_discard_words(run),
        verb=_("Discard"),
        back=showing.url(run),
        danger=True,
    )


def _discard_words(run: SyncRun) -> str:
    at = clocks.data_of(ServerPicture.objects.filter(server=run.server).first()) if run.server else None
    if at is None:
        return _("The data here stays. The next sync starts afresh.")
    return _("The data of %(date)s stays. The next sync starts afresh.") % {"date": moments.day(at)}

"""A run step by step, and one that moves, or should: with its worker's sign of life."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db.models import QuerySet
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from ghconnect import clock, wording
from ghconnect.templatetags.ghconnect_ui import number
from licensing import showing
from licensing.models import ServerPicture, SyncRun
from licensing.sides import resumes_at, trouble_words

State = SyncRun.State
# So long a run has read before its speed means anything.
STEADY_SECONDS = 2
STEPS = (
    SyncRun.Step.FETCH,
    SyncRun.Step.STAGE,
    SyncRun.Step.COMPARE,
    SyncRun.Step.GUARD,
    SyncRun.Step.PUBLISH,
)


def steps(run: SyncRun) -> list[dict[str, str]]:
    """Return the steps for elements/steps.html, with the counts the run's row holds."""
    place = len(STEPS) if run.state in SyncRun.GOOD else _place(run)
    return [
        {
            "label": str(step.label),
            "state": _step_state(run, at, place),
            "detail": _detail(run, step, at < place),
        }
        for at, step in enumerate(STEPS)
    ]


def done(run: SyncRun) -> int:
    """How many steps are finished."""
    return len(STEPS) if run.state in SyncRun.GOOD else max(0, _place(run))


def _place(run: SyncRun) -> int:
    return STEPS.index(SyncRun.Step(run.step)) if run.step else -1


def _step_state(run: SyncRun, at: int, place: int) -> str:
    if at != place:
        return "done" if at < place else "todo"
    return {State.FAILED: "failed", State.HELD: "held"}.get(State(run.state), "current")


def _detail(run: SyncRun, step: SyncRun.Step, over: bool) -> str:
    if step == SyncRun.Step.FETCH and run.fetched:
        words = showing.rows_words(run, run.fetched)
        if run.expected_rows and not over:
            words = _("{n} of {m}").format(
                n=number(run.fetched), m=showing.rows_words(run, run.expected_rows)
            )
        return _with_time(words, run.seconds.get("fetch"), over)
    if step == SyncRun.Step.COMPARE and over:
        return showing.compared(run) if run.state in SyncRun.GOOD else ""
    if step == SyncRun.Step.PUBLISH and over:
        return _with_time("", run.seconds.get("publish"), over)
    return ""


def _with_time(words: str, seconds: float | None, over: bool) -> str:
    return " · ".join(
        filter(None, [words, showing.duration(seconds) if over and seconds is not None else ""])
    )


@dataclass(frozen=True, slots=True)
class Progress:
    """A run under way: `state` in words, what it does, and `silent` seconds without a sign of life (0: alive)."""

    run: SyncRun
    state: str
    detail: str
    steps: list[dict[str, str]]
    done: int
    silent: int
    waits_until: datetime | None
    trouble: str
    pace: str = ""

    @property
    def said(self) -> str:
        """What is said aloud of it: the same words until its state or its step is another."""
        step = self.run.step
        return f"{self.state}: {SyncRun.Step(step).label}" if step else self.state

    @property
    def mark(self) -> str:
        """What changes whenever something moves."""
        run = self.run
        return f"{run.pk}.{run.attempt}.{run.state}.{run.step}.{run.fetched}.{bool(self.silent)}"


def under_way(runs: QuerySet[SyncRun]) -> Progress | None:
    """Return the newest open run of `runs` with its progress; asks the database for its own time, as leases do."""
    opened = runs.filter(state__in=SyncRun.OPEN).select_related("server", "enterprise").annotate(clock=Now())
    found = list(opened.order_by("-number")[:20])
    run = next((each for each in found if each.state in SyncRun.ACTIVE), found[0] if found else None)
    return progress(run, run.clock) if run is not None else None


def progress(run: SyncRun, now: datetime) -> Progress:
    """Return the progress of an open run; `now` is the database's."""
    waiting = run.state == State.WAITING and bool(run.error_key)
    return Progress(
        run=run,
        state=str(run.get_state_display()),
        detail=moving_words(run),
        steps=steps(run),
        done=done(run),
        silent=silence(run, now),
        waits_until=resumes_at(run) if run.state == State.WAITING else None,
        trouble=trouble_words(run, None) if waiting else "",
        pace=pace(run, clock.now(run.enterprise)),
    )


def pace(run: SyncRun, now: datetime) -> str:
    """Say how fast rows come in and how long that may still take; "" while there is too little to tell.

    GHES does not say how long its report is: the accounts of the last picture are the best guess.
    """
    if run.state != State.RUNNING or run.step != SyncRun.Step.FETCH or not run.fetched or not run.started_at:
        return ""
    seconds = (now - run.started_at).total_seconds()
    if seconds < STEADY_SECONDS:
        return ""
    rate = run.fetched / seconds
    words = _("about {n} a second").format(n=number(round(rate)) if rate >= 1 else f"{rate:.1f}")
    left = (run.expected_rows or _rows_before(run)) - run.fetched
    if left <= 0:
        return words
    return _("{pace}, about {time} left").format(
        pace=words, time=showing.duration(max(1, round(left / rate)))
    )


def _rows_before(run: SyncRun) -> int:
    picture = ServerPicture.objects.filter(server=run.server_id).first() if run.server_id else None
    return picture.accounts if picture else 0


def silence(run: SyncRun, now: datetime) -> int:
    """Return for how many seconds a running worker gave no sign of life, 0 while its heartbeat comes.

    A lease is renewed every third of it; two missed beats are worth a word.
    """
    if run.state != State.RUNNING or run.lease_until is None:
        return 0
    lease = timedelta(seconds=settings.GHCONNECT_LEASE_SECONDS)
    quiet = now - (run.lease_until - lease)
    return int(quiet.total_seconds()) if quiet >= lease * 2 / 3 else 0


def moving_words(run: SyncRun) -> str:
    """Say what a queued or running run does; "" of one that waits."""
    if run.state == State.QUEUED:
        return _("Waits for a worker.")
    if run.state == State.WAITING:
        return ""
    place = _place(run)
    if place < 0:
        return _("Begins.")
    params: dict[str, Any] = {"a": place + 1, "b": len(STEPS)}
    return wording.state("syncing", {**params, "n": number(run.fetched)} if run.fetched else params).sentence

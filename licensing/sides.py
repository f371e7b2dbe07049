"""One clock of a server in words: its label, its age, what it means, and what to do next."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _

from ghconnect import moments, wording
from ghconnect.models import Server
from licensing.models import GitHubSync, SyncRun
from licensing.rules import states
from licensing.usecases.held import removed

# To be asked to wait is no failure: the run goes on by itself.
PATIENT = {"preparing", "rate", "secondary_rate"}
# Of these the age of the data matters; of the others when it happened.
AGED = {"held", "failing", "silent", "stale", "late", "disabled", "disconnected"}


@dataclass(frozen=True, slots=True)
class Step:
    """What to do next, and where; `owner` when only an owner can open it."""

    label: str
    url: str
    owner: bool = True


@dataclass(frozen=True, slots=True)
class Side:
    """One clock in words: `css` is Primer's label modifier, `age` the words beside the label, `at` their moment."""

    key: str
    label: str
    css: str
    age: str = ""
    at: datetime | None = None
    sentence: str = ""
    step: Step | None = None


def struggles(run: SyncRun) -> bool:
    """A run that waits after trouble: temporary, or it would be over."""
    return run.state == SyncRun.State.WAITING and bool(run.error_key) and run.error_key not in PATIENT


def progress(run: SyncRun) -> dict[str, Any]:
    """Return what the sentence of a moving run needs: step a of b, n accounts read."""
    order = [step for step in SyncRun.Step.values if step]
    place = order.index(run.step) + 1 if run.step in order else 0
    known = {"a": place, "b": len(order)} if place else {}
    return {**known, "n": run.fetched} if run.fetched else known


def held_params(run: SyncRun) -> dict[str, Any]:
    """Return what the sentence of a held run needs: n of m accounts, l licenses."""
    n = removed(run)
    return {"n": n, "m": run.counts.get("accounts", 0), "l": run.counts.get("releases", 0)} if n else {}


def console_side(
    server: Server, facts: states.ConsoleFacts, moving: SyncRun | None, last: SyncRun | None, now: datetime
) -> Side:
    """Return this console's clock in words; `moving` is the run under way, `last` the last one with a word."""
    state = states.console_state(facts, now)
    run = moving if state.key == "syncing" or (moving is not None and struggles(moving)) else last
    params = dict(state.params)
    if state.key == "failing" and facts.attempts < 2:
        params.pop("n", None)
    if state.at is not None:
        params["ago"] = moments.ago(state.at, now)
    said = wording.state(state.key, params)
    at = facts.picture_at if state.key in AGED else state.at
    return Side(
        key=state.key,
        label=said.label,
        css=said.css,
        age=_age(state.key, at, now),
        at=at,
        sentence=said.sentence,
        step=_step(state.key, said.step, server, run),
    )


def _age(key: str, at: datetime | None, now: datetime) -> str:
    if at is None or key == "syncing":
        return ""
    return moments.age(at, now) if key in AGED else moments.ago(at, now)


def trouble_words(run: SyncRun, data_of: datetime | None) -> str:
    """Say what stopped the run, what it means for the data of that day, and when it goes on."""
    more: dict[str, Any] = {
        "date": data_of,
        "time": resumes_at(run),
        "host": run.server.host if run.server else "",
    }
    return wording.problem(run.error_key, {**{k: v for k, v in more.items() if v}, **run.error_params})


def resumes_at(run: SyncRun) -> datetime | None:
    """Return when a waiting run goes on, in the enterprise's own time; rows keep it in real time."""
    if run.resume_at is None:
        return None
    return run.resume_at + timedelta(seconds=run.enterprise.clock_offset)


def github_facts(
    sync: GitHubSync | None, *, readable: bool, cadence: timedelta = states.WEEK
) -> states.GitHubFacts:
    """Return what GitHub reports of its own sync of a server; nothing without a token, or without the host."""
    if not readable or sync is None:
        return states.GitHubFacts(reported=False)
    # GitHub's API does not tell an upload from a sync: a server whose file is uploaded here cannot have synced.
    by_file = sync.server is not None and sync.server.way_in == Server.WayIn.UPLOAD
    kind = states.UPLOAD if by_file else ""
    return states.GitHubFacts(True, sync.date, sync.status, sync.error, kind, cadence)


def github_side(
    sync: GitHubSync | None, now: datetime, *, readable: bool = True, cadence: timedelta = states.WEEK
) -> Side:
    """Return GitHub's clock in words."""
    state = states.github_state(github_facts(sync, readable=readable, cadence=cadence), now)
    words = {"ago": moments.ago(state.at, now)} if state.at else {}
    said = wording.github_state(state.key, {**words, **state.params})
    return Side(state.key, said.label, said.css, at=state.at, sentence=said.sentence)


def remedy(run: SyncRun) -> Step:
    """Return what ends the trouble of a failed run, and where it is done."""
    verb = wording.remedy(run.error_key)
    again = verb == _("Sync now")
    if run.server is None:
        return Step(verb, reverse("settings_github", kwargs={"slug": run.enterprise.slug}))
    where = {"slug": run.enterprise.slug, "host": run.server.host}
    return Step(verb, reverse("server_license" if again else "server_settings", kwargs=where))


def _step(key: str, label: str, server: Server, run: SyncRun | None) -> Step | None:
    where: dict[str, Any] = {"slug": server.enterprise.slug, "host": server.host}
    if key == "failing" and run is not None:
        return remedy(run)
    if key == "held" and run is not None:
        return Step(label, reverse("server_sync", kwargs={**where, "number": run.number}), owner=False)
    if key == "silent" and server.way_in == Server.WayIn.PUSH:
        return Step(_("Show the push line"), reverse("server_push", kwargs=where))
    if key == "silent":
        return Step(
            label, f"{reverse('upload', kwargs={'slug': server.enterprise.slug})}?server={server.host}"
        )
    name = "server_connect" if key in ("disconnected", "disabled") else "server_license"
    return Step(label, reverse(name, kwargs=where), owner=key != "syncing") if label else None

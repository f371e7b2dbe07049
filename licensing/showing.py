"""Runs as lists show them: state, why, counts, how long, and what happened, in words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.urls import reverse
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from ghconnect import moments, wording
from ghconnect.templatetags.ghconnect_ui import number, signed
from licensing.models import SyncRun
from licensing.sides import held_params, trouble_words

State = SyncRun.State
CSS: Mapping[str, str] = {
    State.QUEUED: "secondary",
    State.RUNNING: "accent",
    State.WAITING: "attention",
    State.HELD: "severe",
    State.PUBLISHED: "success",
    State.UNCHANGED: "success",
    State.FAILED: "danger",
    State.DISCARDED: "secondary",
    State.SUPERSEDED: "secondary",
    State.CANCELLED: "secondary",
    State.MISSED: "attention",
}
LATE = timedelta(days=1)
ICONS = {State.HELD: ("stop", "color-fg-severe"), State.FAILED: ("x-circle", "color-fg-danger")}


@dataclass(frozen=True, slots=True)
class RunLine:
    """One run in a list; counts are None where the run has none (yet)."""

    url: str
    at: datetime
    state: str
    css: str
    why: str
    accounts: int | None
    added: int | None
    released: int | None
    took: str
    note: str = ""
    icon: str = "info"
    icon_css: str = "color-fg-muted"


def line(run: SyncRun) -> RunLine:
    """Return the run as a line of a list; its server and enterprise must be loaded."""
    icon, icon_css = ICONS.get(State(run.state), ("info", "color-fg-muted"))
    published = run.state in SyncRun.GOOD
    return RunLine(
        url=url(run),
        at=run.started_at or run.requested_at,
        state=str(run.get_state_display()),
        css=CSS[run.state],
        why=why(run),
        accounts=run.fetched if run.fetch_complete or run.fetched else None,
        added=added(run) if published else None,
        released=run.counts.get("released", 0) if published else None,
        took=took(run),
        note=note(run),
        icon=icon,
        icon_css=icon_css,
    )


def url(run: SyncRun, name: str = "sync") -> str:
    """Return the address of a page of the run, of a server or of the cloud side."""
    if run.server is None:
        return reverse(f"cloud_{name}", kwargs={"slug": run.enterprise.slug, "number": run.number})
    where = {"slug": run.enterprise.slug, "host": run.server.host, "number": run.number}
    return reverse(f"server_{name}", kwargs=where)


def added(run: SyncRun) -> int:
    """How many accounts (rows of a cloud run) the run brought, or brought back."""
    names = ("added", "rejoined") if run.server_id else ("rows_added",)
    return sum(run.counts.get(name, 0) for name in names)


def why(run: SyncRun) -> str:
    """Who or what asked for the run: "Sync now · mona", "Weekly · attempt 2"."""
    parts = [str(run.get_trigger_display())]
    if run.requested_by_login:
        parts.append(run.requested_by_login)
    if (due := late(run)) is not None:
        parts.append(_("due {date}").format(date=moments.day(due)))
    if run.attempt > 1:
        parts.append(_("attempt {n}").format(n=run.attempt))
    return " · ".join(parts)


def late(run: SyncRun) -> datetime | None:
    """When a weekly run was due, where it was asked for more than a day later; quiet hours move it by less."""
    if run.trigger != SyncRun.Trigger.WEEKLY or not run.period or run.state == State.MISSED:
        return None
    try:
        due = datetime.fromisoformat(run.period)
    except ValueError:
        return None
    return due if run.requested_at - due > LATE else None


def took(run: SyncRun) -> str:
    """How long the run worked, waits left out: "2.4 s", "1 min 12 s"; "" while it works."""
    if run.state in SyncRun.OPEN or not run.seconds:
        return ""
    return duration(sum(run.seconds.get(name, 0) for name in ("fetch", "publish")))


def duration(seconds: float) -> str:
    """Return "0.08 s", "2.4 s", "48 s", "1 min 12 s", "2 h 5 min"."""
    whole = round(seconds)
    if seconds < 1:
        return _("{n} s").format(n=f"{seconds:.2f}")
    if whole < 10:
        return _("{n} s").format(n=f"{seconds:.1f}")
    if whole < 60:
        return _("{n} s").format(n=whole)
    if whole < 3600:
        return _("{m} min {s} s").format(m=whole // 60, s=whole % 60)
    return _("{h} h {m} min").format(h=whole // 3600, m=whole % 3600 // 60)


def note(run: SyncRun) -> str:
    """What happened, where the state alone does not tell it."""
    if run.state == State.MISSED:
        return _("This console was not running when this sync was due. A later one read what stood then.")
    if run.state in (State.FAILED, State.WAITING) and run.error_key:
        return trouble_words(run, None)
    if run.holds and run.state in (State.HELD, State.DISCARDED, State.SUPERSEDED, *SyncRun.GOOD):
        return wording.sentences(filter(None, [_was_held(run), _decided(run)]))
    return ""


def held_words(run: SyncRun) -> str:
    """Why the run was held: the licenses at stake where it would take any, else the first reason."""
    params = held_params(run)
    if run.server_id and params:
        return wording.problem("held", params)
    hold = run.holds[0]
    return wording.hold(hold["key"], hold["params"])


def _was_held(run: SyncRun) -> str:
    """Why a run was held; nothing is left to decide once it is not."""
    params = held_params(run)
    if run.state == State.HELD or not (run.server_id and params):
        return held_words(run)
    if run.state in SyncRun.GOOD:
        return _("This report removed {n} of {m} accounts ({l} licenses).").format(**params)
    words = _("This report would have removed {n} of {m} accounts ({l} licenses). Nothing was changed.")
    return words.format(**params)


def _decided(run: SyncRun) -> str:
    who = {"who": run.decided_by_login}
    if run.state == State.DISCARDED:
        return _("Discarded by {who}.").format(**who)
    if run.state in SyncRun.GOOD and run.decided_by_login:
        return _("Published by {who}.").format(**who)
    return ""


def compared(run: SyncRun) -> str:
    """Return "+3 −1 · 2 changed" of a run that was published, "no change" of one that changed nothing."""
    gone, changed = (
        run.counts.get(name if run.server_id else f"rows_{name}", 0) for name in ("gone", "changed")
    )
    moves = [signed(n) for n in (added(run), -gone) if n]
    words = [_("{n} changed").format(n=number(changed))] if changed else []
    return " · ".join(filter(None, [" ".join(moves), *words])) or _("no change")


def rows_words(run: SyncRun, n: int) -> str:
    """Return "96 accounts" of a server, "236 licenses" of the cloud side."""
    words = (
        ngettext("{n} account", "{n} accounts", n)
        if run.server_id
        else ngettext("{n} license", "{n} licenses", n)
    )
    return words.format(n=number(n))


def facts(run: SyncRun) -> list[tuple[str, str | SafeString]]:
    """Return what is known of the run as pairs for elements/facts.html; times are left to the template."""
    pairs = [(_("Why"), why(run)), (_("Took"), took(run))]
    if run.file_name:
        pairs.append((_("File"), run.file_name))
    if run.bytes:
        pairs.append((_("Read"), size(run.bytes)))
    if run.sha256:
        pairs.append((_("SHA-256 of the report"), run.sha256))
    return [(name, value) for name, value in pairs if value]


def size(n: int) -> str:
    """Return bytes as people read them: "412 bytes", "18 KB", "2.5 MB"."""
    if n < 1000:
        return ngettext("{n} byte", "{n} bytes", n).format(n=n)
    if n < 1_000_000:
        return _("{n} KB").format(n=number(round(n / 1000)))
    return _("{n} MB").format(n=f"{n / 1_000_000:,.1f}")

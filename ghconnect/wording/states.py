"""One label per server and side, and the sentence beside it (PRODUCT §6.3)."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.translation import gettext_lazy as _

from . import remedies
from .saying import Params, Template, Wordings, say, unknown


@dataclass(frozen=True, slots=True)
class State:
    """A label, Primer's name for its colour, the sentence, and the next step as a verb ("" for none)."""

    label: Wordings
    css: str
    sentence: Wordings = ""
    step: Template = ""


@dataclass(frozen=True, slots=True)
class Said:
    """A state in words; `css` is Primer's label modifier."""

    label: str
    css: str
    sentence: str
    step: str


STATES = {
    "disconnected": State(
        _("Not connected"),
        "secondary",
        _("GitHub Connect is off here. The last picture stays."),
        _("Enable GitHub Connect"),
    ),
    "disabled": State(
        _("Disabled"),
        "secondary",
        (_("Not synced while disabled. Data of {date}."), _("Not synced while disabled.")),
        _("Set to Enabled"),
    ),
    "syncing": State(
        _("Syncing"),
        "accent",
        (_("Step {a} of {b}, {n} accounts read"), _("Step {a} of {b}"), _("The sync is under way.")),
        _("Watch"),
    ),
    "held": State(
        _("Held"),
        "severe",
        (
            _("Would remove {n} of {m} accounts and release {l} licenses. Nothing has changed yet."),
            _("This sync waits for an owner. Nothing has changed yet."),
        ),
        _("Review"),
    ),
    "failing": State(
        _("Failing"),
        "danger",
        (
            _("Failing since {date}, {n} attempts: {reason}. Data of {date2}."),
            _("Failing since {date}, {n} attempts: {reason}."),
            _("Failing since {date}: {reason}. Data of {date2}."),
            _("Failing since {date}: {reason}."),
            _("Failing: {reason}."),
        ),
        _("See why"),
    ),
    "silent": State(
        _("Silent"), "severe", (_("Nothing received for {n} days."), _("Nothing received.")), _("Show how")
    ),
    "never_synced": State(
        _("Never synced"), "attention", _("This console has not read this server yet."), _("Sync now")
    ),
    "stale": State(
        _("Stale"),
        "attention",
        (_("Data is {n} days old and still used."), _("Data is old and still used.")),
        _("Sync now"),
    ),
    "late": State(
        _("Late"), "attention", (_("Due {when}, not run yet."), _("Due, not run yet.")), _("Sync now")
    ),
    "fresh": State(_("Up to date"), "success", (_("Synced {ago}."), _("Synced."))),
}

GITHUB_STATES = {
    "synced": State((_("Synced {ago}"), _("Synced")), "success"),
    "synced_late": State((_("Synced {ago}"), _("Synced")), "attention", "", _("Open on the instance")),
    "synced_stale": State((_("Synced {ago}"), _("Synced")), "attention", "", _("Open on the instance")),
    "uploaded": State((_("Uploaded {ago}"), _("Uploaded")), "success"),
    "uploaded_late": State((_("Uploaded {ago}"), _("Uploaded")), "attention", "", _("Open on the instance")),
    "uploaded_stale": State((_("Uploaded {ago}"), _("Uploaded")), "attention", "", _("Open on the instance")),
    "never_synced": State(
        _("Never synced"),
        "attention",
        _("GitHub has not synced this server yet. On the first day that is normal."),
        _("Open on the instance"),
    ),
    "failed": State((_("Failed: {words}"), _("Failed")), "danger", "", _("Open on the instance")),
    "not_reported": State(_("Not reported"), "secondary"),
}


def state(key: str, params: Params | None = None) -> Said:
    """This console's state of a server, in words; `reason` among the parameters is the key of a problem."""
    given = dict(params or {})
    if given.get("reason"):
        given["reason"] = remedies.name(str(given["reason"]))
    return _said(STATES, key, given)


def github_state(key: str, params: Params | None = None) -> Said:
    """The state of GitHub's own sync of a server, in words."""
    return _said(GITHUB_STATES, key, params or {})


def _said(table: dict[str, State], key: str, params: Params) -> Said:
    found = table.get(key)
    if found is None:
        return Said(unknown(key), "secondary", "", "")
    return Said(say(found.label, params), found.css, say(found.sentence, params), str(found.step))

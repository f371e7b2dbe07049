"""What became of a run, in one line and as data, for whoever is told of it."""

from __future__ import annotations

from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from ghconnect import wording
from ghconnect.templatetags.ghconnect_ui import number
from licensing.models import RunChange, SyncRun

# So many people are named by their numbers in one alert; the run's page has all of them.
NAMED = 100
LICENSE = {"license.consumed": 1, "license.released": -1}


def told_of(counts: dict[str, Any], event: str) -> int:
    """Return how many people an event about licenses is of."""
    return int(counts.get("licensed" if event == "license.consumed" else "released", 0))


def of(run: SyncRun, event: str, counts: dict[str, Any]) -> str:
    """Say it in the language of this moment."""
    return _sentence(event, counts, run.error_key).format(run=run, n=number(told_of(counts, event)))


def _sentence(event: str, counts: dict[str, Any], reason: str) -> str:
    if event == "license_sync.failed":
        return _("{run}: sync failed") + f": {wording.name(reason)}"
    if event == "license_sync.held":
        return _("{run}: sync held, waits for an owner")
    n = told_of(counts, event)
    if event == "license.consumed":
        return ngettext(
            "{run}: {n} more person consumes a license", "{run}: {n} more people consume a license", n
        )
    if event == "license.released":
        return ngettext("{run}: {n} license released", "{run}: {n} licenses released", n)
    return _("{run}: sync completed")


def data(run: SyncRun, event: str, counts: dict[str, Any], state: str) -> dict[str, Any]:
    """Return the facts of the run; people by their numbers in this console, never by address."""
    facts: dict[str, Any] = {
        "sync": {
            "server": run.server.host if run.server else None,
            "number": run.number,
            "state": state,
            "trigger": run.trigger,
            "error": run.error_key or None,
            "counts": counts,
        }
    }
    if event in LICENSE:
        people = RunChange.objects.filter(run=run, license=LICENSE[event], person_id__isnull=False)
        facts["people"] = list(people.order_by("pk").values_list("person_id", flat=True)[:NAMED])
        facts["count"] = told_of(counts, event)
    return facts


def link(run: SyncRun) -> str:
    """Return the path of the run's page."""
    where: dict[str, Any] = {"slug": run.enterprise.slug, "number": run.number}
    if run.server is None:
        return reverse("cloud_sync", kwargs=where)
    return reverse("server_sync", kwargs={**where, "host": run.server.host})

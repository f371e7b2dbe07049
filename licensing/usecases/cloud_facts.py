"""Keep what GitHub tells beside its report: each source by itself, and what could not be read as it was."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from dataclasses import asdict
from datetime import datetime
from typing import Any

from ghconnect import records
from ghconnect.github.errors import GitHubError
from ghconnect.github.ghec import Enterprise as Client
from ghconnect.models import Enterprise
from ghconnect.records import CloudFact as Fact
from licensing.models import CloudFact, CloudSource, SyncRun

from . import chunks, cloud_reads

log = logging.getLogger(__name__)
# The kinds of facts that a source tells in full.
KINDS = {
    "domains": (records.DOMAIN,),
    "invitations": (records.INVITATION, records.COLLABORATOR_INVITATION),
    "visual_studio": (records.VISUAL_STUDIO,),
    "managed_users": (records.MANAGED_USER,),
    "advanced_security": (records.ADVANCED_SECURITY, records.CODE_SECURITY, records.SECRET_PROTECTION),
    "cost_centers": (records.COST_CENTER,),
}
BEGINNING = b'["fact"'
BATCH = 1000
# Under this name stand sources that waited for requests.
PAUSED = "paused"


def read(client: Client, told: dict[str, Any]) -> Iterator[tuple[list[bytes], None]]:
    """Yield what every source tells that was not read yet; how each went is noted in what is `told`.

    Nothing hangs on any of them; only for requests of the next hour each waits once.
    """
    sources, paused = told.setdefault("sources", {}), told.setdefault(PAUSED, [])
    for name, tell in client.sources().items():
        if name in sources:
            continue
        try:
            found = list(tell())
        except GitHubError as error:
            if error.key == "rate" and name not in paused:
                paused.append(name)
                yield [], None
                raise
            log.info("%s of %s not read: %s", name, client.slug, error)
            sources[name] = {"state": error.key, "params": error.params}
            continue
        sources[name] = {"state": CloudSource.READ, "count": len(found)}
        yield [cloud_reads.line("fact", facts_of(fact)) for fact in found], None


def settle(run: SyncRun, enterprise: Enterprise) -> None:
    """Bring facts and sources to what the run read; kinds of a source that was not read stay as they were."""
    sources: dict[str, Any] = run.counts.get("sources", {})
    good = [name for name, told in sources.items() if told["state"] == CloudSource.READ]
    kinds = [kind for name in good for kind in KINDS.get(name, ())]
    if kinds:
        _settle_facts(run, enterprise, kinds)
    for name, told in sources.items():
        _settle_source(enterprise, name, told, run.observed_at)


def _settle_source(
    enterprise: Enterprise, name: str, told: dict[str, Any], observed_at: datetime | None
) -> None:
    values: dict[str, Any] = {
        "state": told["state"],
        "params": told.get("params", {}),
        "tried_at": observed_at,
    }
    if told["state"] == CloudSource.READ:
        values |= {"count": told.get("count", 0), "read_at": observed_at}
    CloudSource.objects.update_or_create(enterprise=enterprise, name=name, defaults=values)


def _settle_facts(run: SyncRun, enterprise: Enterprise, kinds: list[str]) -> None:
    """Write what differs: from one day to the next that is little."""
    told = dict(_told(run, set(kinds)))
    rows = CloudFact.objects.filter(enterprise=enterprise, kind__in=kinds)
    known = {
        (kind, login, value): (pk, note, at)
        for pk, kind, login, value, note, at in rows.values_list(
            "pk", "kind", "login_key", "value", "note", "at"
        )
    }
    stays = {key for key, (_, note, at) in known.items() if told.get(key) == (note, at)}
    gone = [pk for key, (pk, *_) in known.items() if key not in stays]
    for start in range(0, len(gone), BATCH):
        CloudFact.objects.filter(pk__in=gone[start : start + BATCH]).delete()
    CloudFact.objects.bulk_create(
        (
            CloudFact(enterprise=enterprise, kind=kind, login_key=login, value=value, note=note, at=at)
            for (kind, login, value), (note, at) in told.items()
            if (kind, login, value) not in stays
        ),
        batch_size=BATCH,
    )


def _told(
    run: SyncRun, kinds: set[str]
) -> Iterator[tuple[tuple[str, str, str], tuple[str, datetime | None]]]:
    """The facts of the run's chunks, as their columns hold them."""
    for line in chunks.lines(run):
        if line.startswith(BEGINNING):
            fact = json.loads(line)[1]
            if fact["kind"] in kinds:
                at = datetime.fromisoformat(fact["at"]) if fact["at"] else None
                yield (
                    (fact["kind"], fact["login"].lower()[:320], fact["value"][:320]),
                    (fact["note"][:40], at),
                )


def facts_of(fact: Fact) -> dict[str, Any]:
    """A fact as JSON."""
    return {**asdict(fact), "at": fact.at.isoformat() if fact.at else ""}

"""The chain of audit events: link what is new, check all of it, forget its oldest part, send it on.

Each enterprise has a chain of its own, the console another. An event is linked within seconds, in the order in which
it was found, so that no deed waits for another's; from then on nobody can change, insert or take one out unnoticed.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import Exists, Max, OuterRef, QuerySet
from django.utils import timezone

from ghconnect import audit_stream
from ghconnect.models import AuditEvent, AuditSeal

from . import audit

log = logging.getLogger(__name__)
BATCH = 500
# An event whose transaction took long has a lower number than some that are linked; it is looked for so far back.
LATE = 2000
PRUNE = "audit_log.prune"


@dataclass(frozen=True)
class Broken:
    """The first event at which a chain does not hold: its number, and what is wrong."""

    chain: int
    event_id: int
    words: str


@dataclass(frozen=True)
class Head:
    """How far a chain that holds reaches; whoever keeps the digest elsewhere can prove the rest later."""

    chain: int
    events: int
    digest: str


def seal() -> int:
    """Link events that are not yet; returns how many. Two at once: one of them does it."""
    last = AuditSeal.objects.aggregate(last=Max("event_id"))["last"] or 0
    count = 0
    while new := list(_unlinked().filter(pk__gt=last - LATE).order_by("pk")[:BATCH]):
        try:
            with transaction.atomic():
                _link(new)
        except IntegrityError:
            return count  # another worker was faster
        count += len(new)
    return count


def _unlinked() -> QuerySet[AuditEvent]:
    return AuditEvent.objects.filter(~Exists(AuditSeal.objects.filter(event_id=OuterRef("pk"))))


def _link(events: list[AuditEvent]) -> None:
    heads: dict[int, tuple[int, str]] = {}
    seals = []
    for event in events:
        chain = event.enterprise_id or 0
        position, digest = heads.get(chain) or _head(chain)
        heads[chain] = position + 1, event.digest(digest)
        seals.append(
            AuditSeal(
                enterprise_id=event.enterprise_id,
                chain=chain,
                position=heads[chain][0],
                event_id=event.pk,
                digest=heads[chain][1],
                sent=not settings.GHCONNECT_AUDIT_STREAM,
            )
        )
    AuditSeal.objects.bulk_create(seals)


def _head(chain: int) -> tuple[int, str]:
    newest = AuditSeal.objects.filter(chain=chain).order_by("-position").first()
    return (newest.position, newest.digest) if newest else (0, "")


# --- check ---------------------------------------------------------------------------------------------------


def verify() -> Iterator[Head | Broken]:
    """Link what is new, then follow every chain from its first link; yields how each stands."""
    seal()
    for chain in AuditSeal.objects.order_by("chain").values_list("chain", flat=True).distinct():
        yield _follow(chain)
    for event in _unlinked().order_by("pk")[:1]:
        yield Broken(
            event.enterprise_id or 0, event.pk, "stands between linked events and is not linked itself"
        )


def _follow(chain: int) -> Head | Broken:
    position, digest, count, newest = 0, "", 0, 0
    for seals in _batches(chain):
        events = AuditEvent.objects.in_bulk([each.event_id for each in seals])
        for each in seals:
            event = events.get(each.event_id)
            if position == 0 and event is None and _was_forgotten(each):
                position, digest = each.position, each.digest
                continue
            newest = each.event_id
            if each.position != position + 1:
                return Broken(chain, newest, f"{each.position - position - 1} link(s) before it are gone")
            if event is None:
                return Broken(chain, newest, "is gone")
            if (event.enterprise_id or 0) != chain or event.digest(digest) != each.digest:
                return Broken(chain, newest, "is not what was written, or the one before it was exchanged")
            position, digest, count = each.position, each.digest, count + 1
    return Head(chain, count, digest)


def _batches(chain: int) -> Iterator[list[AuditSeal]]:
    links, after = AuditSeal.objects.filter(chain=chain).order_by("position"), 0
    while found := list(links.filter(position__gt=after)[:BATCH]):
        yield found
        after = found[-1].position


def _was_forgotten(first: AuditSeal) -> bool:
    """Whether retention says, in the chain itself, that it forgot everything up to this link."""
    told = AuditEvent.objects.filter(action=PRUNE, enterprise=first.enterprise_id)
    return any(event.data.get("last") == first.position for event in told)


# --- retention -------------------------------------------------------------------------------------------------


def forget(*, dry_run: bool = False) -> int:
    """Delete linked events older than GHCONNECT_KEEP_AUDIT_DAYS (0: never), oldest first; returns how many.

    The last link stays as the new beginning, and an event of the chain says up to where it was forgotten.
    """
    if not settings.GHCONNECT_KEEP_AUDIT_DAYS:
        return 0
    seal()
    old = timezone.now() - timedelta(days=settings.GHCONNECT_KEEP_AUDIT_DAYS)
    chains = AuditSeal.objects.order_by("chain").values_list("chain", flat=True).distinct()
    return sum(_forget(chain, old, dry_run) for chain in list(chains))


def _forget(chain: int, old: Any, dry_run: bool) -> int:
    """Forget the part of one chain before the first event that is young, or not yet sent on."""
    events = AuditEvent.objects.filter(enterprise=chain or None)
    young = events.filter(at__gte=old).values("pk")
    links = AuditSeal.objects.filter(chain=chain).order_by("position")
    first = links.filter(event_id__in=young).first() or links.last()
    unsent = links.filter(sent=False).first()
    if first is None:
        return 0
    end = min(first.position, unsent.position if unsent else first.position)
    gone = links.filter(position__lt=end)
    past = events.filter(pk__in=gone.values("event_id"))
    count = past.count()
    if dry_run or not count:
        return count
    while _forget_batch(chain, gone):
        pass
    return count


@transaction.atomic
def _forget_batch(chain: int, gone: QuerySet[AuditSeal]) -> bool:
    """Forget a batch; False once nothing but the anchor is left."""
    some = list(gone[: BATCH + 1])
    ids = [each.event_id for each in some]
    # The plain query set: that of the model refuses to delete.
    deleted = QuerySet(AuditEvent).filter(pk__in=ids).delete()[0]
    if not deleted:
        return False
    last = some[-1]
    AuditSeal.objects.filter(chain=chain, position__lt=last.position).delete()
    audit.record(PRUNE, by=None, enterprise=last.enterprise, count=deleted, last=last.position)
    return True


# --- on to a collector -------------------------------------------------------------------------------------------


def send(deliver: Callable[[str, list[str]], None] | None = None) -> int:
    """Send linked events to GHCONNECT_AUDIT_STREAM in order, each at least once; returns how many.

    A collector that is down loses nothing: what was not taken is tried again with the next look.
    """
    deliver = deliver or audit_stream.deliver
    waiting, count = AuditSeal.objects.filter(sent=False).order_by("pk"), 0
    while settings.GHCONNECT_AUDIT_STREAM and (seals := list(waiting.select_related("enterprise")[:BATCH])):
        events = AuditEvent.objects.in_bulk([each.event_id for each in seals])
        lines = [_line(each, events[each.event_id]) for each in seals if each.event_id in events]
        try:
            deliver(settings.GHCONNECT_AUDIT_STREAM, lines)
        except (OSError, ValueError) as error:
            log.warning(
                "audit events were not taken by their collector: %s; tried again", type(error).__name__
            )
            break
        AuditSeal.objects.filter(pk__in=[each.pk for each in seals]).update(sent=True)
        count += len(seals)
    return count


def _line(link: AuditSeal, event: AuditEvent) -> str:
    slug = link.enterprise.slug if link.enterprise else ""
    return json.dumps(
        {**event.facts(slug), "position": link.position, "digest": link.digest}, ensure_ascii=False
    )

"""The chain of audit events: link what is new, check all of it, forget its oldest part, send it on.

Each enterprise has a chain of its own, the console another. An event is linked within seconds, in the order in which
it was found, so that no deed waits for another's; from then on nobody can change, insert or take one out unnoticed.
Where each chain ends, and from where on it is kept, is sealed beside it (`audit_heads`).
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import Exists, Max, OuterRef, QuerySet
from django.utils import timezone

from ghconnect import audit_stream
from ghconnect.models import AuditCut, AuditEvent, AuditSeal, Enterprise

from . import audit, audit_heads
from .audit_heads import Link

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
    """How far a chain that holds reaches; whoever keeps the digest elsewhere can prove the rest later.

    `begins`: links before that position were forgotten by retention; 1 where none was.
    """

    chain: int
    events: int
    digest: str
    position: int = 0
    begins: int = 1


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
    """Link events where the sealed row says their chains end, so that a cut shows for ever."""
    known = audit_heads.locked()
    ends: dict[int, Link] = {}
    seals = []
    for event in events:
        chain = event.enterprise_id or 0
        before = ends.get(chain) or _end(chain, known)
        ends[chain] = Link(before.position + 1, event.digest(before.digest))
        seals.append(
            AuditSeal(
                enterprise_id=event.enterprise_id,
                chain=chain,
                position=ends[chain].position,
                event_id=event.pk,
                digest=ends[chain].digest,
                sent=not settings.GHCONNECT_AUDIT_STREAM,
            )
        )
    AuditSeal.objects.bulk_create(seals)
    audit_heads.keep(known, ends=ends)


def _end(chain: int, known: audit_heads.Heads | None) -> Link:
    newest = AuditSeal.objects.filter(chain=chain).order_by("-position").first()
    there = Link(newest.position, newest.digest) if newest else Link(0, "")
    told = known.ends.get(chain, there) if known else there
    return told if told.position >= there.position else there


# --- check ---------------------------------------------------------------------------------------------------


def verify(kept: Mapping[int, Link] | None = None) -> Iterator[Head | Broken]:
    """Link what is new, then follow every chain from its first link; yields how each stands.

    `kept` are ends that were written down elsewhere before: each must still be in its chain.
    """
    seal()
    known, kept = audit_heads.read(), kept or {}
    chains = set(AuditSeal.objects.order_by().values_list("chain", flat=True).distinct())
    for chain in sorted(chains | set(kept) | set(known.ends if known else ())):
        found = _follow(chain, known)
        yield found if isinstance(found, Broken) else _ends_well(found, known, kept.get(chain))
    for event in _unlinked().order_by("pk")[:1]:
        yield Broken(
            event.enterprise_id or 0, event.pk, "stands between linked events and is not linked itself"
        )


def _follow(chain: int, known: audit_heads.Heads | None) -> Head | Broken:
    begins = known.begins.get(chain) if known else None
    position, digest, count, newest = 0, "", 0, 0
    for seals in _batches(chain):
        events = AuditEvent.objects.in_bulk([each.event_id for each in seals])
        for each in seals:
            event = events.get(each.event_id)
            if position == 0 and event is None and begins == Link(each.position, each.digest):
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
    return Head(chain, count, digest, position, begins.position + 1 if begins else 1)


def _ends_well(found: Head, known: audit_heads.Heads | None, kept: Link | None) -> Head | Broken:
    """Whether a chain that holds also reaches as far as the console, and whoever kept its end, say."""
    last = AuditSeal.objects.filter(chain=found.chain).order_by("-position").first()
    number = last.event_id if last else 0
    if known is None:
        return Broken(found.chain, number, "is the last, and nothing this console's keys open says so")
    end = known.ends.get(found.chain)
    if end is None:
        return Broken(found.chain, number, "is linked, though this console linked nothing of that chain")
    if end.position > found.position:
        return Broken(found.chain, number, f"is the last: {end.position - found.position} behind it are gone")
    if end.digest != found.digest:
        return Broken(found.chain, number, "is not the end that this console linked")
    return found if kept is None or _still_there(found, kept) else _not_kept(found, number, kept)


def _still_there(found: Head, kept: Link) -> bool:
    """Whether an end kept elsewhere is a link of the chain; one that was forgotten since cannot be asked."""
    if kept.position < found.begins - 1:
        return True
    return AuditSeal.objects.filter(chain=found.chain, position=kept.position, digest=kept.digest).exists()


def _not_kept(found: Head, number: int, kept: Link) -> Broken:
    return Broken(found.chain, number, f"ends a chain in which link {kept.position}, kept elsewhere, is not")


def _batches(chain: int) -> Iterator[list[AuditSeal]]:
    links, after = AuditSeal.objects.filter(chain=chain).order_by("position"), 0
    while found := list(links.filter(position__gt=after)[:BATCH]):
        yield found
        after = found[-1].position


# --- retention -------------------------------------------------------------------------------------------------


def forget(*, dry_run: bool = False) -> int:
    """Delete linked events older than GHCONNECT_KEEP_AUDIT_DAYS (0: never), oldest first; returns how many.

    The last link stays as the new beginning, which is sealed, and an event of the chain says up to where.
    """
    if not settings.GHCONNECT_KEEP_AUDIT_DAYS:
        return 0
    seal()
    old = timezone.now() - timedelta(days=settings.GHCONNECT_KEEP_AUDIT_DAYS)
    chains = AuditSeal.objects.order_by("chain").values_list("chain", flat=True).distinct()
    return sum(_forget(chain, old, dry_run) for chain in list(chains))


def _forget(chain: int, old: datetime, dry_run: bool) -> int:
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
    count = events.filter(pk__in=gone.values("event_id")).count()
    if dry_run or not count:
        return count
    while _forget_batch(chain, gone):
        pass
    return count


@transaction.atomic
def _forget_batch(chain: int, gone: QuerySet[AuditSeal]) -> bool:
    """Forget a batch; False once nothing but the new beginning is left."""
    some = list(gone[: BATCH + 1])
    ids = [each.event_id for each in some]
    AuditCut.objects.create(chain=chain, up_to=max(ids), at=timezone.now())
    # The plain query set: that of the model refuses to delete.
    deleted = QuerySet(AuditEvent).filter(pk__in=ids).delete()[0]
    if not deleted:
        transaction.set_rollback(True)
        return False
    last = some[-1]
    AuditSeal.objects.filter(chain=chain, position__lt=last.position).delete()
    audit_heads.keep(audit_heads.locked(), begins={chain: Link(last.position, last.digest)})
    audit.record(PRUNE, by=None, enterprise=last.enterprise, count=deleted, last=last.position)
    return True


def forget_all(enterprise: Enterprise) -> None:
    """Open the door for every event of an enterprise that is about to be deleted whole, in that transaction."""
    AuditCut.objects.create(chain=enterprise.pk, up_to=AuditCut.EVERYTHING, at=timezone.now())
    audit_heads.drop(enterprise.pk)


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

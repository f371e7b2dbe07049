"""Licenses that could probably be avoided, worked out once for an edition: the one place that asks the rules.

A worker keeps them in a table (`usecases.twice_find`); until it has been there, of a small enterprise they are worked
out at the first asking, and of a large one those of the edition before stand. A list beside the numbers: nothing here
is ever subtracted from one.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from hashlib import sha256

from django.core.cache import cache
from django.db.models import Q, QuerySet

from ghconnect import clock
from ghconnect.models import Enterprise
from ghconnect.records import DOMAIN
from licensing.models import (
    CloudFact,
    Edition,
    TwiceCandidate,
    TwiceDecision,
    TwiceExclusion,
    TwiceFound,
    TwicePerson,
)
from licensing.rules import avoidable as rules

from . import seat_streams

# Words that leave a candidate out of every list and sum.
ASIDE = (TwiceDecision.State.REJECTED, TwiceDecision.State.SNOOZED)
# Of more people than this no page works it out: it shows what the worker found last.
BY_THE_WAY = 20_000
# Until the worker has been there; names are in it.
KEPT_SECONDS = 3600
MONTHS = 12


@dataclass(frozen=True, slots=True)
class Avoidable:
    """What could be avoided: candidates, licenses, and what these cost in a year (None without a price).

    `aside` are candidates an owner rejected or snoozed: in no list and no sum. `decisions` by fingerprint.
    """

    candidates: list[rules.Candidate]
    licenses: int
    cents_a_year: int | None
    currency: str
    aside: list[rules.Candidate] = field(default_factory=list)
    decisions: dict[str, TwiceDecision] = field(default_factory=dict)


def of(enterprise: Enterprise) -> Avoidable:
    """Return the candidates: of the newest edition, or of a large enterprise those the worker found last."""
    if is_kept(enterprise, found(enterprise)):
        return _counted(enterprise, stored(TwiceCandidate.objects.filter(enterprise=enterprise)))
    return worked_out(enterprise)


def worked_out(enterprise: Enterprise) -> Avoidable:
    """Return the candidates of an enterprise whose table is not asked (`is_kept`)."""
    return _counted(enterprise, _worked_out(enterprise))


def of_person(enterprise: Enterprise, pk: int) -> list[rules.Candidate]:
    """Return the open candidates that a person is part of."""
    if not is_kept(enterprise, found(enterprise)):
        return [one for one in worked_out(enterprise).candidates if pk in (*one.extra, one.kept)]
    mine = TwicePerson.objects.filter(person_id=pk).values("candidate")
    rows = TwiceCandidate.objects.filter(enterprise=enterprise, pk__in=mine)
    return _counted(enterprise, stored(rows)).candidates


def found(enterprise: Enterprise) -> TwiceFound | None:
    """Return what a worker looked at last."""
    return TwiceFound.objects.filter(enterprise=enterprise).first()


def stands(enterprise: Enterprise, last: TwiceFound | None) -> bool:
    """Whether the table, looked at `last`, is of the newest edition, and leaves out what is to be left out."""
    return (
        last is not None
        and last.edition == enterprise.edition
        and last.excluded == excluded_hash(exclusions(enterprise))
    )


def work_out(enterprise: Enterprise, excluded: Iterable[str]) -> list[rules.Candidate]:
    """Return all candidates, the most certain first: two passes over everybody, in memory that hardly grows."""
    seats, domains = seat_streams.narrowed(enterprise)
    owned = CloudFact.objects.filter(enterprise=enterprise, kind=DOMAIN).values_list("value", flat=True)
    found = rules.candidates(seats, excluded, domains=domains, owned=owned)
    return sorted(found, key=lambda one: one.rank)


def stored(rows: QuerySet[TwiceCandidate]) -> list[rules.Candidate]:
    """Return candidates of the table in their order: two queries."""
    extra = TwicePerson.objects.filter(candidate__in=rows, extra=True)
    return _read(rows.order_by("temporary", "weight", "id"), extra)


def told(rows: Sequence[TwiceCandidate]) -> list[rules.Candidate]:
    """Return the candidates of some rows, a page of them: one query."""
    ids = [row.pk for row in rows]
    return _read(rows, TwicePerson.objects.filter(candidate_id__in=ids, extra=True))


def _read(rows: Iterable[TwiceCandidate], extra: QuerySet[TwicePerson]) -> list[rules.Candidate]:
    people: defaultdict[int, list[int]] = defaultdict(list)
    for candidate, person in extra.order_by("candidate_id", "person_id").values_list(
        "candidate_id", "person_id"
    ):
        people[candidate].append(person)
    return [
        rules.Candidate(row.reason, tuple(people[row.pk]), row.kept_id, row.fix, row.params, row.temporary)
        for row in rows
    ]


def is_kept(enterprise: Enterprise, last: TwiceFound | None) -> bool:
    """Whether the table is asked: it is of the newest edition, or the enterprise is too large for anything else."""
    return stands(enterprise, last) or _people(enterprise) > BY_THE_WAY


def _people(enterprise: Enterprise) -> int:
    """How many consume, as the newest edition says."""
    totals = Edition.objects.filter(enterprise=enterprise, number=enterprise.edition).values_list("totals")
    return int((totals.first() or ({},))[0].get("expected", 0))


def _worked_out(enterprise: Enterprise) -> list[rules.Candidate]:
    excluded = exclusions(enterprise)
    key = _key(enterprise, excluded)
    known: list[rules.Candidate] | None = cache.get(key)
    if known is None:
        known = work_out(enterprise, excluded)
        cache.set(key, known, KEPT_SECONDS)
    return known


def exclusions(enterprise: Enterprise) -> list[str]:
    """Return the patterns of logins and addresses that are never proposed."""
    rows = TwiceExclusion.objects.filter(enterprise=enterprise).order_by("pattern")
    return list(rows.values_list("pattern", flat=True))


def excluded_hash(excluded: Iterable[str]) -> str:
    """Name patterns."""
    return sha256("\n".join(excluded).encode()).hexdigest()


def _key(enterprise: Enterprise, excluded: list[str]) -> str:
    # Started again, or restored, an enterprise may have the number and edition of another.
    without = excluded_hash(excluded)[:12]
    return f"twice:{enterprise.pk}:{enterprise.created_at.timestamp()}:{enterprise.edition}:{without}"


def _counted(enterprise: Enterprise, found: list[rules.Candidate]) -> Avoidable:
    """Count what stands: a word of an owner holds from the moment it is said."""
    decisions = {row.fingerprint: row for row in holding(enterprise)}
    aside = [one for one in found if _is_aside(decisions.get(one.fingerprint))] if decisions else []
    out = {one.fingerprint for one in aside}
    open_ = [one for one in found if one.fingerprint not in out]
    licenses = rules.total(open_)
    cost = cents_a_year(enterprise, licenses)
    return Avoidable(open_, licenses, cost, enterprise.currency, aside, decisions)


def decisions(enterprise: Enterprise, some: Iterable[rules.Candidate]) -> dict[str, TwiceDecision]:
    """Return the words that hold now on these candidates, by fingerprint."""
    rows = holding(enterprise).filter(fingerprint__in=[one.fingerprint for one in some])
    return {row.fingerprint: row for row in rows}


def holding(enterprise: Enterprise) -> QuerySet[TwiceDecision]:
    """Return the words of owners that hold now: a snooze ends by itself."""
    now = clock.now(enterprise)
    return TwiceDecision.objects.filter(Q(until=None) | Q(until__gt=now), enterprise=enterprise)


def _is_aside(decision: TwiceDecision | None) -> bool:
    return decision is not None and decision.state in ASIDE


def cents_a_year(enterprise: Enterprise, licenses: int) -> int | None:
    """What so many licenses cost in a year, in hundredths of the enterprise's currency."""
    price = enterprise.price_cents
    return None if price is None else price * MONTHS * licenses

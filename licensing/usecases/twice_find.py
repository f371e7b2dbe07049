"""Find who is probably counted twice, by a worker after each publication, into a table."""

from __future__ import annotations

import time
from collections.abc import Sequence
from hashlib import sha256

from django.db import transaction

from ghconnect import clock
from ghconnect.models import Enterprise
from licensing import avoidable
from licensing.models import TwiceCandidate, TwiceFound, TwicePerson
from licensing.models.bulk.snapshot import snapshot
from licensing.rules.avoidable import Candidate

from . import by_edition

TASK = "licensing.find_counted_twice"
BATCH = 500


def dispatch() -> int:
    """Send what has not been looked at since its last edition; returns how many enterprises."""
    return by_edition.dispatch(TASK, TwiceFound)


def find_id(enterprise_id: int) -> bool:
    """Find those of an enterprise; False where it is gone, another worker is at it, or nothing was published since."""
    with by_edition.alone(TASK, enterprise_id) as enterprise:
        return enterprise is not None and find(enterprise=enterprise)


def find(*, enterprise: Enterprise) -> bool:
    """Bring the table to the newest edition, if it is not there; rows that say the same stay."""
    if avoidable.stands(enterprise, avoidable.found(enterprise)):
        return False
    began = time.monotonic()
    with snapshot():
        enterprise.refresh_from_db()
        excluded = avoidable.exclusions(enterprise)
        found = avoidable.work_out(enterprise, excluded)
    _keep(enterprise, found, avoidable.excluded_hash(excluded), began)
    return True


@transaction.atomic
def _keep(enterprise: Enterprise, found: Sequence[Candidate], excluded: str, began: float) -> None:
    wanted = {digest(one): one for one in found}
    known = dict(TwiceCandidate.objects.filter(enterprise=enterprise).values_list("digest", "pk"))
    gone = [pk for name, pk in known.items() if name not in wanted]
    old = TwiceCandidate.objects.filter(enterprise=enterprise, pk__among=gone)
    TwicePerson.objects.filter(candidate__in=old).delete()
    old.delete()
    new = [_row(enterprise, name, one) for name, one in wanted.items() if name not in known]
    TwiceCandidate.objects.bulk_create(new, BATCH)
    TwicePerson.objects.bulk_create((one for row in new for one in _people(row, wanted[row.digest])), BATCH)
    facts = {"edition": enterprise.edition, "excluded": excluded, "at": clock.now(enterprise)}
    seconds = round(time.monotonic() - began, 3)
    TwiceFound.objects.update_or_create(enterprise=enterprise, defaults=facts | {"seconds": seconds})


def digest(one: Candidate) -> str:
    """Name everything a candidate says."""
    told = (one.reason, one.extra, one.kept, one.fix, sorted(one.params.items()), one.temporary)
    return sha256(repr(told).encode()).hexdigest()


def _row(enterprise: Enterprise, name: str, one: Candidate) -> TwiceCandidate:
    return TwiceCandidate(
        enterprise=enterprise,
        digest=name,
        fingerprint=one.fingerprint,
        reason=one.reason,
        fix=one.fix,
        params=one.params,
        temporary=one.temporary,
        weight=one.rank[1],
        licenses=len(one.extra),
        kept_id=one.kept,
    )


def _people(row: TwiceCandidate, one: Candidate) -> list[TwicePerson]:
    return [
        *(TwicePerson(candidate=row, person_id=pk, extra=True) for pk in one.extra),
        *(TwicePerson(candidate=row, person_id=pk, extra=False) for pk in (one.kept,) if pk),
    ]

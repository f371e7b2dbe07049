"""An owner's word on a license that is probably counted twice, and on what is never proposed."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

from django.db import transaction

from ghconnect import clock
from ghconnect.models import Enterprise, User
from ghconnect.queue import send
from ghconnect.usecases import audit
from licensing.models import Account, TwiceDecision, TwiceExclusion
from licensing.rules.avoidable import Candidate

SNOOZE = timedelta(days=30)
# A list that somebody keeps by hand.
MOST_EXCLUSIONS = 500
State = TwiceDecision.State


@transaction.atomic
def decide(*, enterprise: Enterprise, candidate: Candidate, state: str, by: User | None) -> TwiceDecision:
    """Accept, reject or snooze a candidate; a later word takes the place of an earlier one."""
    now = clock.now(enterprise)
    told = {"before": {"state": _state(enterprise, candidate.fingerprint)}, "after": {"state": str(state)}}
    decision, _made = TwiceDecision.objects.update_or_create(
        enterprise=enterprise,
        fingerprint=candidate.fingerprint,
        defaults={
            "state": state,
            "until": now + SNOOZE if state == State.SNOOZED else None,
            "account_id": _account(enterprise, candidate),
            "decided_at": now,
            "decided_by_login": audit.name_of(by),
        },
    )
    audit.record(
        f"counted_twice.{state}", by=by, enterprise=enterprise, subject=candidate.fingerprint[:12], **told
    )
    return decision


@transaction.atomic
def reopen(*, enterprise: Enterprise, fingerprint: str, by: User | None) -> bool:
    """Take a word back: the candidate is open again, if it still is one. False where nothing was decided."""
    before = {"state": _state(enterprise, fingerprint)}
    gone, _each = TwiceDecision.objects.filter(enterprise=enterprise, fingerprint=fingerprint).delete()
    if gone:
        told = {"before": before, "after": {"state": ""}}
        audit.record("counted_twice.reopened", by=by, enterprise=enterprise, subject=fingerprint[:12], **told)
    return bool(gone)


@transaction.atomic
def exclude(*, enterprise: Enterprise, patterns: Iterable[str], by: User | None) -> int:
    """Set what is never proposed, in place of what was; returns how many patterns stand."""
    wanted = sorted({pattern.strip().lower()[:320] for pattern in patterns} - {""})[:MOST_EXCLUSIONS]
    standing = TwiceExclusion.objects.filter(enterprise=enterprise)
    before = {"patterns": standing.count()}
    standing.delete()
    TwiceExclusion.objects.bulk_create(TwiceExclusion(enterprise=enterprise, pattern=one) for one in wanted)
    send("licensing.find_counted_twice", enterprise_id=enterprise.pk)
    told = {"before": before, "after": {"patterns": len(wanted)}}
    audit.record("counted_twice.exclusions", by=by, enterprise=enterprise, subject="", **told)
    return len(wanted)


def _state(enterprise: Enterprise, fingerprint: str) -> str:
    """What was decided so far; "" where nothing was."""
    found = TwiceDecision.objects.filter(enterprise=enterprise, fingerprint=fingerprint).first()
    return str(found.state) if found else ""


def _account(enterprise: Enterprise, candidate: Candidate) -> int | None:
    """The account whose address has to change."""
    rows = Account.objects.filter(
        enterprise=enterprise,
        server__host=candidate.params.get("host", ""),
        login=candidate.params.get("login", ""),
        ended_edition=None,
    )
    return rows.values_list("pk", flat=True).first()

"""Who is probably counted twice, an owner's word on it, and what is never proposed, for scripts."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from ninja import Router, Schema
from pydantic import ConfigDict, Field

from ghconnect.api import auth
from ghconnect.api.answers import changed, paged, tagged
from ghconnect.api.console import ADMIN, OVERSEE, enterprise_of
from ghconnect.api.shapes import CHANGES, PROBLEMS, Cursor, Paged, Said, Size
from ghconnect.models import Enterprise
from licensing import avoidable, candidates, counted_twice
from licensing.license_records import iso
from licensing.models import TwiceDecision
from licensing.rules.avoidable import Candidate
from licensing.usecases import twice

router = Router(tags=["console"])
ONE, EXCLUSIONS = "/duplicates/{fingerprint}", "/duplicate-exclusions"
Wanted = Annotated[
    Literal["", "open", "accepted", "rejected", "snoozed"],
    Said("With this word of an owner alone; without it, those that are open or accepted."),
]


class Duplicate(Schema):
    """Somebody who is probably counted twice, why, what ends it, and what an owner said of it.

    `fingerprint` names it from edition to edition. A snooze ends at `until`.
    """

    fingerprint: str
    state: Literal["open", "accepted", "rejected", "snoozed"]
    decided_by: str | None
    decided_at: str | None
    until: str | None
    reason: str
    who: str
    confidence: int
    licenses: int
    cents_a_year: int | None
    cause: str
    fix: str
    actor: str
    host: str
    login: str
    address: str
    change_to: str
    temporary: bool
    people: list[int]


class Duplicates(Paged):
    """Candidates, the surest and dearest first; the sums are of all open and accepted, subtracted from no number."""

    licenses: int
    cents_a_year: int | None
    currency: str
    items: list[Duplicate]


class Decision(Schema):
    """An owner's word: `open` takes an earlier one back, `snoozed` holds for 30 days."""

    state: Literal["open", "accepted", "rejected", "snoozed"]
    model_config = ConfigDict(json_schema_extra={"examples": [{"state": "rejected"}]})


class Exclusions(Schema):
    """Logins, addresses, or @ and a domain that are never proposed; `*` stands for anything."""

    patterns: list[Annotated[str, Field(max_length=320)]] = Field(max_length=twice.MOST_EXCLUSIONS)
    model_config = ConfigDict(
        json_schema_extra={"examples": [{"patterns": ["build-*", "@robots.example.com"]}]}
    )


@router.get("/duplicates", auth=OVERSEE, response={200: Duplicates, **PROBLEMS})
def duplicates(
    request: HttpRequest, state: Wanted = "", after: Cursor = "", before: Cursor = "", limit: Size = 50
) -> HttpResponse:
    """List who is probably counted twice. Scope read:enterprise, of an owner or auditor."""
    enterprise = enterprise_of(request)
    listed = candidates.of(enterprise)
    page = listed.page(request, state=state, size=limit)
    items = _told(enterprise, [one.candidate for one in page.rows])
    cents = avoidable.cents_a_year(enterprise, listed.licenses)
    return paged(
        request, page, items, licenses=listed.licenses, cents_a_year=cents, currency=enterprise.currency
    )


@router.get(ONE, auth=OVERSEE, response={200: Duplicate, **PROBLEMS})
def duplicate(request: HttpRequest, fingerprint: str) -> HttpResponse:
    """Tell one candidate. Scope read:enterprise, of an owner or auditor."""
    enterprise = enterprise_of(request)
    return tagged(request, _one(enterprise, fingerprint)[1])


@router.put(ONE, auth=ADMIN, response={200: Duplicate, **CHANGES})
def duplicate_decide(request: HttpRequest, fingerprint: str, body: Decision) -> HttpResponse:
    """Accept, reject or snooze a candidate, or open it again. Scope admin:connect."""
    enterprise = enterprise_of(request)
    # Before the transaction, as candidates may have to be worked out; within it they are only read again.
    candidate, _now = _one(enterprise, fingerprint)
    with transaction.atomic():
        auth.as_asked(request, _one(enterprise, fingerprint)[1])
        if body.state == "open":
            twice.reopen(enterprise=enterprise, fingerprint=candidate.fingerprint, by=None)
        else:
            twice.decide(enterprise=enterprise, candidate=candidate, state=body.state, by=None)
    return changed(_one(enterprise, fingerprint)[1])


@router.get(EXCLUSIONS, auth=OVERSEE, response={200: Exclusions, **PROBLEMS})
def duplicate_exclusions(request: HttpRequest) -> HttpResponse:
    """List what is never proposed. Scope read:enterprise, of an owner or auditor."""
    return tagged(request, _exclusions(enterprise_of(request)))


@router.put(EXCLUSIONS, auth=ADMIN, response={200: Exclusions, **CHANGES})
def duplicate_exclude(request: HttpRequest, body: Exclusions) -> HttpResponse:
    """Set what is never proposed, in place of what was. Scope admin:connect."""
    with transaction.atomic():
        enterprise = enterprise_of(request)
        auth.as_asked(request, _exclusions(enterprise))
        patterns = [pattern.replace("\0", "") for pattern in body.patterns]
        twice.exclude(enterprise=enterprise, patterns=patterns, by=None)
    return changed(_exclusions(enterprise))


def _one(enterprise: Enterprise, fingerprint: str) -> tuple[Candidate, dict[str, Any]]:
    found = candidates.of(enterprise).named(fingerprint)
    if found is None:
        raise Http404
    return found, _told(enterprise, [found])[0]


def _told(enterprise: Enterprise, some: list[Candidate]) -> list[dict[str, Any]]:
    decisions = avoidable.decisions(enterprise, some)
    items = counted_twice.items(enterprise, some, decisions=decisions)
    return [
        _duplicate(decisions.get(one.fingerprint), one, item) for one, item in zip(some, items, strict=True)
    ]


def _duplicate(decision: TwiceDecision | None, one: Candidate, item: counted_twice.Item) -> dict[str, Any]:
    return {
        "fingerprint": one.fingerprint,
        "state": decision.state if decision else candidates.OPEN,
        "decided_by": decision.decided_by_login if decision else None,
        "decided_at": iso(decision.decided_at) if decision else None,
        "until": (iso(decision.until) or None) if decision else None,
        "reason": one.reason,
        "who": item.who,
        "confidence": item.confidence,
        "licenses": item.licenses,
        "cents_a_year": item.cents_a_year,
        "cause": item.cause,
        "fix": item.fix,
        "actor": item.actor,
        "host": item.host,
        "login": item.login,
        "address": item.before,
        "change_to": item.after,
        "temporary": item.temporary,
        "people": [pk for pk in (one.kept, *one.extra) if pk],
    }


def _exclusions(enterprise: Enterprise) -> dict[str, Any]:
    return {"patterns": avoidable.exclusions(enterprise)}

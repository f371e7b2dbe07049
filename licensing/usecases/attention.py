"""Keep what needs somebody in a table, and tell it when an item opens or clears (ENGINEERING §26)."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder
from django.db import transaction
from django.db.models import F
from django.utils import timezone, translation

from ghconnect import clock
from ghconnect.models import Enterprise
from licensing import attention, bridge, clocks
from licensing.models import Alerting, AttentionItem
from licensing.rules import alerts as rules
from licensing.rules import attention as drawing

from . import alerts

log = logging.getLogger(__name__)
# Facts read while another refresh wrote are read again.
TRIES = 5
Name = tuple[str, str]


def refresh_ids(enterprise_id: int = 0) -> int:
    """Refresh one enterprise, or all (0); one that fails never stops the rest. Returns how many were refreshed."""
    done = 0
    # A pretend enterprise whose time is in the past is being loaded.
    rows = Enterprise.objects.filter(clock_offset__gte=0)
    for enterprise in rows.filter(pk=enterprise_id) if enterprise_id else rows:
        try:
            done += refresh(enterprise=enterprise)
        except Exception:
            log.exception("attention of %s could not be refreshed", enterprise)
    return done


def refresh(*, enterprise: Enterprise) -> bool:
    """Bring the table to what needs somebody now, and write what is to be told of it, in one transaction.

    Facts are read before, so that nothing waits for them; where another refresh was faster they are read again.
    """
    for _ in range(TRIES):
        looks = alerts.alerting(enterprise).looks
        enterprise.refresh_from_db()
        servers = clocks.of(enterprise)
        unknown = clocks.known_to_github_only(enterprise)
        gathered = attention.gather(enterprise, servers, unknown, bridge.of(enterprise))
        if _reconcile(gathered, looks):
            return True
    return False


@transaction.atomic
def _reconcile(gathered: attention.Gathered, looks: int) -> bool:
    enterprise, now = gathered.enterprise, timezone.now()
    row = Alerting.objects.filter(enterprise=enterprise, looks=looks)
    if not row.update(looks=F("looks") + 1, looked_at=now):
        return False
    found = {
        (item.key, item.subject): item for item in drawing.attention(gathered.facts, clock.now(enterprise))
    }
    for item in _settled(enterprise, found, gathered, now):
        _tell(item, gathered, now)
    return True


def _settled(
    enterprise: Enterprise, found: Mapping[Name, drawing.Item], gathered: attention.Gathered, now: datetime
) -> list[AttentionItem]:
    """Open, renew and clear rows; returns all of the last day, each as it stands."""
    known = _known(enterprise, now)
    for name, item in found.items():
        row = known.get(name) or AttentionItem(
            enterprise=enterprise, key=item.key, subject=item.subject, opened_at=now, changed_at=now
        )
        known[name] = _open(row, item, gathered, now)
    for name, row in known.items():
        if row.is_open and name not in found:
            row.cleared_at = row.changed_at = now
            row.save(update_fields=["cleared_at", "changed_at"])
    return list(known.values())


def _known(enterprise: Enterprise, now: datetime) -> dict[Name, AttentionItem]:
    """Return open rows, and for names without one the row cleared last within a day."""
    rows = AttentionItem.objects.filter(enterprise=enterprise)
    recent = rows.filter(cleared_at__gt=now - rules.SAME_ITEM).order_by("cleared_at")
    known = {(row.key, row.subject): row for row in recent}
    return known | {(row.key, row.subject): row for row in rows.filter(cleared_at=None)}


def _open(
    row: AttentionItem, item: drawing.Item, gathered: attention.Gathered, now: datetime
) -> AttentionItem:
    params = dict(item.params)
    if item.subject in gathered.pending:
        params["pending"] = dict(gathered.pending[item.subject])
    facts = {
        "licenses": item.licenses,
        "since": item.since,
        "params": _plain(params),
        "verb": item.verb,
        "cleared_at": None,
    }
    if row.cleared_at is not None:
        row.changed_at = now
    # A row not saved yet has no `told` to keep, and differs at least in its verb.
    if any(getattr(row, name) != value for name, value in facts.items()):
        for name, value in facts.items():
            setattr(row, name, value)
        row.save()
    return row


def _plain(params: Mapping[str, Any]) -> dict[str, Any]:
    """Return parameters as the column gives them back, so that equal ones compare equal."""
    plain: dict[str, Any] = json.loads(json.dumps(params, cls=DjangoJSONEncoder))
    return plain


def _tell(row: AttentionItem, gathered: attention.Gathered, now: datetime) -> None:
    told = rules.to_tell(
        is_open=row.is_open,
        told=row.told,
        came_back=row.changed_at > row.opened_at,
        stays=now - row.changed_at,
    )
    if not told:
        return
    row.told = told
    row.save(update_fields=["told"])
    with translation.override(alerts.alerting(gathered.enterprise).language):
        said = attention.say(attention.item_of(row), gathered, owner=True)
    alerts.tell_of(row, said, event=f"attention.{told}")
    if row.key == "limit_near" and told == rules.OPENED:
        alerts.tell_of(row, said, event="limit.near")

"""What somebody types into the search of the audit log, as GitHub's: `action:`, `actor:`, `created:`, and words."""

from __future__ import annotations

import re
import zoneinfo
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta

from django.db.models import Q

QUALIFIERS = ("action:", "actor:", "created:")
_TOKEN = re.compile(r'(?:[^\s"]|"[^"]*"?)+')
_QUALIFIED = re.compile(r'(-?)(\w+):"?([^"]*)"?')
_SPAN = re.compile(r"(>=|<=|>|<|)(\d{4}-\d\d-\d\d)(?:\.\.(\d{4}-\d\d-\d\d|\*))?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Asked:
    """The condition, and what was typed and means nothing here."""

    where: Q = field(default_factory=Q)
    unknown: tuple[str, ...] = ()


def parse(typed: str, zone: str) -> Asked:
    """Read what was typed; never fails. Days are those of `zone`. `action:server` finds `server.add` too."""
    where, unknown = Q(), list[str]()
    for token in _TOKEN.findall(typed.replace("\0", "")[:500]):
        found = _QUALIFIED.fullmatch(token)
        if found is None:
            word = token.replace('"', "")
            where &= Q(subject__icontains=word) | Q(actor_login__icontains=word) | Q(action__icontains=word)
            continue
        reader = READERS.get(found[2].lower())
        term = reader(found[3], zone) if reader and found[3] else None
        if term is None:
            unknown.append(token)
        else:
            where &= ~term if found[1] else term
    return Asked(where, tuple(unknown))


def _action(value: str, _zone: str) -> Q:
    return Q(action=value) | Q(action__startswith=f"{value.removesuffix('*').removesuffix('.')}.")


def _actor(value: str, _zone: str) -> Q:
    return Q(actor_login__iexact=value)


def _created(value: str, zone: str) -> Q | None:
    """`2026-11-24`, `>=2026-11-24`, `<2026-12-01`, `2026-11-01..2026-11-30`, each end a whole day."""
    found = _SPAN.fullmatch(value)
    try:
        first = date.fromisoformat(found[2]) if found else None
        last = date.fromisoformat(found[3]) if found and found[3] not in (None, "*") else None
        begin, end = _day(first, zone), _day(last or first, zone, after=True)
    except (ValueError, OverflowError):
        return None
    if found is None or (found[1] and found[3]):
        return None
    if found[3] == "*":
        return Q(at__gte=begin)
    spans = {
        "": Q(at__gte=begin, at__lt=end),
        ">=": Q(at__gte=begin),
        ">": Q(at__gte=end),
        "<": Q(at__lt=begin),
        "<=": Q(at__lt=end),
    }
    return spans[found[1]]


def _day(day: date | None, zone: str, *, after: bool = False) -> datetime | None:
    if day is None:
        return None
    return datetime.combine(day + timedelta(days=after), time(), zoneinfo.ZoneInfo(zone))


READERS: dict[str, Callable[[str, str], Q | None]] = {"action": _action, "actor": _actor, "created": _created}

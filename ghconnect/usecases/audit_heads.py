"""Where each chain of audit events ends and begins, in one sealed row that only this console's keys can write.

Whoever can write to the database alone can cut a chain off at its end and put its links in order again; this row then
says how far it reached. They can put back an older state of all of it, this row too: against that, keep the ends that
`verify_audit_log --save` writes, or the collector's copy, elsewhere.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from django.db import transaction

from ghconnect.models import AuditHeads
from ghconnect.seal import SealBroken, seal, unseal


class Link(NamedTuple):
    """A place in a chain: its position, from 1, and its digest there."""

    position: int
    digest: str


@dataclass(frozen=True, slots=True)
class Heads:
    """By chain: its last link, and the last one that retention forgot."""

    ends: Mapping[int, Link]
    begins: Mapping[int, Link]


def read() -> Heads | None:
    """Return what the row says; None where it is gone or opens with no key."""
    return _open(AuditHeads.objects.filter(pk=1).first())


def locked() -> Heads | None:
    """Return what the row says, locked until the transaction ends, so that one process links at a time."""
    return _open(AuditHeads.objects.select_for_update().filter(pk=1).first())


def keep(
    known: Heads | None, *, ends: Mapping[int, Link] | None = None, begins: Mapping[int, Link] | None = None
) -> None:
    """Say anew where some chains end or begin. A row that is gone or does not open is left so: it shows."""
    if known is not None:
        _write(Heads({**known.ends, **(ends or {})}, {**known.begins, **(begins or {})}))


def drop(chain: int) -> None:
    """Forget a chain whose enterprise is deleted whole."""
    known = locked()
    if known is not None:
        rest = ({n: link for n, link in part.items() if n != chain} for part in (known.ends, known.begins))
        _write(Heads(*rest))


@transaction.atomic
def reseal() -> None:
    """Seal the row under the newest key; one that does not open is left so."""
    if (known := locked()) is not None:
        _write(known)


def _open(row: AuditHeads | None) -> Heads | None:
    try:
        told = json.loads(unseal(row.sealed)) if row is not None else None
    except SealBroken:
        return None
    return Heads(_links(told["ends"]), _links(told["begins"])) if told else None


def _links(told: dict[str, Any]) -> dict[int, Link]:
    return {int(chain): Link(*link) for chain, link in told.items()}


def _write(heads: Heads) -> None:
    told = json.dumps({"ends": heads.ends, "begins": heads.begins}, separators=(",", ":"))
    AuditHeads.objects.filter(pk=1).update(sealed=seal(told))

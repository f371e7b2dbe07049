"""Numbered pages that cost what the first one does: where every 500th license stands is noted (ENGINEERING §24).

Only ids are noted, in Redis, for one edition of one list; a page starts there and skips fewer than 500 licenses.
"""

from __future__ import annotations

import logging
from typing import Any

import redis
from django.db.models import F, QuerySet, Window
from django.db.models.functions import RowNumber

from ghconnect import limits, paging

from .licenses import ORDER

log = logging.getLogger(__name__)
STEP = 500
KEPT_SECONDS = 24 * 3600


def page(rows: QuerySet[Any], *, of: str, page: int, size: int) -> QuerySet[Any]:
    """Return the licenses of a page; `of` names the list and its edition, of which `rows` are all."""
    blocks, skip = divmod((page - 1) * size, STEP)
    ordered = rows.order_by(*ORDER)
    if not blocks:
        return ordered[skip : skip + size]
    start = _start(rows, of, blocks)
    return rows.none() if start is None else paging.select(rows, ORDER, start)[skip : skip + size]


def _start(rows: QuerySet[Any], of: str, block: int) -> paging.Cursor | None:
    """Where a block begins: behind the last license of the one before; None behind the end."""
    pk = _noted(of, block) or _note(rows, of, block)
    return _cursor(rows, pk) if pk else None


def _cursor(rows: QuerySet[Any], pk: int) -> paging.Cursor | None:
    found = rows.model.objects.filter(pk=pk).values_list(*ORDER).first()
    return paging.Cursor(tuple(found)) if found else None


def _note(rows: QuerySet[Any], of: str, block: int) -> int | None:
    """Go on from the last place that is noted, in one pass over the index, and note what lies on the way."""
    known = _length(of)
    last = _noted(of, known) if known else None
    start = _cursor(rows, last) if last else None
    ahead = paging.select(rows, ORDER, start).order_by() if start else rows
    known = known if start else 0
    counted = ahead.annotate(n=Window(RowNumber(), order_by=[F(name).asc() for name in ORDER]))
    every = counted.annotate(rest=F("n") % STEP).filter(rest=0).order_by("n").values_list("pk", flat=True)
    found = list(every[: block - known])
    _keep(of, dict(enumerate(found, known + 1)))
    return found[-1] if len(found) == block - known else None


def _key(of: str) -> str:
    return f"ghconnect:anchors:{of}"


def _noted(of: str, block: int) -> int | None:
    try:
        found: Any = limits.store().hget(_key(of), str(block))
    except (redis.RedisError, OSError):
        return None
    return int(found) if found else None


def _length(of: str) -> int:
    try:
        found: Any = limits.store().hlen(_key(of))
    except (redis.RedisError, OSError):
        return 0
    return int(found)


def _keep(of: str, found: dict[int, int]) -> None:
    if not found:
        return
    try:
        line = limits.store().pipeline()
        line.hset(_key(of), mapping={str(block): pk for block, pk in found.items()})
        line.expire(_key(of), KEPT_SECONDS)
        line.execute()
    except (redis.RedisError, OSError) as error:
        log.warning("pages of %s are not noted: %s", of, error)

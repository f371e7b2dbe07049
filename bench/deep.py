"""Deep pages against the first: GitHub's door by number, and the list by cursor (ENGINEERING §24, §25)."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Callable, Sequence
from typing import Any

from django.db import connection, reset_queries
from django.test import Client
from django.test.utils import CaptureQueriesContext

from bench.measure import Row, Table, p95
from bench.world import World
from ghconnect import paging
from ghconnect.models import AccessToken, Enterprise
from ghconnect.usecases import access_tokens
from licensing import licenses

TRIES = 40
DEEP = 1000
PER_PAGE = 100
SAME = "≤ 1.5 ×, same queries"
READ = AccessToken.Scope.READ_ENTERPRISE


def measure(table: Table, store: str, of: World, client: Client) -> None:
    """Measure p95 of the 1,000th page, or the last where there are fewer, with that of the first as its floor."""
    enterprise = Enterprise.objects.get(slug=of.prefix)
    _by_number(table, store, enterprise)
    _by_cursor(table, store, enterprise, client)


def _by_number(table: Table, store: str, enterprise: Enterprise) -> None:
    rows = licenses.everything(enterprise, licenses.GITHUB).count()
    page = min(DEEP, rows // PER_PAGE)
    script, url = _script(enterprise), f"/api/v3/enterprises/{enterprise.slug}/consumed-licenses"

    def ask(number: int) -> Any:
        return script.get(url, {"page": number, "per_page": PER_PAGE})

    began = time.perf_counter()
    _fine(ask(page))
    once = f"the first to ask: {time.perf_counter() - began:.2f} s"
    what = f"/api/v3 consumed-licenses of {rows:,}: page {page:,} against page 1"
    # One more: where the page's block begins is noted by id, and looked up.
    _compare(table, store, what, (lambda: ask(1), lambda: ask(page)), "≤ 1.5 ×, one query more", once)


def _by_cursor(table: Table, store: str, enterprise: Enterprise, client: Client) -> None:
    """From far on, as the list's own addresses lead there."""
    url = f"/enterprises/{enterprise.slug}/licensing/consumed"
    rows = licenses.everything(enterprise, licenses.GITHUB).order_by(*licenses.ORDER)
    page = min(DEEP, rows.count() // paging.SIZE)
    before = list(rows.values_list(*licenses.ORDER)[(page - 1) * paging.SIZE - 1])
    cursor = base64.urlsafe_b64encode(json.dumps(before).encode()).decode()
    what = f"the list of {rows.count():,}: page {page:,} by cursor against page 1"
    _compare(table, store, what, (lambda: client.get(url), lambda: client.get(url, {"after": cursor})), SAME)


def _compare(
    table: Table, store: str, what: str, pages: Sequence[Callable[[], Any]], target: str, note: str = ""
) -> None:
    times: list[list[float]] = [[], []]
    counts = set[int]()
    for _ in range(TRIES):
        for ask, taken in zip(pages, times, strict=True):
            reset_queries()
            with CaptureQueriesContext(connection) as seen:
                began = time.perf_counter()
                _fine(ask())
                taken.append(time.perf_counter() - began)
            counts.add(len(seen))
    told = f"{' and '.join(map(str, sorted(counts)))} queries"
    first, deep = map(p95, times)
    table.add(Row(store, what, deep, first, target, "; ".join(filter(None, [told, note]))))


def _fine(answer: Any) -> None:
    if answer.status_code != 200:
        raise RuntimeError(f"answered {answer.status_code}")


def _script(enterprise: Enterprise) -> Client:
    made = access_tokens.create(enterprise=enterprise, name="bench", scopes=[READ], by=None)[1]
    return Client(headers={"Authorization": f"Bearer {made}", "User-Agent": "bench"})

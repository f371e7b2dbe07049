"""Consumed licenses and its measured searches at many people against few: time and queries (ENGINEERING §25)."""

from __future__ import annotations

import time

from django.db import connection, reset_queries
from django.test import Client
from django.test.utils import CaptureQueriesContext

from bench import deep
from bench.measure import Row, Table, p95
from bench.world import World
from ghconnect.models import Enterprise, Membership, Role, User
from licensing.usecases import facet_counts

TRIES = 40


def measure(table: Table, store: str, few: World, many: World, size: int) -> None:
    """Measure p95 of each page of `many`, `size` people, with that of `few` as its floor, in turn."""
    small, large = _client(few), _client(many)
    for name, query in _searches(many):
        quick, slow, counts = list[float](), list[float](), set[int]()
        for _ in range(TRIES):
            for of, client, times in ((few, small, quick), (many, large, slow)):
                took, queries = _page(client, of, query.replace(many.prefix, of.prefix))
                times.append(took)
                counts.add(queries)
        told = f"{max(counts)} queries" if len(counts) == 1 else f"queries differ: {sorted(counts)}"
        what = f"page of {size:,} against {len(few.accounts):,}: {name}"
        table.add(Row(store, what, p95(slow), p95(quick), "≤ 1.5 ×, same queries", told))
    deep.measure(table, store, many, large)


def _searches(of: World) -> list[tuple[str, str]]:
    return [
        ("no query", ""),
        ("one word", f"{of.prefix}-user-7"),
        ("one address", f"user.777@{of.prefix}.example.com"),
        ("server:", f"server:{of.host}"),
        ("org:", "org:octo"),
        ("is:suspended", "is:suspended"),
        ("matched-by:", "matched-by:saml"),
        ("a word and server:", f"{of.prefix}-user-7 server:{of.host}"),
    ]


def _page(client: Client, of: World, query: str) -> tuple[float, int]:
    reset_queries()  # the log of a process ends at 9,000
    with CaptureQueriesContext(connection) as seen:
        began = time.perf_counter()
        answer = client.get(f"/enterprises/{of.prefix}/licensing/consumed", {"q": query})
        took = time.perf_counter() - began
    if answer.status_code != 200:
        raise RuntimeError(f"{query!r} answered {answer.status_code}")
    return took, len(seen)


def _client(of: World) -> Client:
    owner = User.objects.create_user(f"{of.prefix}@bench.example", of.prefix)
    Membership.objects.create(user=owner, enterprise=Enterprise.objects.get(slug=of.prefix), role=Role.OWNER)
    facet_counts.count(
        enterprise=Enterprise.objects.get(slug=of.prefix)
    )  # as a worker does after each publication
    client = Client()
    client.force_login(owner)
    for query in ("", "x"):
        _page(client, of, query)
    return client

"""Matching against reading the same rows undecided, and the CSV report against the database's own copy of it."""

from __future__ import annotations

import csv
import io
import resource
from collections import deque

from django.db import connection, transaction

from bench.measure import Row, Table, median, timed
from bench.world import World
from ghconnect.models import Enterprise
from licensing import exports, licenses
from licensing.license_records import GITHUB_FIELDS
from licensing.models import Person, bulk
from licensing.usecases import estate, rematch

MIB = 1024


def measure(table: Table, world: World, store: str, tries: int) -> None:
    """Measure on the database in use, which has the server's accounts."""
    enterprise = Enterprise.objects.get(slug=world.prefix)
    decided, undecided, grown = _matching(enterprise, tries)
    told = f"{grown} MiB more memory while deciding"
    table.add(
        Row(store, f"matching {len(world.accounts):,} accounts", decided, undecided, "≤ 2 ×, < 100 MiB", told)
    )
    exported, copied, more = _export(enterprise, tries)
    told = f"{copied / exported:.2f} of its rate; {more} MiB more memory"
    people = Person.objects.filter(enterprise=enterprise, consumes=True, ended_edition=None).count()
    table.add(Row(store, f"CSV of {people:,} people", exported, copied, "≥ 0.2 of its rate, < 50 MiB", told))


def _matching(enterprise: Enterprise, tries: int) -> tuple[float, float, int]:
    decided, undecided, before = [], [], _memory()
    with transaction.atomic():
        bulk.open_scratch()
        bulk.mark_everything(enterprise.pk)
        bulk.analyze("t_account")
        bulk.spread_keys(enterprise.pk)
        facts = estate.estate(enterprise, enterprise.edition + 1, None)
        for _ in range(tries):
            undecided.append(timed(lambda: _read(enterprise)))
            before = max(before, _memory())
            decided.append(timed(lambda: deque(rematch.decisions(facts), maxlen=0)))
        transaction.set_rollback(True)
    return median(decided), median(undecided), _memory() - before


def _read(enterprise: Enterprise) -> None:
    deque(bulk.values_of_keys(enterprise.pk), maxlen=0)
    deque(bulk.accounts_to_match(), maxlen=0)


def _export(enterprise: Enterprise, tries: int) -> tuple[float, float, int]:
    copied = median([timed(lambda: _copy(enterprise.pk)) for _ in range(tries)])
    before = _memory()
    export = exports.Export(enterprise, licenses.EXPECTED)
    exported = median([timed(lambda: deque(exports.as_csv(export), maxlen=0)) for _ in range(tries)])
    return exported, copied, _memory() - before


# The same people with what a line of the report says of them: GitHub's row, and all accounts.
_JOINED = {"postgresql": "string_agg({}, ',')", "sqlite": "group_concat({}, ',')"}
_SAME = """
  SELECT p.license_type, r.{fields}, a.ids, a.emails, a.verdict, e.ids
  FROM licensing_person p LEFT JOIN licensing_licenserow r ON r.person_id = p.id
  LEFT JOIN (
    SELECT x.person_id, {ids} AS ids, {emails} AS emails, min(x.verdict) AS verdict
    FROM licensing_account x JOIN ghconnect_server s ON s.id = x.server_id
    WHERE x.enterprise_id = {enterprise} AND x.ended_edition IS NULL GROUP BY x.person_id
  ) a ON a.person_id = p.id
  LEFT JOIN (
    SELECT y.row_id, {elsewhere} AS ids FROM licensing_rowaccount y WHERE y.server_id IS NULL GROUP BY y.row_id
  ) e ON e.row_id = r.id
  WHERE p.enterprise_id = {enterprise} AND p.consumes AND p.ended_edition IS NULL ORDER BY p.sort, p.id
"""


def _copy(enterprise_id: int) -> None:
    joined = _JOINED[connection.vendor].format
    sql = _SAME.format(
        enterprise=enterprise_id,
        fields=", r.".join(GITHUB_FIELDS),
        ids=joined("s.host || ':' || x.remote_user_id"),
        emails=joined("x.email"),
        elsewhere=joined("y.host || ':' || y.remote_user_id"),
    )
    if connection.vendor == "sqlite":
        out = csv.writer(io.StringIO())
        for row in bulk.stream(sql):
            out.writerow(row)
        return
    with connection.cursor() as cursor, cursor.copy(f"COPY ({sql}) TO STDOUT (FORMAT csv)") as copy:
        deque(copy, maxlen=0)


def _memory() -> int:
    """The most memory this process ever had, in MiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // MIB

"""Verdicts in sets: each account's facts as one number, each number's verdict once, and what follows for rows.

Which verdict a situation has is said by `rules.verdicts` alone; a first sync of a million accounts has about thirty
different ones. What remains for Python are the components that are more than a pair, or whose counts differ.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from django.db import connection

from licensing.rules.verdicts import LINE_ORDER

from .components import UNREAD
from .sql import Row, analyze, load, run_sql, stream

_HOLDS = {
    "postgresql": "jsonb_exists(r.server_keys, a.key)",
    "sqlite": "EXISTS (SELECT 1 FROM json_each(r.server_keys) j WHERE j.value = a.key)",
}
_SINCE = "(a.{0} IS NULL OR v.synced_at IS NULL OR a.{0} >= v.synced_at)"
# The facts of rules.verdicts.VerdictInput, each a bit of `t_fact.code` in this order. Whether the row has the address
# is looked up only where the rule asks for it.
FACTS = {
    "known_server": "v.id IS NOT NULL",
    "never_synced": "v.never_synced",
    "consumes": "a.consumes",
    "row": "a.row_id IS NOT NULL",
    "valid": "a.row_valid",
    "row_cloud": "r.cloud_account_id IS NOT NULL",
    "explained": "a.explained_cloud_id IS NOT NULL",
    "explains": "a.explained_cloud_id = r.cloud_account_id",
    "emails": "r.server_keys <> '[]'",
    "listed": "r.cloud_account_id IS NOT NULL AND a.row_valid AND a.explained_cloud_id IS NULL AND {holds}",
    "cloud": "p.cloud_account_id IS NOT NULL",
    "joins_other": "o.person_id IS NOT NULL",
    "row_parts": "q.row_id IS NOT NULL",
    "stopped_since": _SINCE.format("stopped_at"),
    "matched_since": _SINCE.format("matched_at"),
}


def tie_rows(servers: Iterable[Row]) -> None:
    """Tie marked rows to marked persons; `servers` are (id, GitHub's last sync, GitHub says it never was).

    `counts`: by a consuming account, the cloud account of both, or the row's own person. Else only by an account that
    consumes nothing.
    """
    load("t_server", ("id", "synced_at", "never_synced"), servers)
    for query in _TIES:
        run_sql(f"INSERT INTO t_tie (row_id, person_id, counts) {query} ON CONFLICT DO NOTHING")
    analyze("t_server", "t_tie")


_OF_ACCOUNTS = """
    SELECT DISTINCT a.row_id, a.person_id, {counts} FROM t_person t CROSS JOIN licensing_account a
    WHERE a.person_id = t.id AND a.row_id IS NOT NULL AND a.row_valid AND {consumes}
"""
_TIES = (
    _OF_ACCOUNTS.format(counts="TRUE", consumes="a.consumes"),
    """
    SELECT r.id, p.id, TRUE FROM t_person t CROSS JOIN licensing_person p CROSS JOIN licensing_licenserow r
    WHERE p.id = t.id AND p.ended_edition IS NULL AND r.cloud_account_id = p.cloud_account_id
    """,
    """
    SELECT r.id, p.id, TRUE FROM t_person t CROSS JOIN licensing_person p
    JOIN licensing_licenserow r ON r.cloud_account_id IS NULL
      AND r.id = CASE WHEN substr(p."group", 1, 2) IN ('r:', 'i:') THEN CAST(substr(p."group", 3) AS BIGINT) END
    WHERE p.id = t.id AND p.ended_edition IS NULL AND substr(p."group", 1, 2) IN ('r:', 'i:')
    """,
    _OF_ACCOUNTS.format(counts="FALSE", consumes="NOT a.consumes"),
)


def find_situations() -> list[int]:
    """Fill `t_fact` with live accounts of marked persons, and ended ones a marked row holds; returns the numbers."""
    holds = _HOLDS[connection.vendor]
    bits = " + ".join(
        f"CASE WHEN {test.format(holds=holds)} THEN {1 << at} ELSE 0 END"
        for at, test in enumerate(FACTS.values())
    )
    run_sql(
        f"""
        INSERT INTO t_fact (id, person_id, row_id, code)
        SELECT a.id, a.person_id, CASE WHEN a.row_valid THEN a.row_id END, {bits}
        FROM t_person t CROSS JOIN licensing_account a CROSS JOIN licensing_person p
        LEFT JOIN licensing_licenserow r ON r.id = a.row_id
        LEFT JOIN t_server v ON v.id = a.server_id
        LEFT JOIN ({_several("person_id")}) o ON o.person_id = a.person_id
        LEFT JOIN ({_several("row_id")}) q ON q.row_id = a.row_id
        WHERE a.person_id = t.id AND p.id = t.id
          AND (a.ended_edition IS NULL OR (a.row_id IS NOT NULL AND a.row_valid))
        """
    )
    run_sql("CREATE INDEX t_fact_row ON t_fact (row_id)")
    run_sql("CREATE INDEX t_fact_person ON t_fact (person_id)")
    analyze("t_fact")
    return [code for (code,) in list(stream("SELECT DISTINCT code FROM t_fact ORDER BY code"))]


def _several(side: str, which: str = "WHERE counts") -> str:
    return f"SELECT {side} FROM t_tie {which} GROUP BY {side} HAVING count(*) > 1"


def settle_verdicts(verdicts: Iterable[tuple[int, str]]) -> None:
    """Write the verdict of each (number, verdict) to the accounts of that number, where it differs."""
    known = [(code, verdict, LINE_ORDER.index(verdict)) for code, verdict in verdicts]
    load("t_situation", ("code", "verdict", "place"), known)
    run_sql("CREATE INDEX t_situation_code ON t_situation (code)")
    analyze("t_situation")
    run_sql(
        """
        UPDATE licensing_account SET verdict = s.verdict FROM t_fact f CROSS JOIN t_situation s
        WHERE licensing_account.id = f.id AND licensing_account.id IN (SELECT id FROM t_fact)
          AND s.code = f.code AND licensing_account.verdict <> s.verdict
        """
    )


def settle_rows() -> None:
    """Write whose each marked row is, and the first of its accounts' verdicts, where they changed.

    A row without account and person is of a server that is read here and has no such account.
    """
    names = " ".join(f"WHEN {place} THEN '{key}'" for place, key in enumerate(LINE_ORDER))
    gone, unknown = LINE_ORDER.index("gone_since"), LINE_ORDER.index("unknown_server")
    run_sql(
        f"""
        INSERT INTO t_judged (id, person_id, verdict)
        SELECT x.id, x.person_id, CASE CASE WHEN x.place IS NULL AND x.person_id IS NULL THEN
            CASE WHEN x.unread AND {unknown} < {gone} THEN {unknown} ELSE {gone} END
          WHEN x.unread AND coalesce(x.place, {unknown}) >= {unknown} THEN {unknown} ELSE x.place END
          {names} ELSE '' END
        FROM (
          SELECT r.id,
            (SELECT min(s.place) FROM t_fact f CROSS JOIN t_situation s
              WHERE f.row_id = r.id AND s.code = f.code) AS place,
            (SELECT min(k.person_id) FROM t_tie k WHERE k.row_id = r.id AND k.counts) AS person_id,
            CASE WHEN r.enterprise_server_user THEN {UNREAD} ELSE FALSE END AS unread
          FROM t_row t CROSS JOIN licensing_licenserow r WHERE r.id = t.id
        ) x
        """
    )
    analyze("t_judged")
    run_sql(
        """
        UPDATE licensing_licenserow SET person_id = j.person_id, verdict = j.verdict FROM t_judged j
        WHERE licensing_licenserow.id = j.id AND licensing_licenserow.id IN (SELECT id FROM t_judged)
          AND (coalesce(licensing_licenserow.person_id, 0) <> coalesce(j.person_id, 0)
            OR licensing_licenserow.verdict <> j.verdict)
        """
    )


def find_knots() -> None:
    """Mark persons and rows of components that are more than one row and one person."""
    for kind, side, other in (("p", "person_id", "row_id"), ("r", "row_id", "person_id")):
        run_sql(
            f"""
            INSERT INTO t_knot (kind, id) SELECT '{kind}', k.{side} FROM t_tie k
            WHERE k.{side} IN ({_several(side, "")}) OR k.{other} IN ({_several(other, "")})
            ON CONFLICT DO NOTHING
            """
        )
    analyze("t_knot")


def pairs_that_differ() -> Iterator[Row]:
    """Yield (person id, row id, delta, verdict of an account) of persons alone or with one row, in their order.

    A person with several accounts has several lines.
    """
    yield from stream(
        """
        SELECT x.person_id, x.row_id, x.delta, s.verdict FROM (
          SELECT p.id AS person_id, r.id AS row_id,
            CASE WHEN p.consumes AND p.ended_edition IS NULL THEN 1 ELSE 0 END
              - CASE WHEN r.counted THEN 1 ELSE 0 END AS delta
          FROM t_person t CROSS JOIN licensing_person p
          LEFT JOIN t_tie k ON k.person_id = p.id LEFT JOIN licensing_licenserow r ON r.id = k.row_id
          WHERE p.id = t.id AND NOT EXISTS (SELECT 1 FROM t_knot n WHERE n.kind = 'p' AND n.id = p.id)
        ) x LEFT JOIN t_fact f ON f.person_id = x.person_id LEFT JOIN t_situation s ON s.code = f.code
        WHERE x.delta <> 0 ORDER BY x.person_id
        """
    )


def rows_of_nobody() -> Iterator[Row]:
    """Yield the ids of rows that GitHub counts and nobody is tied to."""
    yield from stream(
        """
        SELECT r.id FROM t_row t CROSS JOIN licensing_licenserow r
        WHERE r.id = t.id AND r.counted AND NOT EXISTS (SELECT 1 FROM t_tie k WHERE k.row_id = r.id)
        """
    )


def knots() -> tuple[list[Row], list[Row], list[Row], list[Row]]:
    """Return rows (id, counted), persons (id, consumes), ties (row, person), accounts (id, person, verdict)."""
    rows = """
        SELECT r.id, r.counted FROM t_knot n CROSS JOIN licensing_licenserow r WHERE n.kind = 'r' AND r.id = n.id
    """
    people = """
        SELECT p.id, p.consumes AND p.ended_edition IS NULL FROM t_knot n CROSS JOIN licensing_person p
        WHERE n.kind = 'p' AND p.id = n.id
    """
    ties = "SELECT k.row_id, k.person_id FROM t_knot n CROSS JOIN t_tie k WHERE n.kind = 'p' AND k.person_id = n.id"
    accounts = """
        SELECT f.id, f.person_id, s.verdict FROM t_knot n CROSS JOIN t_fact f CROSS JOIN t_situation s
        WHERE n.kind = 'p' AND f.person_id = n.id AND s.code = f.code
    """
    found = [list(stream(sql)) for sql in (rows, people, ties, accounts)]
    return found[0], found[1], found[2], found[3]

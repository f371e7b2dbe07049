"""Compare the staged accounts of a run with the published picture of its server."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from django.db import connection

from licensing.rules.consumption import CLOUD_REASONS

from .components import UNREAD
from .sql import Row, analyze, one, run_sql, stream

_PAIR = """
    FROM licensing_account a
    LEFT JOIN licensing_stagedaccount s
      ON s.run_id = %s AND s.attempt = %s AND s.remote_user_id = a.remote_user_id
    WHERE a.server_id = %s AND a.ended_edition IS NULL
"""


_RECREATED = """(a.remote_created_at IS NOT NULL AND s.remote_created_at IS NOT NULL
    AND a.remote_created_at <> s.remote_created_at)"""


# What counts as recreated by an owner's answer: what the creation times say, nothing, everything (ENGINEERING §6).
_RECREATED_BY = {"": _RECREATED, "same": "(FALSE)", "new": "(s.id IS NOT NULL AND a.id IS NOT NULL)"}


def _differs(column: str) -> str:
    """A nullable fact differs only where the source knows it: NULL is "not told" and keeps the last value."""
    return f"(s.{column} IS NOT NULL AND (a.{column} IS NULL OR a.{column} <> s.{column}))"


_FIELDS = {
    "login": "a.login <> s.login",
    "email": "a.email <> s.email",
    "suspended": "a.suspended <> s.suspended",
    "site_admin": _differs("site_admin"),
    "dormant": _differs("dormant"),
    "never_active": _differs("never_active"),
    "created_at": "(s.remote_created_at IS NOT NULL AND a.remote_created_at IS NULL)",
}


STAGED = (
    "run_id",
    "attempt",
    "position",
    "remote_user_id",
    "login",
    "email",
    "key",
    "site_admin",
    "suspended",
    "dormant",
    "never_active",
    "remote_created_at",
)


def as_staged(run_id: int, attempt: int, accounts: Iterable[list[str]]) -> Iterator[Row]:
    """Yield the columns of `STAGED` for accounts in a report's order, as `rules.projection.projected` tells them.

    Either database reads numbers and booleans from text; a time is UTC, which SQLite has without its zone.
    """
    end = -len("+00:00") if connection.vendor == "sqlite" else None
    for at, (number, login, email, key, admin, suspended, dormant, never, made) in enumerate(accounts):
        known = (admin or None, suspended, dormant or None, never or None, made[:end] or None)
        yield (run_id, attempt, at, number, login, email, key, *known)


def keep_good_names(run_id: int, attempt: int, server_id: int) -> int:
    """Keep login and email of suspended accounts where both are other than before; returns how many.

    Suspending obfuscates both, in this report and in every later one (PRODUCT §3, 6).
    """
    return run_sql(
        """
        UPDATE licensing_stagedaccount SET login = a.login, email = a.email, key = a.key
        FROM licensing_account a
        WHERE licensing_stagedaccount.run_id = %s AND licensing_stagedaccount.attempt = %s
          AND licensing_stagedaccount.suspended AND a.server_id = %s AND a.ended_edition IS NULL
          AND a.remote_user_id = licensing_stagedaccount.remote_user_id AND a.key <> ''
          AND a.login <> licensing_stagedaccount.login AND a.key <> licensing_stagedaccount.key
        """,
        run_id,
        attempt,
        server_id,
    )


def licenses_at_stake(run_id: int, attempt: int, server_id: int) -> int:
    """Return how many persons would consume no more: all their accounts stop, and no row of GitHub keeps them."""
    return int(
        one(
            f"""
            SELECT count(*) FROM (
              SELECT a.person_id AS id, count(*) AS stopping FROM licensing_account a
              LEFT JOIN licensing_stagedaccount s
                ON s.run_id = %s AND s.attempt = %s AND s.remote_user_id = a.remote_user_id
              WHERE a.server_id = %s AND a.ended_edition IS NULL AND a.consumes
                AND (s.id IS NULL OR s.suspended OR (s.never_active AND NOT coalesce(a.never_active, FALSE)))
              GROUP BY a.person_id
            ) x JOIN licensing_person p ON p.id = x.id AND p.consumes
            WHERE p.reason NOT IN ({", ".join(["%s"] * len(CLOUD_REASONS))})
              AND x.stopping = (SELECT count(*) FROM licensing_account b
                WHERE b.person_id = x.id AND b.ended_edition IS NULL AND b.consumes)
              AND NOT EXISTS (SELECT 1 FROM licensing_licenserow r
                WHERE r.cloud_account_id = p.cloud_account_id AND r.enterprise_server_user AND {UNREAD})
              AND NOT EXISTS (SELECT 1 FROM licensing_account c JOIN licensing_licenserow r ON r.id = c.row_id
                WHERE c.person_id = x.id AND c.ended_edition IS NULL AND c.row_valid
                  AND r.cloud_account_id IS NULL AND {UNREAD}
                  AND NOT EXISTS (SELECT 1 FROM licensing_account o WHERE o.row_id = r.id AND o.row_valid
                    AND o.ended_edition IS NULL AND o.consumes AND o.person_id <> x.id))
            """,
            run_id,
            attempt,
            server_id,
            *CLOUD_REASONS,
        )[0]
    )


def staged_totals(run_id: int, attempt: int) -> tuple[int, int]:
    """Return (rows, distinct ids) of what a run staged."""
    rows, ids = one(
        "SELECT count(*), count(DISTINCT remote_user_id) FROM licensing_stagedaccount "
        "WHERE run_id = %s AND attempt = %s",
        run_id,
        attempt,
    )
    return int(rows), int(ids)


def compare_totals(run_id: int, attempt: int, server_id: int) -> dict[str, int]:
    """Return what the guard asks: counts of accounts now, gone, stopping, either, changing key, recreated, the same.

    `last` is the place of the last account that is still there, −1 where none is.
    """
    names = (
        "present",
        "consuming",
        "gone",
        "stopping",
        "losing",
        "suspending",
        "rekeyed",
        "losing_key",
        "recreated",
        "same",
        "last",
    )
    values = one(
        f"""
        SELECT count(*),
          coalesce(sum(CASE WHEN a.consumes THEN 1 ELSE 0 END), 0),
          coalesce(sum(CASE WHEN s.id IS NULL THEN 1 ELSE 0 END), 0),
          coalesce(sum(CASE WHEN a.consumes AND (s.id IS NULL OR (s.suspended AND NOT a.suspended)
            OR (s.never_active AND NOT coalesce(a.never_active, FALSE))) THEN 1 ELSE 0 END), 0),
          coalesce(sum(CASE WHEN s.id IS NULL OR (a.consumes AND ((s.suspended AND NOT a.suspended)
            OR (s.never_active AND NOT coalesce(a.never_active, FALSE)))) THEN 1 ELSE 0 END), 0),
          coalesce(sum(CASE WHEN s.suspended AND NOT a.suspended THEN 1 ELSE 0 END), 0),
          coalesce(sum(CASE WHEN s.id IS NOT NULL AND a.key <> '' AND a.key <> s.key THEN 1 ELSE 0 END), 0),
          coalesce(sum(CASE WHEN a.key <> '' AND s.key = '' THEN 1 ELSE 0 END), 0),
          coalesce(sum(CASE WHEN {_RECREATED} THEN 1 ELSE 0 END), 0),
          coalesce(sum(CASE WHEN s.id IS NOT NULL AND NOT ({" OR ".join(_FIELDS.values())}) AND NOT {_RECREATED}
            THEN 1 ELSE 0 END), 0),
          coalesce(max(CASE WHEN s.id IS NOT NULL THEN a.position END), -1)
        {_PAIR}
        """,
        run_id,
        attempt,
        server_id,
    )
    return dict(zip(names, map(int, values), strict=True))


def missing_at_end(run_id: int, attempt: int, server_id: int, last: int) -> int:
    """Return how many accounts are missing behind the `last` that is there, in the last report's own order."""
    sql = f"SELECT count(*) {_PAIR} AND s.id IS NULL AND a.position > %s"
    return int(one(sql, run_id, attempt, server_id, last)[0])


# The account that had the number of a staged one before, if it is not told to be another.
_EARLIER = """(
    SELECT max(o.id) FROM licensing_account o
    WHERE o.server_id = %s AND o.remote_user_id = s.remote_user_id AND o.ended_edition IS NOT NULL
      AND (o.remote_created_at IS NULL OR s.remote_created_at IS NULL OR o.remote_created_at = s.remote_created_at))
"""
_NEXT_ID = {
    "postgresql": "nextval(pg_get_serial_sequence('licensing_account', 'id'))",
    "sqlite": (
        "(SELECT coalesce(max(seq), 0) FROM sqlite_sequence WHERE name = 'licensing_account') + row_number() OVER ()"
    ),
}
KINDS = ("added", "rejoined", "changed", "recreated", "gone")


def find_changes(run_id: int, attempt: int, server_id: int, answer: str = "") -> dict[str, int]:
    """Fill `t_change` with added, rejoined, changed, recreated and gone accounts; returns counts by kind.

    `answer` is an owner's of a server whose accounts carry other creation times: "same" accounts go on and take
    the new times; of a "new" instance all old accounts leave, whatever their number.
    """
    recreated = _RECREATED_BY[answer]
    tests = {**_FIELDS, "created_at": _differs("remote_created_at")} if answer == "same" else _FIELDS
    differs = " OR ".join(tests.values())
    fields = " || ".join(f"CASE WHEN {test} THEN '{name},' ELSE '' END" for name, test in tests.items())
    target = "INSERT INTO t_change (account_id, remote_user_id, kind, fields)"
    run_sql(
        f"""
        {target}
        SELECT a.id, a.remote_user_id,
          CASE WHEN s.id IS NULL THEN 'gone' WHEN {recreated} THEN 'recreated' ELSE 'changed' END,
          CASE WHEN s.id IS NULL OR {recreated} THEN '' ELSE {fields} END
        {_PAIR} AND (s.id IS NULL OR {recreated} OR {differs})
        """,
        run_id,
        attempt,
        server_id,
    )
    # New accounts get their numbers here: their rows are looked up by nothing else before they are written.
    earlier, servers = (
        ("CAST(NULL AS BIGINT)", [server_id]) if answer == "new" else (_EARLIER, [server_id] * 2)
    )
    run_sql(
        f"""
        {target}
        SELECT coalesce(x.old, {_NEXT_ID[connection.vendor]}), x.remote_user_id,
          CASE WHEN x.old IS NULL THEN 'added' ELSE 'rejoined' END, ''
        FROM (
          SELECT s.remote_user_id, {earlier} AS old FROM licensing_stagedaccount s
          LEFT JOIN licensing_account a
            ON a.server_id = %s AND a.remote_user_id = s.remote_user_id AND a.ended_edition IS NULL
          WHERE s.run_id = %s AND s.attempt = %s AND (a.id IS NULL OR {recreated})
        ) x
        """,
        *servers,
        run_id,
        attempt,
    )
    analyze("t_change")
    found = {kind: int(n) for kind, n in stream("SELECT kind, count(*) FROM t_change GROUP BY kind")}
    return {kind: found.get(kind, 0) for kind in KINDS}

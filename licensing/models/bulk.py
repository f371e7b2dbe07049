"""Set-based deeds in SQL, one function each, for SQLite and PostgreSQL side by side (ENGINEERING §20).

Everything here runs on the default database inside the caller's transaction. Scratch tables are temporary:
`t_change` (accounts a run touches), `t_key` and `t_account` (what must be matched again), `t_decision` (what the
rules said), `t_person` and `t_row` (whose license and bridge must be worked out again).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from itertools import islice
from typing import Any

from django.db import connection

BATCH = 2000
Row = tuple[Any, ...]

SCRATCH = {
    "t_change": "account_id BIGINT, remote_user_id BIGINT, kind VARCHAR(10), fields VARCHAR(120)",
    "t_key": "key VARCHAR(320) PRIMARY KEY",
    "t_account": "id BIGINT PRIMARY KEY",
    "t_decision": (
        "account_id BIGINT PRIMARY KEY, grp VARCHAR(420), cloud_id BIGINT, rule VARCHAR(24), value VARCHAR(320), "
        "tie BOOLEAN, x_rule VARCHAR(24), x_value VARCHAR(320), x_cloud BIGINT, consumes BOOLEAN, "
        "reason VARCHAR(40), row_id BIGINT, row_valid BOOLEAN, old_person BIGINT"
    ),
    "t_group": "grp VARCHAR(420) PRIMARY KEY, cloud_id BIGINT, row_id BIGINT",
    "t_person": "id BIGINT PRIMARY KEY",
    "t_row": "id BIGINT PRIMARY KEY",
}


def moment(value: datetime | None) -> Any:
    """Return a time as raw SQL of this database takes it."""
    return connection.ops.adapt_datetimefield_value(value) if value else None


def document(value: Any) -> str:
    """Return a JSON column's text."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def as_list(value: Any) -> list[str]:
    """Return a JSON list; it comes as text on SQLite and as a list on PostgreSQL."""
    found: list[str] = json.loads(value) if isinstance(value, str) else (value or [])
    return found


def as_time(value: Any) -> datetime | None:
    """Return a time, aware; it comes without its zone, which is UTC, on SQLite."""
    found = datetime.fromisoformat(value) if isinstance(value, str) else value
    return found.replace(tzinfo=UTC) if found is not None and found.tzinfo is None else found


def C(column: str) -> str:
    """Return the column ordered by code point, as Python orders strings, on either database."""
    return f'{column} COLLATE "C"' if connection.vendor == "postgresql" else column


def run_sql(sql: str, *params: Any) -> int:
    """Run one statement and return how many rows it touched."""
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        return int(cursor.rowcount)


def one(sql: str, *params: Any) -> Row:
    """Return the only row of a query."""
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        row: Row = cursor.fetchone()
        return row


def stream(sql: str, *params: Any) -> Iterator[Row]:
    """Yield the rows of a query in batches, from a server-side cursor on PostgreSQL."""
    cursor: Any
    if connection.vendor == "postgresql":
        connection.ensure_connection()
        cursor = connection.connection.cursor(name="ghconnect_stream")  # type: ignore[union-attr]
        cursor.itersize = BATCH
        with cursor:
            yield from cursor.execute(sql, params)
        return
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        while rows := cursor.fetchmany(BATCH):
            yield from rows


def load(table: str, columns: Sequence[str], rows: Iterable[Row]) -> int:
    """Insert rows in bulk, by COPY on PostgreSQL; returns how many."""
    names = ", ".join(f'"{column}"' for column in columns)
    if connection.vendor == "postgresql":
        return _copy(f"COPY {table} ({names}) FROM STDIN", rows)
    marks = ", ".join(["%s"] * len(columns))
    count, rows = 0, iter(rows)
    with connection.cursor() as cursor:
        while batch := list(islice(rows, BATCH)):
            cursor.executemany(f"INSERT INTO {table} ({names}) VALUES ({marks})", batch)
            count += len(batch)
    return count


def _copy(sql: str, rows: Iterable[Row]) -> int:
    count = 0
    with connection.cursor() as cursor, cursor.copy(sql) as copy:
        for count, row in enumerate(rows, 1):
            copy.write_row(row)
    return count


def update_many(sql: str, rows: Iterable[Row]) -> None:
    """Run one statement for many rows of parameters."""
    rows = iter(rows)
    with connection.cursor() as cursor:
        while batch := list(islice(rows, BATCH)):
            cursor.executemany(sql, batch)


def open_scratch() -> None:
    """Make the scratch tables anew, empty; they are gone with the transaction or the connection."""
    ending = " ON COMMIT DROP" if connection.vendor == "postgresql" else ""
    for name, columns in SCRATCH.items():
        run_sql(f"DROP TABLE IF EXISTS {name}")
        run_sql(f"CREATE TEMPORARY TABLE {name} ({columns}){ending}")


def analyze(*tables: str) -> None:
    """Let PostgreSQL know the size of tables just filled; SQLite needs no telling."""
    if connection.vendor == "postgresql":
        for table in tables:
            run_sql(f"ANALYZE {table}")


# --- compare: the staged rows of a run with the published picture ------------------------------------------

_PAIR = """
    FROM licensing_account a
    LEFT JOIN licensing_stagedaccount s
      ON s.run_id = %s AND s.attempt = %s AND s.remote_user_id = a.remote_user_id
    WHERE a.server_id = %s AND a.ended_edition IS NULL
"""
_RECREATED = "(a.remote_created_at IS NOT NULL AND s.remote_created_at IS NOT NULL AND a.remote_created_at <> s.remote_created_at)"


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


def keep_good_names(run_id: int, attempt: int, server_id: int) -> int:
    """Keep login and email of accounts that were suspended with both obfuscated (PRODUCT §3, 6); returns how many."""
    return run_sql(
        """
        UPDATE licensing_stagedaccount SET login = a.login, email = a.email, key = a.key
        FROM licensing_account a
        WHERE licensing_stagedaccount.run_id = %s AND licensing_stagedaccount.attempt = %s
          AND licensing_stagedaccount.suspended AND a.server_id = %s AND a.ended_edition IS NULL
          AND a.remote_user_id = licensing_stagedaccount.remote_user_id AND a.key <> ''
          AND NOT a.suspended
          AND a.login <> licensing_stagedaccount.login AND a.key <> licensing_stagedaccount.key
        """,
        run_id,
        attempt,
        server_id,
    )


def licenses_at_stake(run_id: int, attempt: int, server_id: int) -> int:
    """Return how many persons would consume no more: all their consuming accounts stop, and no cloud row keeps them."""
    return int(
        one(
            """
            SELECT count(*) FROM (
              SELECT a.person_id AS id, count(*) AS stopping FROM licensing_account a
              LEFT JOIN licensing_stagedaccount s
                ON s.run_id = %s AND s.attempt = %s AND s.remote_user_id = a.remote_user_id
              WHERE a.server_id = %s AND a.ended_edition IS NULL AND a.consumes
                AND (s.id IS NULL OR s.suspended OR (s.never_active AND NOT coalesce(a.never_active, FALSE)))
              GROUP BY a.person_id
            ) x JOIN licensing_person p ON p.id = x.id AND p.consumes
            WHERE p.reason NOT IN ('member', 'visual_studio', 'other', 'invitation_volume')
              AND x.stopping = (SELECT count(*) FROM licensing_account b
                WHERE b.person_id = x.id AND b.ended_edition IS NULL AND b.consumes)
            """,
            run_id,
            attempt,
            server_id,
        )[0]
    )


def staged_totals(run_id: int, attempt: int) -> tuple[int, int]:
    """Return (rows, distinct ids) of what a run staged."""
    rows, ids = one(
        "SELECT count(*), count(DISTINCT remote_user_id) FROM licensing_stagedaccount WHERE run_id = %s AND attempt = %s",
        run_id,
        attempt,
    )
    return int(rows), int(ids)


def compare_totals(run_id: int, attempt: int, server_id: int) -> dict[str, int]:
    """Return what the guard asks: counts of accounts now, gone, stopping, changing key, recreated."""
    names = (
        "present",
        "consuming",
        "gone",
        "stopping",
        "suspending",
        "rekeyed",
        "losing_key",
        "recreated",
        "same",
    )
    values = one(
        f"""
        SELECT count(*),
          coalesce(sum(CASE WHEN a.consumes THEN 1 ELSE 0 END), 0),
          coalesce(sum(CASE WHEN s.id IS NULL THEN 1 ELSE 0 END), 0),
          coalesce(sum(CASE WHEN a.consumes AND (s.id IS NULL OR (s.suspended AND NOT a.suspended)
            OR (s.never_active AND NOT coalesce(a.never_active, FALSE))) THEN 1 ELSE 0 END), 0),
          coalesce(sum(CASE WHEN s.suspended AND NOT a.suspended THEN 1 ELSE 0 END), 0),
          coalesce(sum(CASE WHEN s.id IS NOT NULL AND a.key <> '' AND a.key <> s.key THEN 1 ELSE 0 END), 0),
          coalesce(sum(CASE WHEN a.key <> '' AND s.key = '' THEN 1 ELSE 0 END), 0),
          coalesce(sum(CASE WHEN {_RECREATED} THEN 1 ELSE 0 END), 0),
          coalesce(sum(CASE WHEN s.id IS NOT NULL AND NOT ({" OR ".join(_FIELDS.values())}) AND NOT {_RECREATED}
            THEN 1 ELSE 0 END), 0)
        {_PAIR}
        """,
        run_id,
        attempt,
        server_id,
    )
    return dict(zip(names, map(int, values), strict=True))


def missing_at_end(run_id: int, attempt: int, server_id: int) -> int:
    """Return how many accounts are missing as one block at the end of the last report's own order."""
    last = one(
        f"SELECT coalesce(max(a.position), -1) {_PAIR} AND s.id IS NOT NULL", run_id, attempt, server_id
    )[0]
    return int(
        one(
            f"SELECT count(*) {_PAIR} AND s.id IS NULL AND a.position > %s",
            run_id,
            attempt,
            server_id,
            last,
        )[0]
    )


# --- publish: changes of a server's accounts ---------------------------------------------------------------


def find_changes(run_id: int, attempt: int, server_id: int) -> dict[str, int]:
    """Fill `t_change` with added, rejoined, changed, recreated and gone accounts; returns counts by kind."""
    key = (run_id, attempt, server_id)
    fields = " || ".join(f"CASE WHEN {test} THEN '{name},' ELSE '' END" for name, test in _FIELDS.items())
    target = "INSERT INTO t_change (account_id, remote_user_id, kind, fields)"
    run_sql(f"{target} SELECT a.id, a.remote_user_id, 'gone', '' {_PAIR} AND s.id IS NULL", *key)
    run_sql(f"{target} SELECT a.id, a.remote_user_id, 'recreated', '' {_PAIR} AND {_RECREATED}", *key)
    run_sql(
        f"{target} SELECT a.id, a.remote_user_id, 'changed', {fields} {_PAIR} AND s.id IS NOT NULL "
        f"AND NOT {_RECREATED} AND ({' OR '.join(_FIELDS.values())})",
        *key,
    )
    run_sql(
        f"""
        {target}
        SELECT (
          SELECT max(o.id) FROM licensing_account o
          WHERE o.server_id = %s AND o.remote_user_id = s.remote_user_id AND o.ended_edition IS NOT NULL
            AND (o.remote_created_at IS NULL OR s.remote_created_at IS NULL
                 OR o.remote_created_at = s.remote_created_at)
        ), s.remote_user_id, 'added', ''
        FROM licensing_stagedaccount s
        LEFT JOIN licensing_account a
          ON a.server_id = %s AND a.remote_user_id = s.remote_user_id AND a.ended_edition IS NULL
        WHERE s.run_id = %s AND s.attempt = %s AND (a.id IS NULL OR {_RECREATED})
        """,
        server_id,
        server_id,
        run_id,
        attempt,
    )
    run_sql("UPDATE t_change SET kind = 'rejoined' WHERE kind = 'added' AND account_id IS NOT NULL")
    analyze("t_change")
    counts = dict.fromkeys(("added", "rejoined", "changed", "recreated", "gone"), 0)
    counts.update({kind: int(n) for kind, n in stream("SELECT kind, count(*) FROM t_change GROUP BY kind")})
    return counts


def keys_before() -> None:
    """Mark the keys that changed accounts had."""
    run_sql(
        """
        INSERT INTO t_key SELECT DISTINCT a.key FROM t_change t JOIN licensing_account a ON a.id = t.account_id
        WHERE a.key <> '' AND a.ended_edition IS NULL
        """
    )


def moved_keys(run_id: int, attempt: int) -> list[tuple[int, str, str]]:
    """Return (account id, former keys as JSON, key it had) of accounts that change their address."""
    return list(
        stream(
            """
            SELECT a.id, a.former_keys, a.key FROM t_change t
            JOIN licensing_account a ON a.id = t.account_id
            JOIN licensing_stagedaccount s
              ON s.run_id = %s AND s.attempt = %s AND s.remote_user_id = a.remote_user_id
            WHERE t.kind IN ('changed', 'rejoined') AND a.key <> '' AND a.key <> s.key
            """,
            run_id,
            attempt,
        )
    )


def remember_keys(rows: Iterable[tuple[str, int]]) -> None:
    """Write (former keys as JSON, account id)."""
    update_many("UPDATE licensing_account SET former_keys = %s WHERE id = %s", rows)


def leave_server(server_id: int) -> None:
    """Mark all accounts of a server as gone."""
    run_sql(
        "INSERT INTO t_change SELECT id, remote_user_id, 'gone', '' FROM licensing_account "
        "WHERE server_id = %s AND ended_edition IS NULL",
        server_id,
    )


def forget_server(server_id: int) -> None:
    """Let GitHub's rows point at this server no more."""
    run_sql("UPDATE licensing_rowaccount SET server_id = NULL WHERE server_id = %s", server_id)


def end_accounts(edition: int, run_id: int | None, now: datetime) -> None:
    """End the accounts that are gone or were recreated under their number."""
    run_sql(
        """
        UPDATE licensing_account SET ended_edition = %s, run_id = %s, stopped_at = CASE WHEN consumes THEN %s
          ELSE stopped_at END, consumes = FALSE
        WHERE id IN (SELECT account_id FROM t_change WHERE kind IN ('gone', 'recreated'))
        """,
        edition,
        run_id,
        moment(now),
    )


def change_accounts(run_id: int, attempt: int, edition: int) -> None:
    """Write the new facts of changed and rejoined accounts."""
    run_sql(
        """
        UPDATE licensing_account SET
          login = s.login, email = s.email, key = s.key, suspended = s.suspended,
          site_admin = coalesce(s.site_admin, licensing_account.site_admin),
          dormant = coalesce(s.dormant, licensing_account.dormant),
          never_active = coalesce(s.never_active, licensing_account.never_active),
          remote_created_at = coalesce(s.remote_created_at, licensing_account.remote_created_at),
          ended_edition = NULL, run_id = %s,
          since_edition = CASE WHEN t.kind = 'rejoined' THEN %s ELSE licensing_account.since_edition END
        FROM t_change t, licensing_stagedaccount s
        WHERE licensing_account.id = t.account_id AND t.kind IN ('changed', 'rejoined')
          AND s.run_id = %s AND s.attempt = %s AND s.remote_user_id = t.remote_user_id
        """,
        run_id,
        edition,
        run_id,
        attempt,
    )


def add_accounts(
    run_id: int, attempt: int, *, enterprise_id: int, server_id: int, edition: int, now: datetime
) -> None:
    """Insert new accounts, placed after all that were there before in the report's order."""
    after = one(
        "SELECT coalesce(max(position) + 1, 0) FROM licensing_account WHERE server_id = %s", server_id
    )[0]
    run_sql(
        """
        INSERT INTO licensing_account (enterprise_id, server_id, remote_user_id, position, login, email, key,
          former_keys, site_admin, suspended, dormant, never_active, remote_created_at, first_seen_at,
          since_edition, run_id, rule, rule_value, explained_rule, explained_value, tie, consumes, reason, verdict,
          row_valid)
        SELECT %s, %s, s.remote_user_id, s.position + %s, s.login, s.email, s.key, '[]', s.site_admin, s.suspended,
          s.dormant, s.never_active, s.remote_created_at, %s, %s, %s, '', '', '', '', FALSE, FALSE, '', '', FALSE
        FROM licensing_stagedaccount s JOIN t_change t ON t.remote_user_id = s.remote_user_id AND t.kind = 'added'
        WHERE s.run_id = %s AND s.attempt = %s
        """,
        enterprise_id,
        server_id,
        after,
        moment(now),
        edition,
        run_id,
        run_id,
        attempt,
    )
    run_sql(
        """
        UPDATE t_change SET account_id = (
          SELECT a.id FROM licensing_account a
          WHERE a.server_id = %s AND a.remote_user_id = t_change.remote_user_id AND a.ended_edition IS NULL)
        WHERE kind = 'added'
        """,
        server_id,
    )


def keys_after() -> None:
    """Mark the keys that touched accounts have now, and the accounts themselves."""
    run_sql(
        """
        INSERT INTO t_key SELECT DISTINCT a.key FROM t_change t JOIN licensing_account a ON a.id = t.account_id
        WHERE a.key <> '' AND a.ended_edition IS NULL ON CONFLICT DO NOTHING
        """
    )
    run_sql(
        """
        INSERT INTO t_account SELECT DISTINCT a.id FROM t_change t JOIN licensing_account a ON a.id = t.account_id
        WHERE a.ended_edition IS NULL ON CONFLICT DO NOTHING
        """
    )


def mark_everything(enterprise_id: int) -> None:
    """Mark all live accounts, all rows and all live persons of an enterprise."""
    for table, source in (
        ("t_account", "licensing_account WHERE ended_edition IS NULL AND"),
        ("t_row", "licensing_licenserow WHERE"),
        ("t_person", "licensing_person WHERE ended_edition IS NULL AND"),
    ):
        run_sql(f"INSERT INTO {table} SELECT id FROM {source} enterprise_id = %s", enterprise_id)


# --- match again: only the keys that changed ---------------------------------------------------------------


def spread_keys(enterprise_id: int) -> None:
    """Mark every account that shares a marked key, and every key of a marked account."""
    run_sql(
        """
        INSERT INTO t_key SELECT DISTINCT a.key FROM t_account t JOIN licensing_account a ON a.id = t.id
        WHERE a.key <> '' ON CONFLICT DO NOTHING
        """
    )
    analyze("t_key")
    run_sql(
        """
        INSERT INTO t_account SELECT a.id FROM t_key k
        JOIN licensing_account a ON a.key = k.key AND a.enterprise_id = %s AND a.ended_edition IS NULL
        WHERE TRUE ON CONFLICT DO NOTHING
        """,
        enterprise_id,
    )
    analyze("t_account")


def accounts_to_match() -> Iterator[Row]:
    """Yield marked accounts in key order with GitHub's row of each (several rows repeat the account).

    Columns: id, key, login, suspended, never_active, former_keys, server_id, first_seen_at, person_id,
    row id, row host, row cloud id, row server keys, row counted, cloud login, cloud database id, dormant.
    """
    yield from stream(
        f"""
        SELECT a.id, a.key, a.login, a.suspended, a.never_active, a.former_keys, a.server_id, a.first_seen_at,
          a.person_id, r.id, ra.host, r.cloud_account_id, r.server_keys, r.counted, c.login, c.database_id, a.dormant
        FROM t_account t JOIN licensing_account a ON a.id = t.id
        LEFT JOIN licensing_rowaccount ra ON ra.server_id = a.server_id AND ra.remote_user_id = a.remote_user_id
        LEFT JOIN licensing_licenserow r ON r.id = ra.row_id
        LEFT JOIN licensing_cloudaccount c ON c.id = r.cloud_account_id
        WHERE a.ended_edition IS NULL
        ORDER BY {C("a.key")}, a.id, r.id
        """
    )


def values_of_keys(enterprise_id: int) -> list[Row]:
    """Return (key, kind, value, cloud id, login, database id) of cloud values that equal a marked key."""
    return list(
        stream(
            f"""
            SELECT d.key, d.kind, d.value, c.id, c.login, c.database_id
            FROM t_key k JOIN licensing_address d ON d.key = k.key AND d.enterprise_id = %s
            JOIN licensing_cloudaccount c ON c.id = d.cloud_account_id AND c.ended_edition IS NULL
            ORDER BY {C("d.key")}, c.id
            """,
            enterprise_id,
        )
    )


DECISION = (
    "account_id",
    "grp",
    "cloud_id",
    "rule",
    "value",
    "tie",
    "x_rule",
    "x_value",
    "x_cloud",
    "consumes",
    "reason",
    "row_id",
    "row_valid",
    "old_person",
)


def apply_decisions(now: datetime) -> None:
    """Write what the rules decided where it differs from what stands; `now` is when that was seen."""
    run_sql(
        f"""
        UPDATE licensing_account SET rule = d.rule, rule_value = d.value, tie = d.tie, explained_rule = d.x_rule,
          explained_value = d.x_value, explained_cloud_id = d.x_cloud, consumes = d.consumes, reason = d.reason,
          row_id = d.row_id, row_valid = d.row_valid,
          matched_at = CASE WHEN licensing_account.rule = d.rule AND licensing_account.rule_value = d.value
            THEN licensing_account.matched_at ELSE %s END,
          stopped_at = CASE WHEN d.consumes THEN NULL
            WHEN licensing_account.consumes OR licensing_account.stopped_at IS NULL THEN %s
            ELSE licensing_account.stopped_at END
        FROM t_decision d
        WHERE licensing_account.id = d.account_id AND (
          licensing_account.rule <> d.rule OR licensing_account.rule_value <> d.value
          OR licensing_account.tie <> d.tie OR licensing_account.explained_rule <> d.x_rule
          OR licensing_account.explained_value <> d.x_value OR licensing_account.consumes <> d.consumes
          OR licensing_account.reason <> d.reason OR licensing_account.row_valid <> d.row_valid
          OR {_other("explained_cloud_id", "x_cloud")} OR {_other("row_id", "row_id")})
        """,
        moment(now),
        moment(now),
    )


def _other(column: str, decided: str) -> str:
    """Two nullable columns differ; written out, since SQLite before 3.39 knows no IS DISTINCT FROM."""
    return f"coalesce(licensing_account.{column}, 0) <> coalesce(d.{decided}, 0)"


# --- persons -----------------------------------------------------------------------------------------------


def orphaned_people(enterprise_id: int) -> list[Row]:
    """Return (new group, person that loses all its accounts, how many of them go to the group), most first.

    Such a person goes on under the group that took most of it (ENGINEERING §9); so does the person of a row that
    only GitHub knew, when the accounts of that row are read here.
    """
    return list(
        stream(
            f"""
            SELECT x.grp, x.person, count(*) AS n FROM (
              SELECT d.grp, p.id AS person FROM t_decision d
              JOIN licensing_person p ON p.id = d.old_person AND p.ended_edition IS NULL
              WHERE d.grp <> p."group" AND p."group" NOT LIKE 'c:%%' AND p.enterprise_id = %s
                AND NOT EXISTS (SELECT 1 FROM t_decision e WHERE e.grp = p."group")
                AND NOT EXISTS (SELECT 1 FROM licensing_account o LEFT JOIN t_decision f ON f.account_id = o.id
                  WHERE o.person_id = p.id AND o.ended_edition IS NULL AND f.account_id IS NULL)
              UNION ALL
              SELECT d.grp, p.id FROM t_decision d
              JOIN licensing_person p ON p.enterprise_id = %s AND p.ended_edition IS NULL
                AND p."group" = 'r:' || d.row_id
              WHERE d.row_valid
            ) x
            WHERE NOT EXISTS (SELECT 1 FROM licensing_person q
              WHERE q.enterprise_id = %s AND q."group" = x.grp AND q.ended_edition IS NULL)
            GROUP BY x.grp, x.person
            ORDER BY n DESC, x.person, {C("x.grp")}
            """,
            enterprise_id,
            enterprise_id,
            enterprise_id,
        )
    )


def rename_groups(pairs: Iterable[tuple[str, int]]) -> None:
    """Give persons (group, id) the group they go on under, and the cloud account that names it."""
    update_many(
        'UPDATE licensing_person SET "group" = %s, cloud_account_id = %s WHERE id = %s',
        ((group, int(group[2:]) if group.startswith("c:") else None, person) for group, person in pairs),
    )


def add_people(enterprise_id: int, edition: int) -> None:
    """Make a person for each decided or listed group that has none."""
    run_sql(
        """
        INSERT INTO t_group (grp, cloud_id)
        SELECT d.grp, max(d.cloud_id) FROM t_decision d WHERE TRUE GROUP BY d.grp ON CONFLICT DO NOTHING
        """
    )
    run_sql(
        """
        INSERT INTO licensing_person (enterprise_id, "group", cloud_account_id, name, sort, consumes, reason,
          license_type, deployment, accounts, since_edition)
        SELECT %s, g.grp, g.cloud_id, '', '', FALSE, '', '', '', 0, %s FROM t_group g
        WHERE NOT EXISTS (SELECT 1 FROM licensing_person p
          WHERE p.enterprise_id = %s AND p."group" = g.grp AND p.ended_edition IS NULL)
        """,
        enterprise_id,
        edition,
        enterprise_id,
    )


def tie_accounts(enterprise_id: int, edition: int, run_id: int | None) -> None:
    """Point accounts at their persons, keep the spans of who was whose, and mark the persons touched."""
    run_sql(
        """
        INSERT INTO t_person SELECT DISTINCT p.id FROM t_decision d JOIN licensing_person p
          ON p.enterprise_id = %s AND p."group" = d.grp AND p.ended_edition IS NULL WHERE TRUE ON CONFLICT DO NOTHING
        """,
        enterprise_id,
    )
    run_sql(
        "INSERT INTO t_person SELECT DISTINCT old_person FROM t_decision WHERE old_person IS NOT NULL ON CONFLICT DO NOTHING"
    )
    run_sql(
        """
        INSERT INTO t_person SELECT DISTINCT a.person_id FROM t_change t JOIN licensing_account a ON a.id = t.account_id
        WHERE a.person_id IS NOT NULL ON CONFLICT DO NOTHING
        """
    )
    run_sql(
        """
        UPDATE licensing_account SET person_id = p.id FROM t_decision d
        JOIN licensing_person p ON p.enterprise_id = %s AND p."group" = d.grp AND p.ended_edition IS NULL
        WHERE licensing_account.id = d.account_id
          AND (licensing_account.person_id IS NULL OR licensing_account.person_id <> p.id)
        """,
        enterprise_id,
    )
    _span_matches(edition, run_id)


def _span_matches(edition: int, run_id: int | None) -> None:
    """Close the spans of accounts that left or changed person or rule, open those that hold now."""
    run_sql(
        """
        UPDATE licensing_match SET to_edition = %s
        WHERE to_edition IS NULL AND account_id IN (
          SELECT account_id FROM t_change WHERE kind IN ('gone', 'recreated'))
        """,
        edition,
    )
    run_sql(
        """
        UPDATE licensing_match SET to_edition = %s FROM t_decision d
        JOIN licensing_account a ON a.id = d.account_id
        WHERE licensing_match.account_id = d.account_id AND licensing_match.to_edition IS NULL
          AND (licensing_match.person_id <> a.person_id OR licensing_match.rule <> a.rule)
        """,
        edition,
    )
    run_sql(
        """
        INSERT INTO licensing_match (account_id, person_id, rule, from_edition, run_id)
        SELECT a.id, a.person_id, a.rule, %s, %s FROM t_decision d JOIN licensing_account a ON a.id = d.account_id
        WHERE NOT EXISTS (SELECT 1 FROM licensing_match m WHERE m.account_id = a.id AND m.to_edition IS NULL)
        """,
        edition,
        run_id,
    )


def people_touched() -> Iterator[Row]:
    """Yield marked persons with what decides their license, one line per person.

    Columns: id, group, cloud login, cloud name, live accounts, consuming accounts, one account's login, a reason
    that consumes and one that does not, row id, row's GitHub login, license type, visual studio, GitHub user,
    server user, member roles, pending orgs, row has accounts on servers not read here.
    """
    yield from stream(
        f"""
        SELECT p.id, p."group", c.login, c.name, coalesce(n.accounts, 0), coalesce(n.consuming, 0), n.login, n.reason,
          n.idle, r.id, r.github_com_login, r.license_type, r.visual_studio_subscription_user, r.github_com_user,
          r.enterprise_server_user, r.github_com_member_roles, r.github_com_orgs_with_pending_invites,
          CASE WHEN r.id IS NOT NULL AND r.enterprise_server_user THEN {_UNREAD} ELSE FALSE END
        FROM t_person t
        JOIN licensing_person p ON p.id = t.id AND p.ended_edition IS NULL
        LEFT JOIN licensing_cloudaccount c ON c.id = p.cloud_account_id AND c.ended_edition IS NULL
        LEFT JOIN (
          SELECT a.person_id, count(*) AS accounts, sum(CASE WHEN a.consumes THEN 1 ELSE 0 END) AS consuming,
            min(a.login) AS login, min(CASE WHEN a.consumes THEN a.reason END) AS reason, min(a.reason) AS idle
          FROM t_person u JOIN licensing_account a ON a.person_id = u.id AND a.ended_edition IS NULL
          GROUP BY a.person_id
        ) n ON n.person_id = p.id
        LEFT JOIN licensing_licenserow r ON r.id = CASE
          WHEN p.cloud_account_id IS NOT NULL THEN (
            SELECT min(x.id) FROM licensing_licenserow x WHERE x.cloud_account_id = p.cloud_account_id)
          WHEN substr(p."group", 1, 2) IN ('r:', 'i:') THEN CAST(substr(p."group", 3) AS BIGINT)
        END
        """
    )


PERSON = """
    UPDATE licensing_person SET name = %s, sort = %s, consumes = %s, reason = %s, license_type = %s,
      deployment = %s, accounts = %s, ended_edition = %s WHERE id = %s
"""


def settle_seats(enterprise_id: int, edition: int, run_id: int | None) -> tuple[int, int]:
    """Close and open the seats of marked persons; returns (released, added)."""
    released = run_sql(
        """
        UPDATE licensing_seat SET to_edition = %s WHERE to_edition IS NULL AND person_id IN (
          SELECT p.id FROM t_person t JOIN licensing_person p ON p.id = t.id
          WHERE NOT p.consumes OR p.ended_edition IS NOT NULL)
        """,
        edition,
    )
    added = run_sql(
        """
        INSERT INTO licensing_seat (enterprise_id, person_id, license_type, reason, from_edition, run_id)
        SELECT %s, p.id, p.license_type, p.reason, %s, %s FROM t_person t JOIN licensing_person p ON p.id = t.id
        WHERE p.consumes AND p.ended_edition IS NULL
          AND NOT EXISTS (SELECT 1 FROM licensing_seat s WHERE s.person_id = p.id AND s.to_edition IS NULL)
        """,
        enterprise_id,
        edition,
        run_id,
    )
    return released, added


def write_changes(run_id: int, edition: int) -> None:
    """Write the run's diff: each touched account, each one that moved to another person, and license effects."""
    run_sql(
        """
        INSERT INTO licensing_runchange (run_id, account_id, person_id, kind, license, reason, fields)
        SELECT %s, t.account_id, a.person_id, CASE WHEN t.kind = 'recreated' THEN 'gone' ELSE t.kind END, 0,
          a.reason, t.fields
        FROM t_change t JOIN licensing_account a ON a.id = t.account_id
        """,
        run_id,
    )
    run_sql(
        """
        INSERT INTO licensing_runchange (run_id, account_id, person_id, kind, license, reason, fields)
        SELECT %s, d.account_id, a.person_id, 'moved', 0, a.reason, ''
        FROM t_decision d JOIN licensing_account a ON a.id = d.account_id
        WHERE d.old_person IS NOT NULL AND d.old_person <> a.person_id
          AND NOT EXISTS (SELECT 1 FROM t_change t WHERE t.account_id = d.account_id)
        """,
        run_id,
    )
    for license_effect, edge in ((-1, "to_edition"), (1, "from_edition")):
        run_sql(
            f"""
            UPDATE licensing_runchange SET license = %s WHERE id IN (
              SELECT min(c.id) FROM licensing_runchange c JOIN licensing_match m ON m.account_id = c.account_id
                AND m.{edge} = %s
              JOIN licensing_seat s ON s.person_id = m.person_id AND s.{edge} = %s
              WHERE c.run_id = %s GROUP BY s.person_id)
            """,
            license_effect,
            edition,
            edition,
            run_id,
        )
    # A suspended account stays with its person: its seat ended though its match did not.
    run_sql(
        """
        UPDATE licensing_runchange SET license = -1 WHERE id IN (
          SELECT min(c.id) FROM licensing_runchange c JOIN licensing_seat s ON s.person_id = c.person_id
            AND s.to_edition = %s
          WHERE c.run_id = %s GROUP BY s.person_id HAVING min(c.license) = 0)
        """,
        edition,
        run_id,
    )
    run_sql(
        """
        UPDATE licensing_runchange SET license = 1 WHERE id IN (
          SELECT min(c.id) FROM licensing_runchange c JOIN licensing_seat s ON s.person_id = c.person_id
            AND s.from_edition = %s
          WHERE c.run_id = %s GROUP BY s.person_id HAVING max(c.license) = 0)
        """,
        edition,
        run_id,
    )


# --- the bridge: components of GitHub's rows and our persons ------------------------------------------------


def rows_of_changes() -> None:
    """Mark GitHub's rows that hold a matched or touched account."""
    run_sql(
        """
        INSERT INTO t_row SELECT DISTINCT ra.row_id FROM (
          SELECT account_id FROM t_decision UNION SELECT account_id FROM t_change
        ) x JOIN licensing_account a ON a.id = x.account_id
        JOIN licensing_rowaccount ra ON ra.server_id = a.server_id AND ra.remote_user_id = a.remote_user_id
        WHERE TRUE ON CONFLICT DO NOTHING
        """
    )


# What ties a row to a person: an account it validly holds, the cloud account both have, or the row's own person.
_ROW_OF_PERSON = (
    """
    SELECT a.row_id AS row_id, a.person_id AS person_id FROM t_person t
    JOIN licensing_account a ON a.person_id = t.id
    WHERE a.row_id IS NOT NULL AND a.row_valid
    """,
    """
    SELECT r.id AS row_id, p.id AS person_id FROM t_person t
    JOIN licensing_person p ON p.id = t.id AND p.ended_edition IS NULL
    JOIN licensing_licenserow r ON r.cloud_account_id = p.cloud_account_id
    WHERE TRUE
    """,
    """
    SELECT r.id AS row_id, p.id AS person_id FROM t_person t
    JOIN licensing_person p ON p.id = t.id AND p.ended_edition IS NULL AND p.cloud_account_id IS NULL
    JOIN licensing_licenserow r ON r.id = CAST(substr(p."group", 3) AS BIGINT)
    WHERE substr(p."group", 1, 2) IN ('r:', 'i:')
    """,
)
_PERSON_OF_ROW = (
    """
    SELECT a.row_id AS row_id, a.person_id AS person_id FROM t_row t
    JOIN licensing_account a ON a.row_id = t.id
    WHERE a.person_id IS NOT NULL AND a.row_valid
    """,
    """
    SELECT r.id AS row_id, p.id AS person_id FROM t_row t
    JOIN licensing_licenserow r ON r.id = t.id
    JOIN licensing_person p ON p.cloud_account_id = r.cloud_account_id AND p.ended_edition IS NULL
    WHERE TRUE
    """,
    """
    SELECT r.id AS row_id, p.id AS person_id FROM t_row t
    JOIN licensing_licenserow r ON r.id = t.id AND r.cloud_account_id IS NULL
    JOIN licensing_person p ON p.enterprise_id = r.enterprise_id AND p.ended_edition IS NULL
      AND p."group" IN ('r:' || r.id, 'i:' || r.id)
    WHERE TRUE
    """,
)


def close_components() -> None:
    """Grow the marked persons and rows until they are whole components."""
    grown = 1
    while grown > 0:
        grown = 0
        for query in _ROW_OF_PERSON:
            grown += run_sql(
                f"INSERT INTO t_row SELECT DISTINCT row_id FROM ({query}) x WHERE TRUE ON CONFLICT DO NOTHING"
            )
        for query in _PERSON_OF_ROW:
            grown += run_sql(
                f"INSERT INTO t_person SELECT DISTINCT person_id FROM ({query}) x WHERE TRUE ON CONFLICT DO NOTHING"
            )
        analyze("t_row", "t_person")


# A row of its own person: no cloud account, nobody live here, and some account on a server not read here.
_UNREAD = """
    EXISTS (SELECT 1 FROM licensing_rowaccount ra
      LEFT JOIN licensing_serverpicture sp ON sp.server_id = ra.server_id AND sp.last_success IS NOT NULL
      WHERE ra.row_id = r.id AND sp.id IS NULL)
"""
_LIVE = """
    EXISTS (SELECT 1 FROM licensing_rowaccount ra JOIN licensing_account a ON a.server_id = ra.server_id
      AND a.remote_user_id = ra.remote_user_id AND a.ended_edition IS NULL WHERE ra.row_id = r.id)
"""


def settle_row_people(enterprise_id: int, edition: int) -> None:
    """Give marked rows that only GitHub knows their own person, and end the persons of rows that have others."""
    run_sql(
        f"""
        INSERT INTO t_group (grp, cloud_id, row_id)
        SELECT CASE WHEN r.kind = 'invitation' THEN 'i:' ELSE 'r:' END || r.id, NULL, r.id
        FROM t_row t JOIN licensing_licenserow r ON r.id = t.id
        WHERE r.cloud_account_id IS NULL AND (r.kind = 'invitation' OR ({_UNREAD} AND NOT {_LIVE}))
        ON CONFLICT DO NOTHING
        """
    )
    run_sql(
        """
        INSERT INTO t_group (grp, cloud_id)
        SELECT 'c:' || r.cloud_account_id, r.cloud_account_id FROM t_row t JOIN licensing_licenserow r ON r.id = t.id
        WHERE r.cloud_account_id IS NOT NULL ON CONFLICT DO NOTHING
        """
    )
    run_sql(
        """
        INSERT INTO t_person SELECT p.id FROM t_row t JOIN licensing_person p
          ON p.enterprise_id = %s AND p.ended_edition IS NULL AND p."group" IN ('r:' || t.id, 'i:' || t.id)
        WHERE TRUE ON CONFLICT DO NOTHING
        """,
        enterprise_id,
    )
    run_sql(
        """
        UPDATE licensing_person SET ended_edition = %s, consumes = FALSE WHERE ended_edition IS NULL AND id IN (
          SELECT t.id FROM t_person t JOIN licensing_person p ON p.id = t.id
          WHERE substr(p."group", 1, 2) IN ('r:', 'i:')
            AND NOT EXISTS (SELECT 1 FROM t_group g WHERE g.grp = p."group"))
        """,
        edition,
    )


def mark_rows_of_server(server_id: int) -> None:
    """Mark every row that holds an account of the server: its first picture decides about all of them."""
    run_sql(
        "INSERT INTO t_row SELECT DISTINCT row_id FROM licensing_rowaccount WHERE server_id = %s ON CONFLICT DO NOTHING",
        server_id,
    )


def drop_bridge_items(enterprise_id: int) -> None:
    """Forget the bridge items of marked persons, to work them out again."""
    run_sql(
        """
        DELETE FROM licensing_bridgeitem_people WHERE bridgeitem_id IN (
          SELECT b.bridgeitem_id FROM licensing_bridgeitem_people b JOIN t_person t ON t.id = b.person_id)
        """
    )
    run_sql(
        """
        DELETE FROM licensing_bridgeitem WHERE enterprise_id = %s AND NOT EXISTS (
          SELECT 1 FROM licensing_bridgeitem_people b WHERE b.bridgeitem_id = licensing_bridgeitem.id)
        """,
        enterprise_id,
    )


def component_rows() -> list[Row]:
    """Return (row id, counted, cloud id, verdict, person id, held on servers not read here) of marked rows."""
    return list(
        stream(
            f"""
            SELECT r.id, r.counted, r.cloud_account_id, r.verdict, r.person_id,
              CASE WHEN r.enterprise_server_user THEN {_UNREAD} ELSE FALSE END
            FROM t_row t JOIN licensing_licenserow r ON r.id = t.id
            """
        )
    )


def component_people() -> list[Row]:
    """Return (person id, group, consumes, cloud id, alive) of marked persons, ended ones too."""
    return list(
        stream(
            """
            SELECT p.id, p."group", p.consumes AND p.ended_edition IS NULL, p.cloud_account_id,
              p.ended_edition IS NULL
            FROM t_person t JOIN licensing_person p ON p.id = t.id
            """
        )
    )


def component_accounts() -> Iterator[Row]:
    """Yield live accounts of marked persons, and ended ones that a marked row still holds.

    Columns: id, key, consumes, person id, row id, row valid, row cloud id, row server keys, explained cloud id,
    matched at, stopped at, server id, verdict, cloud id of the person.
    """
    yield from stream(
        """
        SELECT a.id, a.key, a.consumes, a.person_id, a.row_id, a.row_valid, r.cloud_account_id, r.server_keys,
          a.explained_cloud_id, a.matched_at, a.stopped_at, a.server_id, a.verdict, p.cloud_account_id
        FROM t_person t JOIN licensing_account a ON a.person_id = t.id
        JOIN licensing_person p ON p.id = t.id
        LEFT JOIN licensing_licenserow r ON r.id = a.row_id
        WHERE a.ended_edition IS NULL OR (a.row_id IS NOT NULL AND a.row_valid)
        """
    )


def settle_verdicts(rows: Iterable[tuple[str, int]]) -> None:
    """Write (verdict, account id)."""
    update_many("UPDATE licensing_account SET verdict = %s WHERE id = %s", rows)


def settle_rows(rows: Iterable[tuple[int | None, str, int]]) -> None:
    """Write (person id, verdict, row id)."""
    update_many("UPDATE licensing_licenserow SET person_id = %s, verdict = %s WHERE id = %s", rows)


def forget_staged(run_id: int) -> None:
    """Delete what a run staged, now that it is over."""
    for table in ("stagedaccount", "stagedrow", "stagedrowaccount", "stagedaddress"):
        run_sql(f"DELETE FROM licensing_{table} WHERE run_id = %s", run_id)

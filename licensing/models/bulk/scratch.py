"""Scratch tables of one publication: what it touches, and what follows from that.

`t_change` (accounts a run touches), `t_key` and `t_account` (what must be matched again), `t_decision` (what the rules
said), `t_group` (persons that must be), `t_person` and `t_row` (whose license and bridge must be worked out), `t_seat`
(licenses that ended, −1, or began, +1), `t_line` and `t_told` (lines of accounts that tell of one, and whose),
`t_term` (what marked persons are found by). For verdicts: `t_server` (what is the same for all accounts of a server),
`t_tie` (rows and persons that belong together), `t_fact` (the situation of each account as a number), `t_situation`
(the verdict of each such number), `t_judged` (whose each row is, and its verdict), `t_knot` (persons and rows that are
more than a pair).
"""

from __future__ import annotations

import re

from django.db import connection

from .lacking import forget_lacked
from .sql import run_sql

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
    "t_seat": "person_id BIGINT, license SMALLINT",
    "t_line": "account_id BIGINT, person_id BIGINT, license SMALLINT",
    "t_told": "person_id BIGINT, license SMALLINT",
    "t_term": "enterprise_id BIGINT, person_id BIGINT, term VARCHAR(120)",
    "t_server": "id BIGINT PRIMARY KEY, synced_at TIMESTAMP, never_synced BOOLEAN",
    "t_tie": "row_id BIGINT, person_id BIGINT, counts BOOLEAN, PRIMARY KEY (row_id, person_id)",
    "t_fact": "id BIGINT PRIMARY KEY, person_id BIGINT, row_id BIGINT, code INTEGER",
    "t_situation": "code INTEGER, verdict VARCHAR(24), place SMALLINT",
    "t_judged": "id BIGINT PRIMARY KEY, person_id BIGINT, verdict VARCHAR(24)",
    "t_knot": "kind VARCHAR(1), id BIGINT, PRIMARY KEY (kind, id)",
}


def open_scratch() -> None:
    """Make the scratch tables anew, empty; they are gone with the transaction or the connection."""
    ending = ""
    if connection.vendor == "postgresql":
        ending = " ON COMMIT DROP"
    for name, columns in SCRATCH.items():
        run_sql(f"DROP TABLE IF EXISTS {name}")
        run_sql(f"CREATE TEMPORARY TABLE {name} ({_of_vendor(columns)}){ending}")
    run_sql("CREATE INDEX t_decision_grp ON t_decision (grp)")
    run_sql("CREATE INDEX t_change_account ON t_change (account_id)")
    run_sql("CREATE INDEX t_change_remote ON t_change (remote_user_id)")
    run_sql("CREATE INDEX t_tie_person ON t_tie (person_id)")
    run_sql("CREATE INDEX t_line_account ON t_line (account_id)")
    run_sql("CREATE INDEX t_told_person ON t_told (person_id)")


def _of_vendor(columns: str) -> str:
    """SQLite finds rows by their key at once only where its type is exactly INTEGER; else the key is an index.

    PostgreSQL finds text by an index only where its order is that of what it is compared with.
    """
    if connection.vendor == "sqlite":
        return columns.replace("BIGINT PRIMARY KEY", "INTEGER PRIMARY KEY")
    columns = columns.replace("TIMESTAMP", "TIMESTAMP WITH TIME ZONE")
    return re.sub(r"(grp|key|term) VARCHAR\(\d+\)", r'\g<0> COLLATE "C"', columns)


def mark_everything(enterprise_id: int) -> None:
    """Mark all live accounts, all rows and all live persons of an enterprise."""
    for table, source in (
        ("t_account", "licensing_account WHERE ended_edition IS NULL AND"),
        ("t_row", "licensing_licenserow WHERE"),
        ("t_person", "licensing_person WHERE ended_edition IS NULL AND"),
    ):
        run_sql(
            f"INSERT INTO {table} SELECT id FROM {source} enterprise_id = %s ON CONFLICT DO NOTHING",
            enterprise_id,
        )


def forget_staged(run_id: int) -> None:
    """Delete what a run staged, now that it is over."""
    for table in ("stagedaccount", "stagedrow", "stagedrowaccount", "stagedaddress"):
        run_sql(f"DELETE FROM licensing_{table} WHERE run_id = %s", run_id)
    forget_lacked(run_id)

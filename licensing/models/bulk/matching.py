"""Accounts whose key, row or values changed, on their way to the rules and back."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from .sql import Row, analyze, by_code_point, moment, run_sql, stream


def spread_keys(enterprise_id: int) -> None:
    """Mark every account that shares a marked key, and every key of a marked account."""
    run_sql(
        """
        INSERT INTO t_key SELECT DISTINCT a.key FROM t_account t CROSS JOIN licensing_account a
        WHERE a.id = t.id AND a.key <> '' ON CONFLICT DO NOTHING
        """
    )
    analyze("t_key")
    run_sql(
        """
        INSERT INTO t_account SELECT a.id FROM t_key k CROSS JOIN licensing_account a
        WHERE a.key = k.key AND a.enterprise_id = %s AND a.ended_edition IS NULL ON CONFLICT DO NOTHING
        """,
        enterprise_id,
    )
    analyze("t_account")


def accounts_to_match() -> Iterator[Row]:
    """Yield marked accounts in key order with GitHub's row of each (several rows repeat the account).

    Columns: id, key, login, suspended, never_active, former_keys, server_id, first_seen_at, person_id,
    row id, row host, row cloud id, row server keys, row counted, cloud login, cloud database id, dormant,
    key since, created at.
    """
    yield from stream(
        f"""
        SELECT a.id, a.key, a.login, a.suspended, a.never_active, a.former_keys, a.server_id, a.first_seen_at,
          a.person_id, r.id, ra.host, r.cloud_account_id, r.server_keys, r.counted, c.login, c.database_id, a.dormant,
          a.key_since, a.remote_created_at
        FROM t_account t CROSS JOIN licensing_account a
        LEFT JOIN licensing_rowaccount ra ON ra.server_id = a.server_id AND ra.remote_user_id = a.remote_user_id
        LEFT JOIN licensing_licenserow r ON r.id = ra.row_id
        LEFT JOIN licensing_cloudaccount c ON c.id = r.cloud_account_id
        WHERE a.id = t.id AND a.ended_edition IS NULL
        ORDER BY {by_code_point("a.key")}, a.id, r.id
        """
    )


def values_of_keys(enterprise_id: int) -> Iterator[Row]:
    """Yield (key, kind, value, cloud id, login, database id) of cloud values that equal a marked key, in key order."""
    yield from stream(
        f"""
        SELECT d.key, d.kind, d.value, c.id, c.login, c.database_id
        FROM t_key k CROSS JOIN licensing_address d CROSS JOIN licensing_cloudaccount c
        WHERE d.key = k.key AND d.enterprise_id = %s AND c.id = d.cloud_account_id AND c.ended_edition IS NULL
        ORDER BY {by_code_point("d.key")}, c.id
        """,
        enterprise_id,
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


# An UPDATE has no CROSS JOIN: so SQLite looks up what was decided instead of walking all accounts.
ONLY_DECIDED = "licensing_account.id IN (SELECT account_id FROM t_decision)"


def apply_decisions(enterprise_id: int, now: datetime) -> None:
    """Write what the rules decided, and whose each account is, where it differs; `now` is when that was seen.

    One statement for both: an account's row is written anew, with all its indexes, each time it is touched.
    """
    run_sql(
        f"""
        UPDATE licensing_account SET person_id = p.id, rule = d.rule, rule_value = d.value, tie = d.tie,
          explained_rule = d.x_rule, explained_value = d.x_value, explained_cloud_id = d.x_cloud,
          consumes = d.consumes, reason = d.reason,
          row_id = d.row_id, row_valid = d.row_valid,
          matched_at = CASE WHEN licensing_account.rule = d.rule AND licensing_account.rule_value = d.value
            THEN licensing_account.matched_at ELSE %s END,
          stopped_at = CASE WHEN d.consumes THEN NULL
            WHEN licensing_account.consumes OR licensing_account.stopped_at IS NULL THEN %s
            ELSE licensing_account.stopped_at END
        FROM t_decision d CROSS JOIN licensing_person p
        WHERE licensing_account.id = d.account_id AND {ONLY_DECIDED}
          AND p.enterprise_id = %s AND p."group" = d.grp AND p.ended_edition IS NULL AND (
          licensing_account.person_id IS NULL OR licensing_account.person_id <> p.id
          OR licensing_account.rule <> d.rule OR licensing_account.rule_value <> d.value
          OR licensing_account.tie <> d.tie OR licensing_account.explained_rule <> d.x_rule
          OR licensing_account.explained_value <> d.x_value OR licensing_account.consumes <> d.consumes
          OR licensing_account.reason <> d.reason OR licensing_account.row_valid <> d.row_valid
          OR {_other("explained_cloud_id", "x_cloud")} OR {_other("row_id", "row_id")})
        """,
        moment(now),
        moment(now),
        enterprise_id,
    )


def _other(column: str, decided: str) -> str:
    """Two nullable columns differ; written out, since SQLite before 3.39 knows no IS DISTINCT FROM."""
    return f"coalesce(licensing_account.{column}, 0) <> coalesce(d.{decided}, 0)"

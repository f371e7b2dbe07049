"""Bring the accounts of a server to what is staged, and mark the keys before and after."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from .sql import moment, one, run_sql, set_columns, stream


def keys_before() -> None:
    """Mark the keys that changed accounts had."""
    run_sql(
        """
        INSERT INTO t_key SELECT DISTINCT a.key FROM t_change t CROSS JOIN licensing_account a
        WHERE a.id = t.account_id AND a.key <> '' AND a.ended_edition IS NULL
        """
    )


def moved_keys(run_id: int, attempt: int) -> list[tuple[int, str, str]]:
    """Return (account id, former keys as JSON, key it had) of accounts that change their address."""
    return list(
        stream(
            """
            SELECT a.id, a.former_keys, a.key FROM t_change t CROSS JOIN licensing_account a
            CROSS JOIN licensing_stagedaccount s
            WHERE a.id = t.account_id AND s.run_id = %s AND s.attempt = %s AND s.remote_user_id = a.remote_user_id
              AND t.kind IN ('changed', 'rejoined') AND a.key <> '' AND a.key <> s.key
            """,
            run_id,
            attempt,
        )
    )


def remember_keys(rows: Iterable[tuple[str, int]]) -> None:
    """Write (former keys as JSON, account id)."""
    set_columns("licensing_account", ("former_keys",), rows)


def leave_server(server_id: int) -> None:
    """Mark all accounts of a server as gone."""
    run_sql(
        "INSERT INTO t_change SELECT id, remote_user_id, 'gone', '' FROM licensing_account "
        "WHERE server_id = %s AND ended_edition IS NULL",
        server_id,
    )


def delete_accounts(server_id: int) -> None:
    """Delete the accounts of a server that leaves this console; no key of the database refers to them."""
    run_sql("DELETE FROM licensing_account WHERE server_id = %s", server_id)


def forget_server(server_id: int) -> None:
    """Let GitHub's rows and the accounts of this server point at each other no more."""
    run_sql("UPDATE licensing_rowaccount SET server_id = NULL WHERE server_id = %s", server_id)
    run_sql(
        "UPDATE licensing_account SET row_id = NULL, row_valid = FALSE WHERE server_id = %s AND row_id IS NOT NULL",
        server_id,
    )


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


def change_accounts(run_id: int, attempt: int, edition: int, now: datetime) -> None:
    """Write the new facts of changed and rejoined accounts."""
    run_sql(
        """
        UPDATE licensing_account SET
          login = s.login, email = s.email, key = s.key, suspended = s.suspended,
          key_since = CASE WHEN licensing_account.key = s.key THEN licensing_account.key_since ELSE %s END,
          site_admin = coalesce(s.site_admin, licensing_account.site_admin),
          dormant = coalesce(s.dormant, licensing_account.dormant),
          never_active = coalesce(s.never_active, licensing_account.never_active),
          remote_created_at = coalesce(s.remote_created_at, licensing_account.remote_created_at),
          ended_edition = NULL, run_id = %s,
          since_edition = CASE WHEN t.kind = 'rejoined' THEN %s ELSE licensing_account.since_edition END
        FROM t_change t CROSS JOIN licensing_stagedaccount s
        WHERE licensing_account.id = t.account_id AND t.kind IN ('changed', 'rejoined')
          AND s.run_id = %s AND s.attempt = %s AND s.remote_user_id = t.remote_user_id
        """,
        moment(now),
        run_id,
        edition,
        run_id,
        attempt,
    )


# A report's order is not documented (reference §6.3), so an account is placed after the one before it in the
# report that is known. Places are far apart, so that nothing has to move for those that come in between later.
_APART = 256
_AMONG_KNOWN = f"""
    SELECT s.remote_user_id, a.id AS known, coalesce(max(a.position) OVER earlier, 0)
      + (s.position - coalesce(max(CASE WHEN a.id IS NOT NULL THEN s.position END) OVER earlier, -1))
      * CASE WHEN s.position < max(CASE WHEN a.id IS NOT NULL THEN s.position END) OVER () THEN 1 ELSE {_APART} END
      AS place
    FROM licensing_stagedaccount s LEFT JOIN licensing_account a
      ON a.server_id = %s AND a.remote_user_id = s.remote_user_id AND a.ended_edition IS NULL
    WHERE s.run_id = %s AND s.attempt = %s
    WINDOW earlier AS (ORDER BY s.position)
"""
# Where nobody is known, the same comes out without a walk.
_ALL_NEW = f"""
    SELECT s.remote_user_id, NULL AS known, (s.position + 1) * {_APART} AS place FROM licensing_stagedaccount s
    WHERE s.run_id = %s AND s.attempt = %s
"""


def add_accounts(
    run_id: int, attempt: int, *, enterprise_id: int, server_id: int, edition: int, now: datetime
) -> None:
    """Insert new accounts, placed as the report places them among those that were there."""
    some, known = one(
        """
        SELECT EXISTS (SELECT 1 FROM t_change WHERE kind = 'added'),
          EXISTS (SELECT 1 FROM licensing_account WHERE server_id = %s AND ended_edition IS NULL)
        """,
        server_id,
    )
    if not some:
        return  # to place nobody would still cost a walk through the whole report
    run_sql(
        f"""
        INSERT INTO licensing_account (id, enterprise_id, server_id, remote_user_id, position, login, email, key,
          former_keys, site_admin, suspended, dormant, never_active, remote_created_at, first_seen_at,
          key_since, since_edition, run_id, rule, rule_value, explained_rule, explained_value, tie, consumes,
          reason, verdict, row_valid)
        SELECT t.account_id, %s, %s, s.remote_user_id, p.place, s.login, s.email, s.key, '[]', s.site_admin,
          s.suspended, s.dormant, s.never_active, s.remote_created_at, %s, %s, %s, %s, '', '', '', '', FALSE, FALSE,
          '', '', FALSE
        FROM ({_AMONG_KNOWN if known else _ALL_NEW}) p CROSS JOIN t_change t CROSS JOIN licensing_stagedaccount s
        WHERE p.known IS NULL AND t.remote_user_id = p.remote_user_id AND t.kind = 'added'
          AND s.run_id = %s AND s.attempt = %s AND s.remote_user_id = p.remote_user_id
        """,
        enterprise_id,
        server_id,
        moment(now),
        moment(now),
        edition,
        run_id,
        *([server_id] if known else []),
        run_id,
        attempt,
        run_id,
        attempt,
    )


def keys_after() -> None:
    """Mark the keys that touched accounts have now, and the accounts themselves."""
    run_sql(
        """
        INSERT INTO t_key SELECT DISTINCT a.key FROM t_change t CROSS JOIN licensing_account a
        WHERE a.id = t.account_id AND a.key <> '' AND a.ended_edition IS NULL ON CONFLICT DO NOTHING
        """
    )
    run_sql(
        """
        INSERT INTO t_account SELECT DISTINCT a.id FROM t_change t CROSS JOIN licensing_account a
        WHERE a.id = t.account_id AND a.ended_edition IS NULL ON CONFLICT DO NOTHING
        """
    )

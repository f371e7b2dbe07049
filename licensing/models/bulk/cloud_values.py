"""Cloud accounts and the values that identify them."""

from __future__ import annotations

from collections.abc import Mapping

from .sql import run_sql, set_columns, stream, update_many


def settle_cloud_accounts(run_id: int, attempt: int, enterprise_id: int, edition: int) -> int:
    """Add cloud accounts that came, end those that went with all their values; returns how many."""
    added = run_sql(
        """
        INSERT INTO licensing_cloudaccount (enterprise_id, login, login_key, name, profile_url)
        SELECT DISTINCT %s, s.login_key, s.login_key, '', '' FROM licensing_stagedrow s
        WHERE s.run_id = %s AND s.attempt = %s AND s.login_key <> '' AND NOT EXISTS (
          SELECT 1 FROM licensing_cloudaccount c
          WHERE c.enterprise_id = %s AND c.login_key = s.login_key AND c.ended_edition IS NULL)
        """,
        enterprise_id,
        run_id,
        attempt,
        enterprise_id,
    )
    ended = run_sql(
        """
        UPDATE licensing_cloudaccount SET ended_edition = %s
        WHERE enterprise_id = %s AND ended_edition IS NULL AND NOT EXISTS (
          SELECT 1 FROM licensing_stagedrow s
          WHERE s.run_id = %s AND s.attempt = %s AND s.row_key = licensing_cloudaccount.login_key AND s.login_key <> '')
        """,
        edition,
        enterprise_id,
        run_id,
        attempt,
    )
    if ended:
        _drop_values_of_ended(enterprise_id)
    return added + ended


def _drop_values_of_ended(enterprise_id: int) -> None:
    gone = """
        FROM licensing_address WHERE enterprise_id = %s AND cloud_account_id IN (
          SELECT id FROM licensing_cloudaccount WHERE enterprise_id = %s AND ended_edition IS NOT NULL)
    """
    run_sql(
        f"INSERT INTO t_key SELECT DISTINCT key {gone} ON CONFLICT DO NOTHING", enterprise_id, enterprise_id
    )
    run_sql(f"DELETE {gone}", enterprise_id, enterprise_id)


_NEW_VALUES = """
    FROM licensing_stagedaddress s
    JOIN licensing_cloudaccount c ON c.enterprise_id = %s AND c.login_key = s.login_key AND c.ended_edition IS NULL
    WHERE s.run_id = %s AND s.attempt = %s AND NOT EXISTS (
      SELECT 1 FROM licensing_address d WHERE d.cloud_account_id = c.id AND d.kind = s.kind AND d.key = s.key)
"""


_LOST_VALUES = """
    FROM licensing_address WHERE enterprise_id = %s AND NOT EXISTS (
      SELECT 1 FROM licensing_stagedaddress s JOIN licensing_cloudaccount c ON c.login_key = s.login_key
      WHERE s.run_id = %s AND s.attempt = %s AND c.id = licensing_address.cloud_account_id
        AND s.kind = licensing_address.kind AND s.key = licensing_address.key)
"""


def settle_addresses(run_id: int, attempt: int, enterprise_id: int, kinds: list[str]) -> int:
    """Add identity values that came and drop those of `kinds` that went; marks their keys."""
    key = (enterprise_id, run_id, attempt)
    run_sql(f"INSERT INTO t_key SELECT DISTINCT s.key {_NEW_VALUES} ON CONFLICT DO NOTHING", *key)
    count = run_sql(
        f"INSERT INTO licensing_address (enterprise_id, cloud_account_id, kind, value, key) "
        f"SELECT %s, c.id, s.kind, s.value, s.key {_NEW_VALUES}",
        enterprise_id,
        *key,
    )
    only = f" AND kind IN ({', '.join(['%s'] * len(kinds))})"
    run_sql(
        f"INSERT INTO t_key SELECT DISTINCT key {_LOST_VALUES}{only} ON CONFLICT DO NOTHING", *key, *kinds
    )
    return count + run_sql(f"DELETE {_LOST_VALUES}{only}", *key, *kinds)


def settle_database_ids(enterprise_id: int, ids: Mapping[str, int]) -> int:
    """Write `databaseId`s that are new, and mark the keys whose tie they may decide; returns how many."""
    known = stream(
        "SELECT login_key, id, database_id FROM licensing_cloudaccount "
        "WHERE enterprise_id = %s AND ended_edition IS NULL",
        enterprise_id,
    )
    news = [(ids[login], cloud_id) for login, cloud_id, old in known if login in ids and ids[login] != old]
    set_columns("licensing_cloudaccount", ("database_id",), news)
    update_many(
        "INSERT INTO t_key SELECT key FROM licensing_address WHERE cloud_account_id = %s ON CONFLICT DO NOTHING",
        [(cloud_id,) for _, cloud_id in news],
    )
    return len(news)

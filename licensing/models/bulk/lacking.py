"""What a drifting read lacks is staged as it stands, once: it goes only if the next read lacks it too."""

from __future__ import annotations

from .sql import run_sql

_MISSING = """
    FROM licensing_licenserow r
    LEFT JOIN licensing_cloudaccount c ON c.id = r.cloud_account_id
    LEFT JOIN licensing_stagedrow s ON s.run_id = %s AND s.attempt = %s AND s.row_key = r.row_key
    WHERE r.enterprise_id = %s AND s.id IS NULL AND NOT EXISTS (
      SELECT 1 FROM licensing_lacked l WHERE l.enterprise_id = %s AND l.run_id = 0 AND l.kind = 'row'
        AND l.key = r.row_key)
"""
_MISSING_VALUES = """
    FROM licensing_address d
    JOIN licensing_cloudaccount c ON c.id = d.cloud_account_id AND c.ended_edition IS NULL
    LEFT JOIN licensing_stagedaddress s ON s.run_id = %s AND s.attempt = %s AND s.login_key = c.login_key
      AND s.kind = d.kind AND s.key = d.key
    WHERE d.enterprise_id = %s AND s.id IS NULL AND NOT EXISTS (
      SELECT 1 FROM licensing_lacked l WHERE l.enterprise_id = %s AND l.run_id = 0 AND l.kind = d.kind
        AND l.login_key = c.login_key AND l.key = d.key)
"""
_NOTE = "INSERT INTO licensing_lacked (enterprise_id, run_id, kind, login_key, key)"


def stage_lacked(run_id: int, attempt: int, enterprise_id: int) -> int:
    """Stage rows, joins and values that this read lacks and the read before did not; returns how many rows.

    A row that is kept has no facts: its digest is that of the row that stands, so nobody looks for them.
    """
    forget_lacked(run_id)
    key = (run_id, attempt, enterprise_id, enterprise_id)
    run_sql(f"{_NOTE} SELECT %s, %s, 'row', '', r.row_key {_MISSING}", enterprise_id, run_id, *key)
    run_sql(
        f"{_NOTE} SELECT %s, %s, d.kind, c.login_key, d.key {_MISSING_VALUES}", enterprise_id, run_id, *key
    )
    kept = run_sql(
        f"""
        INSERT INTO licensing_stagedrow (run_id, attempt, row_key, login_key, digest, facts)
        SELECT %s, %s, r.row_key, coalesce(c.login_key, ''), r.digest, '' {_MISSING}
        """,
        run_id,
        attempt,
        *key,
    )
    run_sql(
        """
        INSERT INTO licensing_stagedrowaccount (run_id, attempt, row_key, host, remote_user_id)
        SELECT s.run_id, s.attempt, s.row_key, ra.host, ra.remote_user_id FROM licensing_stagedrow s
        JOIN licensing_licenserow r ON r.enterprise_id = %s AND r.row_key = s.row_key
        JOIN licensing_rowaccount ra ON ra.row_id = r.id
        WHERE s.run_id = %s AND s.attempt = %s AND s.facts = ''
        """,
        enterprise_id,
        run_id,
        attempt,
    )
    run_sql(
        f"""
        INSERT INTO licensing_stagedaddress (run_id, attempt, login_key, kind, value, key)
        SELECT %s, %s, c.login_key, d.kind, d.value, d.key {_MISSING_VALUES}
        """,
        run_id,
        attempt,
        *key,
    )
    return kept


def keep_lacked(run_id: int, enterprise_id: int) -> None:
    """What this read lacked is what the next is asked for; what the one before lacked is settled."""
    run_sql("DELETE FROM licensing_lacked WHERE enterprise_id = %s AND run_id = 0", enterprise_id)
    run_sql("UPDATE licensing_lacked SET run_id = 0 WHERE run_id = %s", run_id)


def forget_lacked(run_id: int) -> None:
    """Forget what a read lacked that does not stand."""
    run_sql("DELETE FROM licensing_lacked WHERE run_id = %s", run_id)

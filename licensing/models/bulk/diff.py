"""What a run did, account by account."""

from __future__ import annotations

from .sql import run_sql


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

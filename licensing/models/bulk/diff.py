"""What a run did, account by account, and license by license where no account of a server tells of it."""

from __future__ import annotations

from .sql import analyze, analyze_grown, run_sql


def write_changes(run_id: int, edition: int) -> None:
    """Write the run's diff: each touched account, each one that moved to another person, and license effects.

    In the order of the accounts, an older one first: a run reads the same whatever the database's plan was.
    """
    run_sql(
        """
        INSERT INTO licensing_runchange (run_id, account_id, person_id, kind, license, reason, fields)
        SELECT %s, t.account_id, a.person_id, CASE WHEN t.kind = 'recreated' THEN 'gone' ELSE t.kind END, 0,
          a.reason, t.fields
        FROM t_change t CROSS JOIN licensing_account a WHERE a.id = t.account_id ORDER BY t.account_id
        """,
        run_id,
    )
    run_sql(
        """
        INSERT INTO licensing_runchange (run_id, account_id, person_id, kind, license, reason, fields)
        SELECT %s, d.account_id, a.person_id, 'moved', 0, a.reason, ''
        FROM t_decision d CROSS JOIN licensing_account a
        WHERE a.id = d.account_id AND d.old_person IS NOT NULL AND d.old_person <> a.person_id
          AND NOT EXISTS (SELECT 1 FROM t_change t WHERE t.account_id = d.account_id)
        ORDER BY d.account_id
        """,
        run_id,
    )
    analyze_grown("licensing_runchange", "licensing_match")
    for effect, edge in ((-1, "to_edition"), (1, "from_edition")):
        run_sql(
            f"""
            UPDATE licensing_runchange SET license = %s WHERE id IN (
              SELECT min(c.id) FROM t_seat s CROSS JOIN licensing_match m
              JOIN (SELECT account_id, min(id) AS id FROM licensing_runchange WHERE run_id = %s GROUP BY account_id) c
                ON c.account_id = m.account_id
              WHERE s.license = %s AND m.person_id = s.person_id AND m.{edge} = %s GROUP BY s.person_id)
            """,
            effect,
            run_id,
            effect,
            edition,
        )
    # A suspended account stays with its person: its seat ended though its match did not.
    for effect, furthest in ((-1, "min"), (1, "max")):
        run_sql(
            f"""
            UPDATE licensing_runchange SET license = %s WHERE id IN (
              SELECT min(c.id) FROM t_seat s CROSS JOIN licensing_runchange c
              WHERE s.license = %s AND c.person_id = s.person_id AND c.run_id = %s
              GROUP BY s.person_id HAVING {furthest}(c.license) = 0)
            """,
            effect,
            effect,
            run_id,
        )


def write_people(run_id: int, edition: int) -> None:
    """Write a line for each license that began or ended and stands in none of an account: most are of the cloud side.

    Whoever held a license before has come back.
    """
    run_sql(
        """
        INSERT INTO t_line SELECT account_id, person_id, license FROM licensing_runchange
        WHERE run_id = %s AND license <> 0
        """,
        run_id,
    )
    analyze("t_line")
    run_sql("INSERT INTO t_told SELECT person_id, license FROM t_line WHERE person_id IS NOT NULL")
    for effect, edge in ((-1, "to_edition"), (1, "from_edition")):
        run_sql(
            f"""
            INSERT INTO t_told SELECT m.person_id, %s FROM t_seat s CROSS JOIN licensing_match m CROSS JOIN t_line c
            WHERE s.license = %s AND m.person_id = s.person_id AND m.{edge} = %s
              AND c.account_id = m.account_id AND c.license = s.license
            """,
            effect,
            effect,
            edition,
        )
    analyze("t_seat", "t_told")
    run_sql(
        """
        INSERT INTO licensing_runchange (run_id, account_id, person_id, kind, license, reason, fields)
        SELECT %s, NULL, s.person_id, CASE WHEN s.license < 0 THEN 'gone' WHEN EXISTS (
            SELECT 1 FROM licensing_seat e WHERE e.person_id = s.person_id AND e.to_edition IS NOT NULL)
          THEN 'rejoined' ELSE 'added' END,
          s.license, CASE WHEN p.ended_edition IS NULL THEN p.reason ELSE 'no_account' END, ''
        FROM t_seat s CROSS JOIN licensing_person p
        WHERE p.id = s.person_id AND NOT EXISTS (
          SELECT 1 FROM t_told t WHERE t.person_id = s.person_id AND t.license = s.license)
        ORDER BY s.person_id
        """,
        run_id,
    )


def write_renames(run_id: int, enterprise_id: int, edition: int) -> None:
    """Write a line for each person whose cloud account has another login since this edition."""
    run_sql(
        """
        INSERT INTO licensing_runchange (run_id, account_id, person_id, kind, license, reason, fields)
        SELECT %s, NULL, p.id, 'renamed', 0, p.reason, ''
        FROM licensing_cloudaccount c CROSS JOIN licensing_person p
        WHERE c.enterprise_id = %s AND c.renamed_edition = %s AND p.cloud_account_id = c.id
          AND p.ended_edition IS NULL
        ORDER BY p.id
        """,
        run_id,
        enterprise_id,
        edition,
    )

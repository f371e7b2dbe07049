"""Components of GitHub's rows and our persons, for verdicts and the bridge."""

from __future__ import annotations

from .sql import analyze, run_sql


def rows_of_changes() -> None:
    """Mark GitHub's rows that hold a matched or touched account."""
    run_sql(
        """
        INSERT INTO t_row SELECT DISTINCT ra.row_id FROM (
          SELECT account_id FROM t_decision UNION SELECT account_id FROM t_change
        ) x CROSS JOIN licensing_account a CROSS JOIN licensing_rowaccount ra
        WHERE a.id = x.account_id AND ra.server_id = a.server_id AND ra.remote_user_id = a.remote_user_id
        ON CONFLICT DO NOTHING
        """
    )


# What ties a row to a person: an account it validly holds, the cloud account both have, or the row's own person.
_ROW_OF_PERSON = (
    """
    SELECT a.row_id AS row_id, a.person_id AS person_id FROM t_person t CROSS JOIN licensing_account a
    WHERE a.person_id = t.id AND a.row_id IS NOT NULL AND a.row_valid
    """,
    """
    SELECT r.id AS row_id, p.id AS person_id FROM t_person t CROSS JOIN licensing_person p
    CROSS JOIN licensing_licenserow r
    WHERE p.id = t.id AND p.ended_edition IS NULL AND r.cloud_account_id = p.cloud_account_id
    """,
    """
    SELECT r.id AS row_id, p.id AS person_id FROM t_person t CROSS JOIN licensing_person p
    JOIN licensing_licenserow r ON r.id = CASE WHEN substr(p."group", 1, 2) IN ('r:', 'i:')
      THEN CAST(substr(p."group", 3) AS BIGINT) END
    WHERE p.id = t.id AND p.ended_edition IS NULL AND p.cloud_account_id IS NULL
      AND substr(p."group", 1, 2) IN ('r:', 'i:')
    """,
)


_PERSON_OF_ROW = (
    """
    SELECT a.row_id AS row_id, a.person_id AS person_id FROM t_row t CROSS JOIN licensing_account a
    WHERE a.row_id = t.id AND a.person_id IS NOT NULL AND a.row_valid
    """,
    """
    SELECT r.id AS row_id, p.id AS person_id FROM t_row t CROSS JOIN licensing_licenserow r
    CROSS JOIN licensing_person p
    WHERE r.id = t.id AND p.cloud_account_id = r.cloud_account_id AND p.ended_edition IS NULL
    """,
    # One question for each kind of group: an IN of two texts is no join PostgreSQL can do by an index or a hash.
    *(
        f"""
        SELECT r.id AS row_id, p.id AS person_id FROM t_row t CROSS JOIN licensing_licenserow r
        CROSS JOIN licensing_person p
        WHERE r.id = t.id AND r.cloud_account_id IS NULL
          AND p.enterprise_id = r.enterprise_id AND p.ended_edition IS NULL AND p."group" = '{kind}:' || r.id
        """
        for kind in "ri"
    ),
)


def close_components() -> None:
    """Grow the marked persons and rows until they are whole components."""
    analyze("t_row", "t_person")
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


# Some account of the row is on a server not read here: nobody but GitHub can say that it consumes no more.
UNREAD = """
    EXISTS (SELECT 1 FROM licensing_rowaccount ra
      LEFT JOIN licensing_serverpicture sp ON sp.server_id = ra.server_id AND sp.last_success IS NOT NULL
      WHERE ra.row_id = r.id AND sp.id IS NULL)
"""


# Somebody here stands for the row: an account it validly holds consumes, as was just decided or decided before.
_STANDS = """
    EXISTS (SELECT 1 FROM licensing_rowaccount ra JOIN licensing_account a ON a.server_id = ra.server_id
        AND a.remote_user_id = ra.remote_user_id AND a.ended_edition IS NULL
      LEFT JOIN t_decision d ON d.account_id = a.id
      WHERE ra.row_id = r.id AND CASE WHEN d.account_id IS NULL THEN a.row_id = r.id AND a.row_valid AND a.consumes
        ELSE d.row_id = r.id AND d.row_valid AND d.consumes END)
"""


def settle_row_people(enterprise_id: int, edition: int) -> None:
    """Give marked rows for which nobody here stands their own person, and end the persons of rows that have others."""
    run_sql(
        f"""
        INSERT INTO t_group (grp, cloud_id, row_id)
        SELECT CASE WHEN r.kind = 'invitation' THEN 'i:' ELSE 'r:' END || r.id, NULL, r.id
        FROM t_row t CROSS JOIN licensing_licenserow r
        WHERE r.id = t.id AND r.cloud_account_id IS NULL AND (r.kind = 'invitation' OR ({UNREAD} AND NOT {_STANDS}))
        ON CONFLICT DO NOTHING
        """
    )
    run_sql(
        """
        INSERT INTO t_group (grp, cloud_id)
        SELECT 'c:' || r.cloud_account_id, r.cloud_account_id FROM t_row t CROSS JOIN licensing_licenserow r
        WHERE r.id = t.id AND r.cloud_account_id IS NOT NULL ON CONFLICT DO NOTHING
        """
    )
    for kind in "ri":
        run_sql(
            f"""
            INSERT INTO t_person SELECT p.id FROM t_row t CROSS JOIN licensing_person p
            WHERE p.enterprise_id = %s AND p.ended_edition IS NULL AND p."group" = '{kind}:' || t.id
            ON CONFLICT DO NOTHING
            """,
            enterprise_id,
        )
    run_sql(
        """
        UPDATE licensing_person SET ended_edition = %s, consumes = FALSE WHERE ended_edition IS NULL AND id IN (
          SELECT t.id FROM t_person t CROSS JOIN licensing_person p
          WHERE p.id = t.id AND substr(p."group", 1, 2) IN ('r:', 'i:')
            AND NOT EXISTS (SELECT 1 FROM t_group g WHERE g.grp = p."group"))
        """,
        edition,
    )


def mark_rows_of_server(server_id: int) -> None:
    """Mark every row that holds an account of the server: its first picture decides about all of them."""
    run_sql(
        "INSERT INTO t_row SELECT DISTINCT row_id FROM licensing_rowaccount WHERE server_id = %s "
        "ON CONFLICT DO NOTHING",
        server_id,
    )


def drop_bridge_items() -> None:
    """Forget the bridge items of marked persons and rows, to work them out again."""
    run_sql("DROP TABLE IF EXISTS t_item")
    run_sql(
        """
        CREATE TEMPORARY TABLE t_item AS
        SELECT b.bridgeitem_id AS id FROM t_person t CROSS JOIN licensing_bridgeitem_people b WHERE b.person_id = t.id
        UNION
        SELECT b.bridgeitem_id FROM t_row t CROSS JOIN licensing_bridgeitem_rows b WHERE b.licenserow_id = t.id
        """
    )
    for table, column in (("_people", "bridgeitem_id"), ("_rows", "bridgeitem_id"), ("", "id")):
        run_sql(f"DELETE FROM licensing_bridgeitem{table} WHERE {column} IN (SELECT id FROM t_item)")

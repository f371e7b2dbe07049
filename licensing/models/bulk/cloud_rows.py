"""Bring GitHub's rows, their `host:id`s and cloud accounts to what is staged."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from .sql import Row, load, run_sql, set_columns, stream

ROW = (
    "digest",
    "cloud_account_id",
    "kind",
    "counted",
    "github_com_login",
    "github_com_name",
    "github_com_user",
    "enterprise_server_user",
    "visual_studio_subscription_user",
    "license_type",
    "github_com_profile",
    "github_com_member_roles",
    "github_com_enterprise_roles",
    "github_com_verified_domain_emails",
    "github_com_saml_name_id",
    "github_com_orgs_with_pending_invites",
    "github_com_two_factor_auth",
    "enterprise_server_user_ids",
    "enterprise_server_emails",
    "server_keys",
    "visual_studio_license_status",
    "visual_studio_subscription_email",
    "total_user_accounts",
    "sort",
)


_PEOPLE_OF_ROWS = """
    INSERT INTO t_person SELECT DISTINCT x.id FROM (
      SELECT p.id FROM t_rowchange t CROSS JOIN licensing_licenserow r CROSS JOIN licensing_person p
      WHERE r.id = t.row_id AND p.cloud_account_id = r.cloud_account_id AND p.ended_edition IS NULL
      UNION ALL
      SELECT p.id FROM t_rowchange t CROSS JOIN licensing_licenserow r CROSS JOIN licensing_person p
      WHERE r.id = t.row_id AND p.enterprise_id = r.enterprise_id AND p.ended_edition IS NULL
        AND p."group" IN ('r:' || r.id, 'i:' || r.id)
    ) x WHERE TRUE ON CONFLICT DO NOTHING
"""
_ACCOUNTS_OF_ROWS = """
    INSERT INTO t_account SELECT DISTINCT a.id FROM t_rowchange t CROSS JOIN licensing_rowaccount ra
    CROSS JOIN licensing_account a
    WHERE ra.row_id = t.row_id AND a.server_id = ra.server_id AND a.remote_user_id = ra.remote_user_id
      AND a.ended_edition IS NULL ON CONFLICT DO NOTHING
"""


def mark_before() -> None:
    """Mark persons and accounts that changed and gone rows had, and whoever shared a bridge item with them."""
    for kind, column, target in (("people", "person_id", "t_person"), ("rows", "licenserow_id", "t_row")):
        run_sql(
            f"""
            INSERT INTO {target} SELECT DISTINCT o.{column} FROM t_rowchange t
            CROSS JOIN licensing_bridgeitem_rows b CROSS JOIN licensing_bridgeitem_{kind} o
            WHERE b.licenserow_id = t.row_id AND o.bridgeitem_id = b.bridgeitem_id ON CONFLICT DO NOTHING
            """
        )
    run_sql(_PEOPLE_OF_ROWS)
    run_sql(_ACCOUNTS_OF_ROWS)


def mark_after() -> None:
    """Mark rows, persons and accounts of the rows that came or changed."""
    run_sql(
        "INSERT INTO t_row SELECT DISTINCT row_id FROM t_rowchange WHERE kind <> 'gone' AND row_id IS NOT NULL "
        "ON CONFLICT DO NOTHING"
    )
    run_sql(_PEOPLE_OF_ROWS)
    run_sql(_ACCOUNTS_OF_ROWS)


def drop_gone_rows() -> None:
    """Delete the rows GitHub no longer lists, and their `host:id`s."""
    gone = "(SELECT row_id FROM t_rowchange WHERE kind = 'gone')"
    run_sql(
        f"UPDATE licensing_account SET row_id = NULL WHERE ended_edition IS NOT NULL AND row_id IN {gone}"
    )
    run_sql(f"DELETE FROM licensing_rowaccount WHERE row_id IN {gone}")
    run_sql(f"DELETE FROM licensing_licenserow WHERE id IN {gone}")


def cloud_ids(enterprise_id: int) -> dict[str, int]:
    """Return the ids of live cloud accounts by login in lower case."""
    return dict(
        stream(
            "SELECT login_key, id FROM licensing_cloudaccount WHERE enterprise_id = %s AND ended_edition IS NULL",
            enterprise_id,
        )
    )


def changed_rows(run_id: int, attempt: int) -> Iterator[Row]:
    """Yield (row key, digest, facts as JSON, row id or None) of added and changed rows."""
    yield from stream(
        """
        SELECT s.row_key, s.digest, s.facts, t.row_id FROM t_rowchange t
        JOIN licensing_stagedrow s ON s.run_id = %s AND s.attempt = %s AND s.row_key = t.row_key
        WHERE t.kind <> 'gone'
        """,
        run_id,
        attempt,
    )


def insert_rows(rows: Iterable[Row]) -> None:
    """Insert (enterprise id, row key, *ROW)."""
    load("licensing_licenserow", ("enterprise_id", "row_key", *ROW, "verdict"), ((*row, "") for row in rows))


def update_rows(rows: Iterable[Row]) -> None:
    """Update (*ROW, row id)."""
    set_columns("licensing_licenserow", ROW, rows)


def name_cloud_accounts(enterprise_id: int) -> None:
    """Give cloud accounts the login, name and profile their changed rows state."""
    run_sql(
        """
        UPDATE licensing_cloudaccount SET login = r.github_com_login, name = r.github_com_name,
          profile_url = r.github_com_profile
        FROM t_rowchange t JOIN licensing_licenserow r ON r.row_key = t.row_key AND r.enterprise_id = %s
        WHERE licensing_cloudaccount.id = r.cloud_account_id AND t.kind <> 'gone'
        """,
        enterprise_id,
    )


def settle_row_accounts(run_id: int, attempt: int, enterprise_id: int) -> None:
    """Bring the `host:id`s of changed rows to what is staged; one that moved leaves its old row first."""
    run_sql(
        """
        UPDATE t_rowchange SET row_id = (
          SELECT r.id FROM licensing_licenserow r WHERE r.enterprise_id = %s AND r.row_key = t_rowchange.row_key)
        WHERE kind = 'added'
        """,
        enterprise_id,
    )
    run_sql(
        """
        DELETE FROM licensing_rowaccount WHERE row_id IN (SELECT row_id FROM t_rowchange WHERE kind = 'changed')
          AND NOT EXISTS (
            SELECT 1 FROM licensing_stagedrowaccount s JOIN t_rowchange t ON t.row_key = s.row_key
            WHERE s.run_id = %s AND s.attempt = %s AND t.row_id = licensing_rowaccount.row_id
              AND s.host = licensing_rowaccount.host AND s.remote_user_id = licensing_rowaccount.remote_user_id)
        """,
        run_id,
        attempt,
    )
    run_sql(
        """
        UPDATE licensing_rowaccount SET row_id = t.row_id
        FROM licensing_stagedrowaccount s JOIN t_rowchange t ON t.row_key = s.row_key AND t.kind <> 'gone'
        WHERE s.run_id = %s AND s.attempt = %s AND licensing_rowaccount.enterprise_id = %s
          AND licensing_rowaccount.host = s.host AND licensing_rowaccount.remote_user_id = s.remote_user_id
          AND licensing_rowaccount.row_id <> t.row_id
        """,
        run_id,
        attempt,
        enterprise_id,
    )
    run_sql(
        """
        INSERT INTO licensing_rowaccount (row_id, enterprise_id, host, remote_user_id)
        SELECT t.row_id, %s, s.host, s.remote_user_id FROM licensing_stagedrowaccount s
        JOIN t_rowchange t ON t.row_key = s.row_key AND t.kind <> 'gone'
        WHERE s.run_id = %s AND s.attempt = %s
        ON CONFLICT DO NOTHING
        """,
        enterprise_id,
        run_id,
        attempt,
    )


def settle_ended_accounts() -> None:
    """Point accounts that left at the row that still holds their number, and away from rows that no longer do."""
    run_sql(
        """
        UPDATE licensing_account SET row_id = NULL
        WHERE ended_edition IS NOT NULL AND row_id IN (SELECT row_id FROM t_rowchange WHERE kind = 'changed')
          AND NOT EXISTS (SELECT 1 FROM licensing_rowaccount ra WHERE ra.row_id = licensing_account.row_id
            AND ra.server_id = licensing_account.server_id AND ra.remote_user_id = licensing_account.remote_user_id)
        """
    )
    run_sql(
        """
        UPDATE licensing_account SET row_id = ra.row_id, row_valid = TRUE
        FROM t_rowchange t CROSS JOIN licensing_rowaccount ra
        WHERE ra.row_id = t.row_id AND t.kind <> 'gone' AND licensing_account.server_id = ra.server_id
          AND licensing_account.remote_user_id = ra.remote_user_id AND licensing_account.ended_edition IS NOT NULL
          AND licensing_account.id = (SELECT max(b.id) FROM licensing_account b
            WHERE b.server_id = ra.server_id AND b.remote_user_id = ra.remote_user_id)
        """
    )


def point_at_servers(enterprise_id: int, names: Mapping[str, int], *, mark: bool) -> None:
    """Tell rows which server a host is; `mark` also marks the accounts for which that is news."""
    for host, server_id in names.items():
        news = run_sql(
            """
            UPDATE licensing_rowaccount SET server_id = %s
            WHERE enterprise_id = %s AND host = %s AND (server_id IS NULL OR server_id <> %s)
            """,
            server_id,
            enterprise_id,
            host,
            server_id,
        )
        if news and mark:
            run_sql(
                """
                INSERT INTO t_account SELECT DISTINCT a.id FROM licensing_rowaccount ra
                JOIN licensing_account a ON a.server_id = ra.server_id AND a.remote_user_id = ra.remote_user_id
                  AND a.ended_edition IS NULL
                WHERE ra.enterprise_id = %s AND ra.host = %s ON CONFLICT DO NOTHING
                """,
                enterprise_id,
                host,
            )


def mark_judged_before(enterprise_id: int) -> int:
    """Mark accounts whose verdict was given before GitHub's newest sync of their server; returns how many.

    GitHub may list a server under several names, each with a sync of its own: the latest counts.
    """
    servers = list(
        stream(
            """
            SELECT p.server_id, max(g.date) FROM licensing_serverpicture p
            JOIN licensing_githubsync g ON g.server_id = p.server_id AND g.newest
            WHERE g.enterprise_id = %s AND g.date IS NOT NULL GROUP BY p.server_id, p.judged_by
            HAVING p.judged_by IS NULL OR p.judged_by <> max(g.date)
            """,
            enterprise_id,
        )
    )
    marked = 0
    for server_id, date in servers:
        marked += run_sql(
            "INSERT INTO t_account SELECT id FROM licensing_account WHERE server_id = %s AND ended_edition IS NULL "
            "ON CONFLICT DO NOTHING",
            server_id,
        )
        run_sql("UPDATE licensing_serverpicture SET judged_by = %s WHERE server_id = %s", date, server_id)
    return marked

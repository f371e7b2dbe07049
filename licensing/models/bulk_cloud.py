"""Set-based deeds in SQL for the cloud side: GitHub's rows, their `host:id`s, cloud accounts and their values.

Beside `bulk`, whose scratch tables it marks; raw SQL stands in these two modules alone.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping

from .bulk import Row, analyze, load, one, run_sql, stream, update_many

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


def staged_rows(run_id: int, attempt: int) -> int:
    """Return how many rows of GitHub's report a run staged."""
    return int(
        one("SELECT count(*) FROM licensing_stagedrow WHERE run_id = %s AND attempt = %s", run_id, attempt)[0]
    )


def compare_totals(run_id: int, attempt: int, enterprise_id: int) -> dict[str, int]:
    """Return what the guard asks: rows, joins and identity values now, and how many of each are missing."""
    rows, rows_gone = one(
        """
        SELECT count(*), coalesce(sum(CASE WHEN s.id IS NULL THEN 1 ELSE 0 END), 0) FROM licensing_licenserow r
        LEFT JOIN licensing_stagedrow s ON s.run_id = %s AND s.attempt = %s AND s.row_key = r.row_key
        WHERE r.enterprise_id = %s
        """,
        run_id,
        attempt,
        enterprise_id,
    )
    joins, joins_gone = one(
        """
        SELECT count(*), coalesce(sum(CASE WHEN s.id IS NULL THEN 1 ELSE 0 END), 0) FROM licensing_rowaccount ra
        JOIN licensing_licenserow r ON r.id = ra.row_id AND r.cloud_account_id IS NOT NULL
        LEFT JOIN licensing_stagedrowaccount s ON s.run_id = %s AND s.attempt = %s AND s.row_key = r.row_key
          AND s.host = ra.host AND s.remote_user_id = ra.remote_user_id
        WHERE ra.enterprise_id = %s
        """,
        run_id,
        attempt,
        enterprise_id,
    )
    values, values_gone = one(
        """
        SELECT count(*), coalesce(sum(CASE WHEN s.id IS NULL THEN 1 ELSE 0 END), 0) FROM licensing_address d
        JOIN licensing_cloudaccount c ON c.id = d.cloud_account_id
        LEFT JOIN licensing_stagedaddress s ON s.run_id = %s AND s.attempt = %s AND s.login_key = c.login_key
          AND s.kind = d.kind AND s.key = d.key
        WHERE d.enterprise_id = %s AND d.kind IN (
          SELECT DISTINCT kind FROM licensing_stagedaddress WHERE run_id = %s AND attempt = %s)
        """,
        run_id,
        attempt,
        enterprise_id,
        run_id,
        attempt,
    )
    names = ("rows", "rows_gone", "joins", "joins_gone", "values", "values_gone")
    return dict(zip(names, map(int, (rows, rows_gone, joins, joins_gone, values, values_gone)), strict=True))


def renamed_rows(run_id: int, attempt: int, enterprise_id: int) -> list[tuple[int, str, str]]:
    """Return (row id, new login key, new login) of cloud accounts that were renamed, one to one.

    A rename is a login gone and a login new with the same non-empty NameID or `host:id` set (ENGINEERING §6).
    """
    gone = list(
        stream(
            """
            SELECT r.id, r.github_com_saml_name_id, r.enterprise_server_user_ids FROM licensing_licenserow r
            LEFT JOIN licensing_stagedrow s ON s.run_id = %s AND s.attempt = %s AND s.row_key = r.row_key
            WHERE r.enterprise_id = %s AND r.cloud_account_id IS NOT NULL AND s.id IS NULL
            """,
            run_id,
            attempt,
            enterprise_id,
        )
    )
    if not gone:
        return []
    new = stream(
        """
        SELECT s.login_key, s.facts FROM licensing_stagedrow s
        LEFT JOIN licensing_licenserow r ON r.enterprise_id = %s AND r.row_key = s.row_key
        WHERE s.run_id = %s AND s.attempt = %s AND s.login_key <> '' AND r.id IS NULL
        """,
        enterprise_id,
        run_id,
        attempt,
    )
    return _pair(gone, [(key, json.loads(facts)) for key, facts in new])


def _pair(gone: list[Row], new: list[tuple[str, dict[str, object]]]) -> list[tuple[int, str, str]]:
    """Pair by a value that exactly one of each side has."""
    sides: tuple[dict[str, list[Row]], dict[str, list[Row]]] = ({}, {})
    for row_id, name_id, ids in gone:
        for mark in _marks(name_id, json.loads(ids) if isinstance(ids, str) else ids):
            sides[0].setdefault(mark, []).append((row_id,))
    for key, facts in new:
        for mark in _marks(facts["github_com_saml_name_id"], facts["enterprise_server_user_ids"]):
            sides[1].setdefault(mark, []).append((key, facts["github_com_login"]))
    pairs = {}
    for mark, old in sides[0].items():
        if len(old) == 1 and len(sides[1].get(mark, [])) == 1:
            pairs.setdefault(old[0][0], (old[0][0], *sides[1][mark][0]))
    return list(pairs.values())


def _marks(name_id: object, ids: object) -> Iterator[str]:
    if name_id:
        yield f"n:{str(name_id).lower()}"
    if ids:
        yield "i:" + " ".join(sorted(str(value).lower() for value in ids))  # type: ignore[attr-defined]


def rename_cloud_accounts(renamed: list[tuple[int, str, str]]) -> None:
    """Write new logins: the account and its row go on under them."""
    update_many(
        """
        UPDATE licensing_cloudaccount SET login_key = %s, login = %s
        WHERE id = (SELECT cloud_account_id FROM licensing_licenserow WHERE id = %s)
        """,
        [(key, login, row_id) for row_id, key, login in renamed],
    )
    update_many(
        "UPDATE licensing_licenserow SET row_key = %s WHERE id = %s",
        [(key, row_id) for row_id, key, _ in renamed],
    )


def find_row_changes(run_id: int, attempt: int, enterprise_id: int, *, keep_missing: bool) -> dict[str, int]:
    """Fill `t_rowchange`; returns counts of rows added, changed and gone (none gone from a drifting read)."""
    run_sql("DROP TABLE IF EXISTS t_rowchange")
    run_sql("CREATE TEMPORARY TABLE t_rowchange (row_id BIGINT, row_key VARCHAR(400), kind VARCHAR(8))")
    run_sql(
        """
        INSERT INTO t_rowchange
        SELECT r.id, s.row_key, CASE WHEN r.id IS NULL THEN 'added' ELSE 'changed' END FROM licensing_stagedrow s
        LEFT JOIN licensing_licenserow r ON r.enterprise_id = %s AND r.row_key = s.row_key
        WHERE s.run_id = %s AND s.attempt = %s AND (r.id IS NULL OR r.digest <> s.digest)
        """,
        enterprise_id,
        run_id,
        attempt,
    )
    if not keep_missing:
        run_sql(
            """
            INSERT INTO t_rowchange SELECT r.id, r.row_key, 'gone' FROM licensing_licenserow r
            LEFT JOIN licensing_stagedrow s ON s.run_id = %s AND s.attempt = %s AND s.row_key = r.row_key
            WHERE r.enterprise_id = %s AND s.id IS NULL
            """,
            run_id,
            attempt,
            enterprise_id,
        )
    analyze("t_rowchange")
    found = dict(stream("SELECT kind, count(*) FROM t_rowchange GROUP BY kind"))
    return {f"rows_{kind}": int(found.get(kind, 0)) for kind in ("added", "changed", "gone")}


_PEOPLE_OF_ROWS = """
    INSERT INTO t_person SELECT DISTINCT p.id FROM t_rowchange t JOIN licensing_licenserow r ON r.id = t.row_id
    JOIN licensing_person p ON p.enterprise_id = r.enterprise_id AND p.ended_edition IS NULL
      AND (p.cloud_account_id = r.cloud_account_id OR p."group" IN ('r:' || r.id, 'i:' || r.id))
    WHERE TRUE ON CONFLICT DO NOTHING
"""
_ACCOUNTS_OF_ROWS = """
    INSERT INTO t_account SELECT DISTINCT a.id FROM t_rowchange t JOIN licensing_rowaccount ra ON ra.row_id = t.row_id
    JOIN licensing_account a ON a.server_id = ra.server_id AND a.remote_user_id = ra.remote_user_id
      AND a.ended_edition IS NULL
    WHERE TRUE ON CONFLICT DO NOTHING
"""


def mark_before() -> None:
    """Mark persons and accounts that changed and gone rows had."""
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


def settle_cloud_accounts(
    run_id: int, attempt: int, enterprise_id: int, edition: int, *, keep_missing: bool
) -> int:
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
    if keep_missing:
        return added
    ended = run_sql(
        """
        UPDATE licensing_cloudaccount SET ended_edition = %s
        WHERE enterprise_id = %s AND ended_edition IS NULL AND NOT EXISTS (
          SELECT 1 FROM licensing_stagedrow s
          WHERE s.run_id = %s AND s.attempt = %s AND s.login_key = licensing_cloudaccount.login_key)
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
    update_many(
        f"UPDATE licensing_licenserow SET {', '.join(f'{column} = %s' for column in ROW)} WHERE id = %s", rows
    )


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


_ACCOUNTS_OF_SERVERS = """
    INSERT INTO t_account SELECT DISTINCT a.id FROM licensing_rowaccount ra
    JOIN licensing_account a ON a.server_id = ra.server_id AND a.remote_user_id = ra.remote_user_id
      AND a.ended_edition IS NULL
    WHERE ra.enterprise_id = %s ON CONFLICT DO NOTHING
"""


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
        FROM t_rowchange t JOIN licensing_rowaccount ra ON ra.row_id = t.row_id
        WHERE t.kind <> 'gone' AND licensing_account.server_id = ra.server_id
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


def settle_addresses(
    run_id: int, attempt: int, enterprise_id: int, kinds: list[str], *, keep_missing: bool
) -> int:
    """Add identity values that came and drop those that went, of `kinds` (all if empty); marks their keys."""
    key = (enterprise_id, run_id, attempt)
    run_sql(f"INSERT INTO t_key SELECT DISTINCT s.key {_NEW_VALUES} ON CONFLICT DO NOTHING", *key)
    count = run_sql(
        f"INSERT INTO licensing_address (enterprise_id, cloud_account_id, kind, value, key) "
        f"SELECT %s, c.id, s.kind, s.value, s.key {_NEW_VALUES}",
        enterprise_id,
        *key,
    )
    if keep_missing:
        return count
    only = f" AND kind IN ({', '.join(['%s'] * len(kinds))})" if kinds else ""
    run_sql(
        f"INSERT INTO t_key SELECT DISTINCT key {_LOST_VALUES}{only} ON CONFLICT DO NOTHING", *key, *kinds
    )
    return count + run_sql(f"DELETE {_LOST_VALUES}{only}", *key, *kinds)


def settle_database_ids(enterprise_id: int, ids: Mapping[str, int]) -> int:
    """Write `databaseId`s that are new, and mark the keys whose tie they may decide; returns how many."""
    known = stream(
        "SELECT login_key, id, database_id FROM licensing_cloudaccount WHERE enterprise_id = %s AND ended_edition IS NULL",
        enterprise_id,
    )
    news = [(ids[login], cloud_id) for login, cloud_id, old in known if login in ids and ids[login] != old]
    update_many("UPDATE licensing_cloudaccount SET database_id = %s WHERE id = %s", news)
    update_many(
        "INSERT INTO t_key SELECT key FROM licensing_address WHERE cloud_account_id = %s ON CONFLICT DO NOTHING",
        [(cloud_id,) for _, cloud_id in news],
    )
    return len(news)


def mark_after() -> None:
    """Mark rows, persons and accounts of the rows that came or changed."""
    run_sql(
        "INSERT INTO t_row SELECT DISTINCT row_id FROM t_rowchange WHERE kind <> 'gone' AND row_id IS NOT NULL "
        "ON CONFLICT DO NOTHING"
    )
    run_sql(_PEOPLE_OF_ROWS)
    run_sql(_ACCOUNTS_OF_ROWS)


def mark_judged_before(enterprise_id: int) -> int:
    """Mark accounts whose verdict was given before GitHub's newest sync of their server; returns how many."""
    servers = [
        row[0]
        for row in stream(
            """
            SELECT p.server_id FROM licensing_serverpicture p
            JOIN licensing_githubsync g ON g.server_id = p.server_id AND g.newest
            WHERE g.enterprise_id = %s AND g.date IS NOT NULL AND (p.judged_by IS NULL OR p.judged_by <> g.date)
            """,
            enterprise_id,
        )
    ]
    marked = 0
    for server_id in servers:
        marked += run_sql(
            "INSERT INTO t_account SELECT id FROM licensing_account WHERE server_id = %s AND ended_edition IS NULL "
            "ON CONFLICT DO NOTHING",
            server_id,
        )
        run_sql(
            "UPDATE licensing_serverpicture SET judged_by = ("
            "SELECT g.date FROM licensing_githubsync g WHERE g.server_id = %s AND g.newest) WHERE server_id = %s",
            server_id,
            server_id,
        )
    return marked


def row_totals(enterprise_id: int) -> tuple[int, int, int, int]:
    """Return rows, rows that count, cloud accounts, and cloud accounts with a visible identity value."""
    rows, counted = one(
        "SELECT count(*), coalesce(sum(CASE WHEN counted THEN 1 ELSE 0 END), 0) FROM licensing_licenserow "
        "WHERE enterprise_id = %s",
        enterprise_id,
    )
    members, visible = one(
        """
        SELECT count(*), coalesce(sum(CASE WHEN EXISTS (
          SELECT 1 FROM licensing_address d WHERE d.cloud_account_id = c.id) THEN 1 ELSE 0 END), 0)
        FROM licensing_cloudaccount c WHERE c.enterprise_id = %s AND c.ended_edition IS NULL
        """,
        enterprise_id,
    )
    return int(rows), int(counted), int(members), int(visible)

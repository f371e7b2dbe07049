"""Compare GitHub's staged rows with those that stand, renames first."""

from __future__ import annotations

import json
from collections.abc import Iterator

from .sql import Row, analyze, one, run_sql, stream, update_many


def staged_rows(run_id: int, attempt: int) -> int:
    """Return how many rows of GitHub's report a run staged."""
    return int(
        one("SELECT count(*) FROM licensing_stagedrow WHERE run_id = %s AND attempt = %s", run_id, attempt)[0]
    )


def cloud_totals(run_id: int, attempt: int, enterprise_id: int, kinds: list[str]) -> dict[str, int]:
    """Return what the guard asks: rows, joins and identity values of `kinds` now, and how many are missing."""
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
        f"""
        SELECT count(*), coalesce(sum(CASE WHEN s.id IS NULL THEN 1 ELSE 0 END), 0) FROM licensing_address d
        JOIN licensing_cloudaccount c ON c.id = d.cloud_account_id
        LEFT JOIN licensing_stagedaddress s ON s.run_id = %s AND s.attempt = %s AND s.login_key = c.login_key
          AND s.kind = d.kind AND s.key = d.key
        WHERE d.enterprise_id = %s AND d.kind IN ({", ".join(["%s"] * len(kinds))})
        """,
        run_id,
        attempt,
        enterprise_id,
        *kinds,
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
    pairs: dict[int, tuple[int, str, str]] = {}
    for mark, old in sides[0].items():
        if len(old) == 1 and len(sides[1].get(mark, [])) == 1:
            pairs.setdefault(old[0][0], (old[0][0], *sides[1][mark][0]))
    return list(pairs.values())


def _marks(name_id: object, ids: object) -> Iterator[str]:
    if name_id:
        yield f"n:{str(name_id).lower()}"
    if ids:
        yield "i:" + " ".join(sorted(str(value).lower() for value in ids))  # type: ignore[attr-defined]


def rename_cloud_accounts(renamed: list[tuple[int, str, str]], edition: int) -> None:
    """Write new logins: the account and its row go on under them. A login may decide a tie, so keys are marked."""
    update_many(
        """
        INSERT INTO t_key SELECT DISTINCT d.key FROM licensing_address d
        JOIN licensing_licenserow r ON r.cloud_account_id = d.cloud_account_id WHERE r.id = %s
        ON CONFLICT DO NOTHING
        """,
        [(row_id,) for row_id, _, _ in renamed],
    )
    update_many(
        """
        UPDATE licensing_cloudaccount
        SET former_login = login, renamed_edition = %s, login_key = %s, login = %s
        WHERE id = (SELECT cloud_account_id FROM licensing_licenserow WHERE id = %s)
        """,
        [(edition, key, login, row_id) for row_id, key, login in renamed],
    )
    update_many(
        "UPDATE licensing_licenserow SET row_key = %s WHERE id = %s",
        [(key, row_id) for row_id, key, _ in renamed],
    )


def find_row_changes(run_id: int, attempt: int, enterprise_id: int) -> dict[str, int]:
    """Fill `t_rowchange`; returns counts of rows added, changed and gone."""
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
    run_sql("CREATE INDEX t_rowchange_key ON t_rowchange (row_key)")
    run_sql("CREATE INDEX t_rowchange_row ON t_rowchange (row_id)")
    analyze("t_rowchange")
    found: dict[str, int] = dict(stream("SELECT kind, count(*) FROM t_rowchange GROUP BY kind"))
    return {f"rows_{kind}": int(found.get(kind, 0)) for kind in ("added", "changed", "gone")}


def row_totals(enterprise_id: int) -> tuple[int, int, int, int]:
    """Return rows, rows that count, members, and members with a visible identity value.

    Who was invited by login has a cloud account and is no member yet.
    """
    rows, counted = one(
        "SELECT count(*), coalesce(sum(CASE WHEN counted THEN 1 ELSE 0 END), 0) FROM licensing_licenserow "
        "WHERE enterprise_id = %s",
        enterprise_id,
    )
    members, visible = one(
        """
        SELECT count(*), coalesce(sum(CASE WHEN EXISTS (
          SELECT 1 FROM licensing_address d WHERE d.cloud_account_id = c.id) THEN 1 ELSE 0 END), 0)
        FROM licensing_cloudaccount c WHERE c.enterprise_id = %s AND c.ended_edition IS NULL AND EXISTS (
          SELECT 1 FROM licensing_licenserow r WHERE r.cloud_account_id = c.id AND r.kind IN ('cloud', 'both'))
        """,
        enterprise_id,
    )
    return int(rows), int(counted), int(members), int(visible)

"""Persons of the matched accounts: under which group they go on, who has which, and their seats."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime

from .components import UNREAD
from .matching import apply_decisions
from .sql import Row, by_code_point, run_sql, set_columns, stream


def orphaned_people(enterprise_id: int) -> list[Row]:
    """Return (new group, person that loses all its accounts, how many of them go to the group), most first.

    Such a person goes on under the group that took most of it (ENGINEERING §9), unless its cloud account stays; so
    does the person of a row that only GitHub knew, when an account here stands for it.
    """
    return list(
        stream(
            f"""
            SELECT x.grp, x.person, count(*) AS n FROM (
              SELECT d.grp, p.id AS person FROM t_decision d CROSS JOIN licensing_person p
              WHERE p.id = d.old_person AND p.ended_edition IS NULL AND d.grp <> p."group" AND p.enterprise_id = %s
                AND NOT EXISTS (SELECT 1 FROM licensing_cloudaccount c
                  WHERE c.id = p.cloud_account_id AND c.ended_edition IS NULL)
                AND NOT EXISTS (SELECT 1 FROM t_decision e WHERE e.grp = p."group")
                AND NOT EXISTS (SELECT 1 FROM licensing_account o LEFT JOIN t_decision f ON f.account_id = o.id
                  WHERE o.person_id = p.id AND o.ended_edition IS NULL AND f.account_id IS NULL)
              UNION ALL
              SELECT d.grp, p.id FROM t_decision d CROSS JOIN licensing_person p
              WHERE p.enterprise_id = %s AND p.ended_edition IS NULL AND p."group" = 'r:' || d.row_id AND d.row_valid
                AND d.consumes
            ) x
            WHERE NOT EXISTS (SELECT 1 FROM licensing_person q
              WHERE q.enterprise_id = %s AND q."group" = x.grp AND q.ended_edition IS NULL)
            GROUP BY x.grp, x.person
            ORDER BY n DESC, x.person, {by_code_point("x.grp")}
            """,
            enterprise_id,
            enterprise_id,
            enterprise_id,
        )
    )


def rename_groups(pairs: Iterable[tuple[str, int]]) -> None:
    """Give persons (group, id) the group they go on under, and the cloud account that names it."""
    set_columns(
        "licensing_person",
        ("group", "cloud_account_id"),
        ((group, int(group[2:]) if group.startswith("c:") else None, person) for group, person in pairs),
    )


def add_people(enterprise_id: int, edition: int) -> None:
    """Make a person for each decided or listed group that has none."""
    run_sql(
        """
        INSERT INTO t_group (grp, cloud_id)
        SELECT d.grp, max(d.cloud_id) FROM t_decision d WHERE TRUE GROUP BY d.grp ON CONFLICT DO NOTHING
        """
    )
    run_sql(
        """
        INSERT INTO licensing_person (enterprise_id, "group", cloud_account_id, name, sort, consumes, reason,
          license_type, deployment, accounts, since_edition)
        SELECT %s, g.grp, g.cloud_id, '', '', FALSE, '', '', '', 0, %s FROM t_group g
        WHERE NOT EXISTS (SELECT 1 FROM licensing_person p
          WHERE p.enterprise_id = %s AND p."group" = g.grp AND p.ended_edition IS NULL)
        """,
        enterprise_id,
        edition,
        enterprise_id,
    )


def tie_accounts(enterprise_id: int, edition: int, run_id: int | None, now: datetime) -> None:
    """Point accounts at their persons, keep the spans of who was whose, and mark the persons touched."""
    run_sql(
        """
        INSERT INTO t_person SELECT DISTINCT p.id FROM t_decision d CROSS JOIN licensing_person p
        WHERE p.enterprise_id = %s AND p."group" = d.grp AND p.ended_edition IS NULL ON CONFLICT DO NOTHING
        """,
        enterprise_id,
    )
    run_sql(
        "INSERT INTO t_person SELECT DISTINCT old_person FROM t_decision WHERE old_person IS NOT NULL "
        "ON CONFLICT DO NOTHING"
    )
    run_sql(
        """
        INSERT INTO t_person SELECT DISTINCT a.person_id FROM t_change t CROSS JOIN licensing_account a
        WHERE a.id = t.account_id AND a.person_id IS NOT NULL ON CONFLICT DO NOTHING
        """
    )
    apply_decisions(enterprise_id, now)
    _span_matches(edition, run_id)


def _span_matches(edition: int, run_id: int | None) -> None:
    """Close the spans of accounts that left or changed person or rule, open those that hold now."""
    run_sql(
        """
        UPDATE licensing_match SET to_edition = %s
        WHERE to_edition IS NULL AND account_id IN (
          SELECT account_id FROM t_change WHERE kind IN ('gone', 'recreated'))
        """,
        edition,
    )
    run_sql(
        """
        UPDATE licensing_match SET to_edition = %s FROM t_decision d CROSS JOIN licensing_account a
        WHERE a.id = d.account_id AND licensing_match.account_id = d.account_id
          AND licensing_match.account_id IN (SELECT account_id FROM t_decision) AND licensing_match.to_edition IS NULL
          AND (licensing_match.person_id <> a.person_id OR licensing_match.rule <> a.rule)
        """,
        edition,
    )
    run_sql(
        """
        INSERT INTO licensing_match (account_id, person_id, rule, from_edition, run_id)
        SELECT a.id, a.person_id, a.rule, %s, %s FROM t_decision d CROSS JOIN licensing_account a
        WHERE a.id = d.account_id
          AND NOT EXISTS (SELECT 1 FROM licensing_match m WHERE m.account_id = a.id AND m.to_edition IS NULL)
        """,
        edition,
        run_id,
    )


def people_touched() -> Iterator[Row]:
    """Yield marked persons with what decides their license, one line per person.

    Columns: id, cloud name, cloud login, one account's login, row's GitHub login and server emails, then
    `PERSON` as it stands, then what `usecases.people.Facts` names.
    """
    yield from stream(
        f"""
        SELECT p.id, c.name, c.login, n.login, r.github_com_login, r.enterprise_server_emails,
          p.name, p.sort, p.consumes, p.reason, p.license_type, p.deployment, p.accounts, p.ended_edition,
          coalesce(n.accounts, 0), substr(p."group", 1, 1), coalesce(c.login, '') <> '',
          coalesce(n.accounts, 0) > 0, coalesce(n.consuming, 0) > 0, n.reason, n.idle, r.id IS NOT NULL,
          r.github_com_login LIKE '%%@%%', r.license_type, r.visual_studio_subscription_user, r.github_com_user,
          r.enterprise_server_user, r.github_com_member_roles <> '[]', r.github_com_orgs_with_pending_invites <> '[]',
          CASE WHEN r.id IS NOT NULL AND r.enterprise_server_user THEN {UNREAD} ELSE FALSE END
        FROM t_person t CROSS JOIN licensing_person p
        LEFT JOIN licensing_cloudaccount c ON c.id = p.cloud_account_id AND c.ended_edition IS NULL
        LEFT JOIN (
          SELECT a.person_id, count(*) AS accounts, sum(CASE WHEN a.consumes THEN 1 ELSE 0 END) AS consuming,
            min(a.login) AS login, min(CASE WHEN a.consumes THEN a.reason END) AS reason, min(a.reason) AS idle
          FROM t_person u CROSS JOIN licensing_account a WHERE a.person_id = u.id AND a.ended_edition IS NULL
          GROUP BY a.person_id
        ) n ON n.person_id = p.id
        LEFT JOIN licensing_licenserow r ON r.id = CASE
          WHEN p.cloud_account_id IS NOT NULL THEN (
            SELECT min(x.id) FROM licensing_licenserow x WHERE x.cloud_account_id = p.cloud_account_id)
          WHEN substr(p."group", 1, 2) IN ('r:', 'i:') THEN CAST(substr(p."group", 3) AS BIGINT)
        END
        WHERE p.id = t.id AND p.ended_edition IS NULL
        """
    )


PERSON = ("name", "sort", "consumes", "reason", "license_type", "deployment", "accounts", "ended_edition")


def settle_people(rows: Iterable[Row]) -> None:
    """Write (*PERSON, person id)."""
    set_columns("licensing_person", PERSON, rows)


def settle_seats(enterprise_id: int, edition: int, run_id: int | None) -> tuple[int, int]:
    """Close and open the seats of marked persons, with the reason that holds now; returns (released, added).

    A license is *released* when it ended and none of its accounts is in a person that consumes (ENGINEERING §9): of
    people who become one, one license fewer is counted and none is released.
    """
    ended = run_sql(
        """
        INSERT INTO t_seat SELECT s.person_id, -1 FROM t_person t CROSS JOIN licensing_person p
        CROSS JOIN licensing_seat s WHERE p.id = t.id AND (NOT p.consumes OR p.ended_edition IS NOT NULL)
          AND s.person_id = p.id AND s.to_edition IS NULL
        """
    )
    added = run_sql(
        """
        INSERT INTO t_seat SELECT p.id, 1 FROM t_person t CROSS JOIN licensing_person p
        WHERE p.id = t.id AND p.consumes AND p.ended_edition IS NULL
          AND NOT EXISTS (SELECT 1 FROM licensing_seat s WHERE s.person_id = p.id AND s.to_edition IS NULL)
        """
    )
    run_sql(
        """
        UPDATE licensing_seat SET to_edition = %s
        WHERE to_edition IS NULL AND person_id IN (SELECT person_id FROM t_seat WHERE license < 0)
        """,
        edition,
    )
    run_sql(
        """
        INSERT INTO licensing_seat (enterprise_id, person_id, license_type, reason, from_edition, run_id)
        SELECT %s, p.id, p.license_type, p.reason, %s, %s FROM t_seat t CROSS JOIN licensing_person p
        WHERE t.license > 0 AND p.id = t.person_id
        """,
        enterprise_id,
        edition,
        run_id,
    )
    run_sql(
        """
        UPDATE licensing_seat SET reason = p.reason, license_type = p.license_type
        FROM t_person t CROSS JOIN licensing_person p
        WHERE p.id = t.id AND licensing_seat.person_id = p.id
          AND licensing_seat.person_id IN (SELECT id FROM t_person) AND licensing_seat.to_edition IS NULL
          AND (licensing_seat.reason <> p.reason OR licensing_seat.license_type <> p.license_type)
        """
    )
    return ended - _forget_merged(edition), added


def _forget_merged(edition: int) -> int:
    """Take out of `t_seat` the licenses that ended because their accounts are another consuming person's now."""
    return run_sql(
        """
        DELETE FROM t_seat WHERE license < 0 AND EXISTS (
          SELECT 1 FROM licensing_match m
          JOIN licensing_account a ON a.id = m.account_id AND a.ended_edition IS NULL
          JOIN licensing_person p ON p.id = a.person_id AND p.consumes AND p.ended_edition IS NULL
          WHERE m.person_id = t_seat.person_id AND (m.to_edition = %s OR m.to_edition IS NULL))
        """,
        edition,
    )

"""Search terms of the persons a publication touched."""

from __future__ import annotations

from collections.abc import Iterator

from .sql import Row, analyze, run_sql, stream

TERM = ("enterprise_id", "person_id", "term")


def people_found_by_terms() -> Iterator[Row]:
    """Yield marked persons of GitHub's report: id, name, member roles, enterprise roles, inviting organizations."""
    yield from stream(
        """
        SELECT p.id, p.name, r.github_com_member_roles, r.github_com_enterprise_roles,
          r.github_com_orgs_with_pending_invites
        FROM t_person t CROSS JOIN licensing_person p CROSS JOIN licensing_licenserow r
        WHERE p.id = t.id AND p.ended_edition IS NULL AND r.person_id = p.id
        """
    )


def settle_terms() -> None:
    """Bring the terms of marked persons to those in `t_term`, writing only what differs."""
    run_sql("CREATE INDEX t_term_person ON t_term (person_id)")
    analyze("t_term")
    run_sql(
        """
        DELETE FROM licensing_searchterm WHERE person_id IN (SELECT id FROM t_person)
          AND NOT EXISTS (SELECT 1 FROM t_term t
            WHERE t.person_id = licensing_searchterm.person_id AND t.term = licensing_searchterm.term)
        """
    )
    run_sql(
        """
        INSERT INTO licensing_searchterm (enterprise_id, person_id, term)
        SELECT DISTINCT t.enterprise_id, t.person_id, t.term FROM t_term t WHERE TRUE ON CONFLICT DO NOTHING
        """
    )

"""Licenses by organization, from the roles that GitHub's rows name."""

from __future__ import annotations

from django.db import connection

# "octo-labs:Member", of a repository alone "octo-labs/firmware:Collaborator" (reference §5.3).
BY_ORGANIZATION = {
    "sqlite": """
        SELECT name, count(*) FROM (
          SELECT DISTINCT r.id, CASE WHEN instr(substr(each.value, 1, instr(each.value || ':', ':') - 1), '/') > 0
            THEN substr(each.value, 1, instr(each.value, '/') - 1)
            ELSE substr(each.value, 1, instr(each.value || ':', ':') - 1) END AS name
          FROM licensing_licenserow r, json_each(r.github_com_member_roles) each
          WHERE r.enterprise_id = %s AND r.counted)
        WHERE name <> '' GROUP BY name ORDER BY count(*) DESC, name
    """,
    "postgresql": """
        SELECT name, count(*) FROM (
          SELECT DISTINCT r.id, split_part(split_part(each.value, ':', 1), '/', 1) AS name
          FROM licensing_licenserow r, jsonb_array_elements_text(r.github_com_member_roles) AS each(value)
          WHERE r.enterprise_id = %s AND r.counted) found
        WHERE name <> '' GROUP BY name ORDER BY count(*) DESC, name
    """,
}


def licenses_by_organization(enterprise_id: int) -> list[tuple[str, int]]:
    """Return each organization with the counted rows that name it, most first; a row may name several."""
    with connection.cursor() as cursor:
        cursor.execute(BY_ORGANIZATION[connection.vendor], [enterprise_id])
        return [(name, int(count)) for name, count in cursor.fetchall()]

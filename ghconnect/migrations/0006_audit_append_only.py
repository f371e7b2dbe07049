# Written by hand: Django has no triggers.

from typing import Any

from django.db import migrations

TABLE = "ghconnect_auditevent"
# The actor may be set to null when a user is deleted; its login stays.
FIXED = ("id", "enterprise_id", "at", "action", "actor_login", "subject", "data", "request_id", "address")
WORDS = "audit events are append-only"
MAKE = {
    "sqlite": [
        f"CREATE TRIGGER audit_append_only BEFORE UPDATE OF {', '.join(FIXED)} ON {TABLE} "
        f"BEGIN SELECT RAISE(ABORT, '{WORDS}'); END",
    ],
    "postgresql": [
        f"CREATE FUNCTION ghconnect_audit_append_only() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN RAISE EXCEPTION '{WORDS}'; END $$",
        f"CREATE TRIGGER audit_append_only BEFORE UPDATE OF {', '.join(FIXED)} ON {TABLE} "
        "FOR EACH ROW EXECUTE FUNCTION ghconnect_audit_append_only()",
    ],
}
DROP = {
    "sqlite": ["DROP TRIGGER IF EXISTS audit_append_only"],
    "postgresql": [
        f"DROP TRIGGER IF EXISTS audit_append_only ON {TABLE}",
        "DROP FUNCTION IF EXISTS ghconnect_audit_append_only()",
    ],
}


def make(_apps: Any, schema_editor: Any) -> None:
    """Let the database refuse to change what was done."""
    for sql in MAKE[schema_editor.connection.vendor]:
        schema_editor.execute(sql)


def drop(_apps: Any, schema_editor: Any) -> None:
    """Take the refusal back."""
    for sql in DROP[schema_editor.connection.vendor]:
        schema_editor.execute(sql)


class Migration(migrations.Migration):

    dependencies = [
        ("ghconnect", "0005_audit_seal"),
    ]

    operations = [
        migrations.RunPython(make, drop, elidable=False),
    ]

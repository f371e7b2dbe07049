# Written by hand: Django has no triggers, and where chains end is sealed with the console's key.

import json
from typing import Any

from django.db import migrations, models

from ghconnect.seal import seal

EVENT, SEAL, HEADS, CUT = (f"ghconnect_audit{name}" for name in ("event", "seal", "heads", "cut"))
LINK = "id, enterprise_id, chain, position, event_id, digest"
WORDS = "audit events are append-only"
REFUSE = f"BEGIN SELECT RAISE(ABORT, '{WORDS}'); END"


def no_cut(chain: str, event: str) -> str:
    """Whether no door is open for an event."""
    return f"NOT EXISTS (SELECT 1 FROM {CUT} WHERE chain = {chain} AND up_to >= {event})"


KEPT_EVENT, KEPT_SEAL = no_cut("COALESCE(OLD.enterprise_id, 0)", "OLD.id"), no_cut("OLD.chain", "OLD.event_id")
# name, table, what, when; the same on both databases.
ROWS = [
    ("audit_kept", EVENT, "DELETE", KEPT_EVENT),
    ("audit_seal_kept", SEAL, "DELETE", KEPT_SEAL),
    ("audit_seal_fixed", SEAL, f"UPDATE OF {LINK}", ""),
    ("audit_heads_kept", HEADS, "DELETE", ""),
    ("audit_cut_fixed", CUT, "UPDATE", ""),
]
# A table that is emptied whole asks no row (PostgreSQL alone); an empty one may be.
WHOLE = [(f"{table}_whole", table) for table in (EVENT, SEAL)]


def _sqlite() -> list[str]:
    return [
        f"CREATE TRIGGER {name} BEFORE {what} ON {table} {f'WHEN {when}' if when else ''} {REFUSE}"
        for name, table, what, when in ROWS
    ]


def _postgresql() -> list[str]:
    made = []
    for name, table, what, when in ROWS:
        body = f"IF {when or 'TRUE'} THEN RAISE EXCEPTION '{WORDS}'; END IF; RETURN OLD;"
        made += [
            f"CREATE FUNCTION ghconnect_{name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {body} END $$",
            f"CREATE TRIGGER {name} BEFORE {what} ON {table} FOR EACH ROW EXECUTE FUNCTION ghconnect_{name}()",
        ]
    for name, table in WHOLE:
        body = f"IF EXISTS (SELECT 1 FROM {table}) THEN RAISE EXCEPTION '{WORDS}'; END IF; RETURN NULL;"
        made += [
            f"CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {body} END $$",
            f"CREATE TRIGGER {name} BEFORE TRUNCATE ON {table} FOR EACH STATEMENT EXECUTE FUNCTION {name}()",
        ]
    return made


def _drop(vendor: str) -> list[str]:
    if vendor == "sqlite":
        return [f"DROP TRIGGER IF EXISTS {name}" for name, *_ in ROWS]
    functions = [f"ghconnect_{name}" for name, *_ in ROWS] + [name for name, _ in WHOLE]
    return [f"DROP FUNCTION IF EXISTS {name}() CASCADE" for name in functions]


def make(apps: Any, schema_editor: Any) -> None:
    """Say where the chains end that are there, and let the database keep events, links and that row."""
    heads = {}
    for link in apps.get_model("ghconnect", "AuditSeal").objects.order_by("chain", "position").iterator():
        heads[str(link.chain)] = [link.position, link.digest]
    told = json.dumps({"ends": heads, "begins": {}})
    apps.get_model("ghconnect", "AuditHeads").objects.create(pk=1, sealed=seal(told))
    for sql in _sqlite() if schema_editor.connection.vendor == "sqlite" else _postgresql():
        schema_editor.execute(sql, params=None)


def drop(_apps: Any, schema_editor: Any) -> None:
    """Take the refusals back."""
    for sql in _drop(schema_editor.connection.vendor):
        schema_editor.execute(sql, params=None)


class Migration(migrations.Migration):

    dependencies = [
        ("ghconnect", "0006_audit_append_only"),
    ]

    operations = [
        migrations.CreateModel(
            name="AuditHeads",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("sealed", models.TextField()),
            ],
        ),
        migrations.CreateModel(
            name="AuditCut",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("chain", models.BigIntegerField()),
                ("up_to", models.BigIntegerField()),
                ("at", models.DateTimeField()),
            ],
            options={"indexes": [models.Index(fields=["chain", "up_to"], name="cut_by_chain")]},
        ),
        migrations.RunPython(make, drop, elidable=False),
    ]

# Written by hand: Django has no option for it.

from typing import Any

from django.db import migrations

STAGED = ["stagedaccount", "stagedrow", "stagedrowaccount", "stagedaddress"]


def unlogged(_apps: Any, schema_editor: Any) -> None:
    """Keep staged rows out of PostgreSQL's log: after a crash they are gone, and loaded again (ENGINEERING §4)."""
    if schema_editor.connection.vendor == "postgresql":
        for name in STAGED:
            schema_editor.execute(f"ALTER TABLE licensing_{name} SET UNLOGGED")


class Migration(migrations.Migration):

    dependencies = [
        ("licensing", "0001_initial"),
    ]

    operations = [
        migrations.RunPython(unlogged, migrations.RunPython.noop, elidable=False),
    ]

"""What PostgreSQL must know while a publication is under way, so that a first picture is no slower than others."""

from __future__ import annotations

import pytest
from django.db import connection

from licensing.models import Account, Person

from . import drive

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite keeps no statistics here"),
]
MANY = 3000


def known_rows(table: str) -> int:
    """How many rows PostgreSQL believes a table has; -1 if it has never looked."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT reltuples FROM pg_class WHERE oid = %s::regclass", [table])
        return int(cursor.fetchone()[0])


def test_a_first_picture_is_planned_as_of_its_size() -> None:
    of = drive.enterprise()
    accounts = [drive.account(n, f"u{n}@octo.example") for n in range(1, MANY + 1)]
    drive.read_server(drive.server(of, "ghe-tokyo.octo.example"), accounts)
    # A rolled-back transaction leaves pages behind, so other tests may have left some to be counted.
    assert known_rows("licensing_account") >= MANY
    assert known_rows("licensing_person") >= MANY


def test_accounts_of_a_server_just_added_are_found_by_their_numbers() -> None:
    of = drive.enterprise()
    first, second = (drive.server(of, f"ghe-{name}.octo.example") for name in ("tokyo", "osaka"))
    drive.read_server(first, [drive.account(n, f"u{n}@octo.example") for n in range(1, 40)])
    drive.read_server(second, [drive.account(n, f"v{n}@octo.example") for n in range(1, 40)])
    assert Person.objects.filter(enterprise=of, consumes=True).count() == 78
    assert not Account.objects.filter(enterprise=of, person_id=None).exists()

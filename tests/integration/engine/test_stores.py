"""What a database is asked to be: order by code point, prefixes by index, staged rows outside the log."""

from __future__ import annotations

from typing import Any

import pytest
from django.apps import apps
from django.db import connection
from django.db.models import QuerySet

from ghconnect.models.text import CodePointField
from licensing import qualifiers
from licensing.models import Account, CloudAccount, LicenseRow, Person

from . import drive

pytestmark = pytest.mark.django_db
POSTGRESQL = pytest.mark.skipif(connection.vendor != "postgresql", reason="of PostgreSQL alone")
# A language puts these in another order: case and marks count last there.
NAMES = ["_b", "Zoë", "a", "a-b", "a_b", "ab", "B", "ä", "あ", "é", "\U0001f600", "z"]
TEXT = [
    (model, field.name)
    for label in ("ghconnect", "licensing")
    for model in apps.get_app_config(label).get_models()
    for field in model._meta.fields
    if isinstance(field, CodePointField)
]


def test_lists_come_in_the_order_python_has() -> None:
    of = drive.enterprise()
    for name in reversed(NAMES):
        Person.objects.create(enterprise=of, group=f"k:{name}", sort=name, since_edition=1)
    found = list(Person.objects.filter(enterprise=of).order_by("sort", "id").values_list("sort", flat=True))
    assert found == sorted(NAMES)
    assert list(
        Person.objects.filter(enterprise=of, sort__gt="a").order_by("sort").values_list("sort", flat=True)
    ) == [name for name in sorted(NAMES) if name > "a"]


def test_what_is_ordered_is_ordered_by_code_point() -> None:
    """Each name that code orders or searches by; a new one of text must say so too."""
    known = {f"{model.__name__}.{name}" for model, name in TEXT}
    assert known >= {
        "Account.login", "Account.key", "CloudAccount.login_key", "Address.key", "LicenseRow.sort",
        "LicenseRow.row_key", "Person.sort", "Person.group", "RowAccount.host", "GitHubSync.host", "Server.host",
        "Enterprise.name",
    }  # fmt: skip


@POSTGRESQL
@pytest.mark.parametrize(("model", "name"), TEXT, ids=[f"{model.__name__}.{name}" for model, name in TEXT])
def test_postgresql_orders_it_by_code_point(model: Any, name: str) -> None:
    assert collation(model._meta.db_table, name) == "C"


def collation(table: str, column: str) -> str:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT collation_name FROM information_schema.columns WHERE table_name = %s AND column_name = %s",
            [table, column],
        )
        return str(cursor.fetchone()[0])


def of_many() -> Any:
    """An enterprise of a size at which a walk through all of it is dearer than an index."""
    of = drive.enterprise()
    server = drive.server(of, "ghe-tokyo.octo.example")
    drive.read_cloud(of, [drive.row(f"w{n:04}") for n in range(4000)])
    drive.read_server(server, [drive.account(n, f"u{n:04}@octo.example", f"u{n:04}") for n in range(1, 4000)])
    with connection.cursor() as cursor:
        for model in (Account, CloudAccount, LicenseRow, Person):
            cursor.execute(f"ANALYZE {model._meta.db_table}")
    return of, server


@POSTGRESQL
def test_words_that_begin_with_something_are_found_by_an_index() -> None:
    of, server = of_many()
    starting = qualifiers.starting
    for rows, index, column in (
        (Account.objects.filter(starting("login", "u07"), server=server), "account_by_login", "login"),
        (
            Account.objects.filter(starting("key", "u07"), enterprise=of, ended_edition=None),
            "account_by_key",
            "key",
        ),
        (
            CloudAccount.objects.filter(starting("login_key", "w07"), enterprise=of, ended_edition=None),
            "cloud_account_once",
            "login_key",
        ),
        (
            Person.objects.filter(starting("sort", "w07"), enterprise=of, ended_edition=None, consumes=True),
            "person_consuming_sorted",
            "sort",
        ),
        (LicenseRow.objects.filter(starting("sort", "w07"), enterprise=of), "license_row_sorted", "sort"),
    ):
        assert_walks(rows, index, column)


def assert_walks(rows: QuerySet[Any], index: str, column: str) -> None:
    plan = rows.explain()
    assert index in plan, plan
    condition = plan.partition("Index Cond:")[2].splitlines()[0]
    assert [f"({column})::text {sign} " in condition for sign in (">=", "<")] == [True, True], plan
    assert rows.count() == 100


@POSTGRESQL
def test_staged_rows_are_outside_the_log() -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT relname, relpersistence FROM pg_class WHERE relkind = 'r' AND relname LIKE 'licensing\\_%'"
        )
        kinds = dict(cursor.fetchall())
    assert {name for name, kind in kinds.items() if kind == "u"} == {
        f"licensing_staged{name}" for name in ("account", "row", "rowaccount", "address")
    }

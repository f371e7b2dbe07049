"""A large enterprise out of a smaller one: its people copied so often, each with an id and names of its own."""

from __future__ import annotations

from django.db import connection, transaction
from django.db.models import Model

from ghconnect.models import Enterprise
from licensing.models import (
    Account,
    Address,
    BridgeItem,
    CloudAccount,
    CloudPicture,
    Edition,
    LicenseRow,
    Person,
    RowAccount,
    SearchTerm,
)
from licensing.usecases import editions

# Numbers of copies lie so far apart.
APART = 10_000_000
# By table: what refers to a copy, and what tells it apart. Ids of accounts on servers grow likewise.
NUMBERS: dict[type[Model], tuple[str, ...]] = {
    CloudAccount: ("id",),
    Person: ("id", "cloud_account_id"),
    LicenseRow: ("id", "cloud_account_id", "person_id"),
    RowAccount: ("id", "row_id", "remote_user_id"),
    Account: ("id", "remote_user_id", "person_id", "row_id", "explained_cloud_id"),
    Address: ("id", "cloud_account_id"),
    SearchTerm: ("id", "person_id"),
    BridgeItem: ("id",),
    BridgeItem.people.through: ("id", "bridgeitem_id", "person_id"),
    BridgeItem.rows.through: ("id", "bridgeitem_id", "licenserow_id"),
}
NAMES = frozenset({"login", "login_key", "group", "sort", "row_key", "key", "value"})


def copy(slug: str, times: int) -> None:
    """Make an enterprise so many times as large, with the totals of its newest edition."""
    enterprise = Enterprise.objects.get(slug=slug)
    for model, numbers in NUMBERS.items():
        _copy(
            model._meta.db_table,
            [field.column for field in model._meta.concrete_fields],
            numbers,
            enterprise.pk,
            times,
        )
    picture = CloudPicture.objects.get(enterprise=enterprise)
    CloudPicture.objects.filter(pk=picture.pk).update(consumed=(picture.consumed or 0) * times)
    newest = Edition.objects.filter(enterprise=enterprise, number=enterprise.edition)
    with transaction.atomic():
        newest.update(totals=editions.totals(enterprise))


def _copy(table: str, columns: list[str], numbers: tuple[str, ...], enterprise: int, times: int) -> None:
    quoted = ", ".join(f'"{name}"' for name in columns)
    made = ", ".join(_value(name, numbers) for name in columns)
    mine = (
        "s.enterprise_id = %s"
        if "enterprise_id" in columns
        else ("s.bridgeitem_id IN (SELECT id FROM licensing_bridgeitem WHERE enterprise_id = %s)")
    )
    sql = (
        f"INSERT INTO {table} ({quoted}) WITH RECURSIVE n(k) AS (SELECT 1 UNION ALL SELECT k + 1 FROM n WHERE k < %s) "
        f"SELECT {made} FROM {table} s CROSS JOIN n WHERE {mine} AND s.id < {APART}"
    )
    with connection.cursor() as cursor:
        cursor.execute(sql, [times - 1, enterprise])


def _value(name: str, numbers: tuple[str, ...]) -> str:
    if name in numbers:
        return f's."{name}" + n.k * {APART}'
    if name in NAMES:
        return f"""CASE WHEN s."{name}" = '' THEN '' ELSE s."{name}" || '-' || n.k END"""
    return f's."{name}"'

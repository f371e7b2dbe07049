"""An export is of one moment, whatever is published while it streams, and holds nobody up."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable

import pytest
from django.db import DatabaseError, connection, transaction

from ghconnect.models import Enterprise
from licensing import exports
from licensing.models import LicenseRow
from licensing.models.bulk.snapshot import snapshot

pytestmark = pytest.mark.django_db(transaction=True)


def elsewhere(deed: Callable[[], object]) -> None:
    """Do something on another connection, and wait for it."""
    failed: list[BaseException] = []

    def work() -> None:
        try:
            deed()
        except BaseException as error:
            failed.append(error)
        finally:
            connection.close()

    thread = threading.Thread(target=work)
    thread.start()
    thread.join(20)
    assert not thread.is_alive(), "a writer waits for a reader"
    assert failed == []


def enterprise(rows: int) -> Enterprise:
    made = Enterprise.objects.create(slug="octo", name="Octo")
    for number in range(rows):
        add(made, f"u{number}")
    return made


def add(of: Enterprise, login: str) -> None:
    LicenseRow.objects.create(enterprise=of, row_key=login, digest="", kind="cloud", sort=login, counted=True)


def test_what_is_written_meanwhile_is_not_in_the_file_and_writing_does_not_wait() -> None:
    octo = enterprise(3)
    parts = exports.as_json(exports.Export(octo, "github"))
    head = next(parts)
    elsewhere(lambda: add(octo, "late"))
    told = json.loads(head + "".join(parts))
    assert told["users_listed"] == 3
    assert LicenseRow.objects.count() == 4


def test_after_it_the_connection_writes_as_before() -> None:
    octo = enterprise(1)
    with snapshot():
        LicenseRow.objects.count()
    with transaction.atomic():
        add(octo, "then")
    assert LicenseRow.objects.count() == 2


def test_it_refuses_to_write() -> None:
    octo = enterprise(1)
    with snapshot():
        assert LicenseRow.objects.count() == 1
        with pytest.raises(DatabaseError):
            LicenseRow.objects.update(sort="changed")
    assert list(LicenseRow.objects.values_list("sort", flat=True)) == ["u0"]
    add(octo, "then")


def test_a_download_that_is_broken_off_gives_its_moment_back() -> None:
    octo = enterprise(2)
    parts = exports.as_csv(exports.Export(octo, "github"))
    next(parts)
    parts.close()  # type: ignore[attr-defined]
    with transaction.atomic():
        add(octo, "then")


def test_within_a_transaction_it_is_that_transaction() -> None:
    octo = enterprise(0)
    with transaction.atomic():
        add(octo, "mine")
        with snapshot():
            assert LicenseRow.objects.count() == 1

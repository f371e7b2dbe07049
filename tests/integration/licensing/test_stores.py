"""More accounts than SQLite is for: a check of Django and the overview say so."""

from __future__ import annotations

import pytest
from django.core import checks
from django.db import connection
from django.test import Client

from ghconnect.models import Server
from licensing import stores
from licensing.models import ServerPicture

from . import state

OVERVIEW = "/enterprises/octo"
SQLITE = connection.vendor == "sqlite"


def keeps(server: Server, accounts: int) -> None:
    ServerPicture.objects.update_or_create(server=server, defaults={"accounts": accounts})


def found() -> list[str]:
    return [
        message.msg for message in checks.run_checks(databases=["default"]) if message.id == "licensing.W001"
    ]


def test_up_to_its_limit_nothing_is_said(tokyo: Server, owner: Client) -> None:
    keeps(tokyo, stores.SQLITE_ACCOUNTS)
    assert "SQLite" not in state.text(owner, OVERVIEW)
    assert found() == []


@pytest.mark.skipif(not SQLITE, reason="of SQLite alone")
def test_one_more_is_said_by_the_overview_and_by_the_check(tokyo: Server, owner: Client) -> None:
    keeps(tokyo, stores.SQLITE_ACCOUNTS + 1)
    assert "This console keeps 100,001 accounts in SQLite, which is for up to 100,000." in state.text(
        owner, OVERVIEW
    )
    assert found() == ["SQLite keeps 100,001 accounts; it is for up to 100,000."]


@pytest.mark.skipif(SQLITE, reason="of PostgreSQL alone")
def test_postgresql_is_for_more(tokyo: Server, owner: Client) -> None:
    keeps(tokyo, stores.SQLITE_ACCOUNTS + 1)
    assert "SQLite" not in state.text(owner, OVERVIEW)
    assert found() == []

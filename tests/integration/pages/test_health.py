"""Health is told without a sign-in, and says nothing else."""

import pytest
from django.db import DatabaseError
from django.test import Client
from pytest_django import Settings

from ghconnect import readiness
from tests.support.environment import free_port


def test_alive_needs_no_database(client: Client) -> None:
    # No `db` here: a query would fail the test.
    answer = client.get("/healthz")
    assert (answer.status_code, answer.content) == (200, b"ok\n")


@pytest.mark.django_db
def test_ready_when_database_migrations_and_broker_are(client: Client) -> None:
    answer = client.get("/readyz")
    assert answer.status_code == 200
    assert (
        answer.json().items()
        >= {"database": "ok", "migrations": "ok", "sealing key": "ok", "broker": "ok"}.items()
    )
    assert "no-store" in answer.headers["Cache-Control"]


@pytest.mark.django_db
def test_a_broker_that_does_not_answer_is_named_and_nothing_else(client: Client, settings: Settings) -> None:
    settings.REDIS_URL = f"redis://:hunter2@127.0.0.1:{free_port()}/0"
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert answer.json() == {
        "database": "ok",
        "migrations": "ok",
        "sealing key": "ok",
        "broker": "failed",
        "worker": "failed",
        "dispatcher": "failed",
    }


@pytest.mark.django_db
def test_a_migration_that_is_not_applied_is_named(client: Client) -> None:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM django_migrations WHERE app = 'ghconnect'")
    assert client.get("/readyz").json()["migrations"] == "failed"


def test_a_database_that_does_not_answer_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    class Gone:
        def cursor(self) -> None:
            raise DatabaseError

    monkeypatch.setattr(readiness, "connection", Gone())
    assert not readiness.database()

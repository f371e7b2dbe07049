"""What was done can be read, searched and taken away, and not changed unnoticed."""

from __future__ import annotations

import csv
import json
import socket
from datetime import timedelta
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection, transaction
from django.db.models import QuerySet
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from ghconnect.models import AppendOnly, AuditEvent, AuditSeal, User
from ghconnect.usecases import audit, audit_chain
from ghconnect.usecases.audit_chain import Broken, Head
from tests.support.estate import Estate, estate

pytestmark = pytest.mark.django_db


@pytest.fixture
def of() -> Estate:
    made = estate()
    for number in range(5):
        audit.record(
            "server.check", by=made.owner, enterprise=made.enterprise, subject=f"=ghe-{number}", n=number
        )
    audit_chain.seal()
    return made


def tamper(sql: str) -> None:
    """Change rows as somebody with the database's password would, who takes the trigger away first."""
    name = "audit_append_only"
    with connection.cursor() as cursor:
        on = " ON ghconnect_auditevent" if connection.vendor == "postgresql" else ""
        cursor.execute(f"DROP TRIGGER IF EXISTS {name}{on}")
        cursor.execute(sql)


def chain_of(of: Estate) -> Head | Broken:
    return next(found for found in audit_chain.verify() if found.chain == of.enterprise.pk)


def event(number: int) -> AuditEvent:
    return AuditEvent.objects.get(subject=f"=ghe-{number}")


def test_neither_model_nor_database_changes_an_event(of: Estate) -> None:
    one = event(1)
    for deed in (
        one.save,
        one.delete,
        AuditEvent.objects.all().delete,
        lambda: AuditEvent.objects.update(action="x"),
    ):
        with pytest.raises(AppendOnly):
            deed()
    for column, value in (
        ("action", "'x'"),
        ("data", "'{}'"),
        ("actor_login", "'eve'"),
        ("at", "'2020-01-01'"),
    ):
        sql = f"UPDATE ghconnect_auditevent SET {column} = {value} WHERE id = {one.pk}"  # noqa: S608
        with (
            pytest.raises(DatabaseError, match="append-only"),
            transaction.atomic(),
            connection.cursor() as cursor,
        ):
            cursor.execute(sql)


def test_a_user_can_go_and_the_name_stays(of: Estate) -> None:
    login = of.owner.login
    User.objects.filter(pk=of.owner.pk).delete()
    assert event(1).actor_login == login
    assert isinstance(chain_of(of), Head)


@pytest.mark.parametrize(
    ("sql", "words"),
    [
        ("UPDATE ghconnect_auditevent SET actor_login = 'eve' WHERE id = {id}", "is not what was written"),
        ("UPDATE ghconnect_auditevent SET data = '{{\"n\": 9}}' WHERE id = {id}", "is not what was written"),
        ("DELETE FROM ghconnect_auditevent WHERE id = {id}", "is gone"),
        ("DELETE FROM ghconnect_auditseal WHERE event_id = {id}", "link(s) before it are gone"),
    ],
)
def test_the_first_broken_event_is_named(of: Estate, sql: str, words: str) -> None:
    assert isinstance(chain_of(of), Head)
    broken = event(2).pk
    tamper(sql.format(id=broken))
    found = chain_of(of)
    assert isinstance(found, Broken)
    assert words in found.words
    assert found.event_id == (event(3).pk if "seal" in sql else broken)
    with pytest.raises(CommandError, match="behind the console's back"):
        call_command("verify_audit_log", stdout=(said := StringIO()))
    assert f"event {found.event_id}" in said.getvalue()


def test_a_late_commit_and_another_enterprise_break_nothing(of: Estate) -> None:
    other = estate("other", "ghe-b.example.com")
    audit.record("x.late", by=None, enterprise=of.enterprise)
    audit.record("x.own", by=None, enterprise=None)
    assert all(isinstance(found, Head) for found in audit_chain.verify())
    assert {each.chain for each in audit_chain.verify()} >= {0, of.enterprise.pk, other.enterprise.pk}
    assert audit_chain.seal() == 0


def test_retention_forgets_the_oldest_and_the_chain_holds(of: Estate, settings: Settings) -> None:
    assert audit_chain.forget() == 0
    settings.GHCONNECT_KEEP_AUDIT_DAYS = 30
    count = AuditEvent.objects.filter(enterprise=of.enterprise).count()
    tamper("SELECT 1")
    super_old = timezone.now() - timedelta(days=60)
    QuerySet(AuditEvent).update(at=super_old)
    AuditSeal.objects.all().delete()
    audit.record("server.check", by=None, enterprise=of.enterprise, subject="young")
    assert audit_chain.forget(dry_run=True) == count
    assert audit_chain.forget() == count
    left = list(
        AuditEvent.objects.filter(enterprise=of.enterprise).order_by("pk").values_list("action", flat=True)
    )
    assert left == ["server.check", "audit_log.prune"]
    assert isinstance(chain_of(of), Head)
    tamper("DELETE FROM ghconnect_auditevent WHERE subject = 'young'")
    assert isinstance(chain_of(of), Broken)


def test_events_go_to_a_file_in_order_and_none_is_lost(
    of: Estate, settings: Settings, tmp_path: Path
) -> None:
    settings.GHCONNECT_AUDIT_STREAM = f"file://{tmp_path}/away/audit.log"
    for number in range(3):
        audit.record("server.check", by=None, enterprise=of.enterprise, subject=f"new-{number}")
    assert audit_chain.seal() == 3
    assert audit_chain.send() == 0
    (tmp_path / "away").mkdir()
    assert audit_chain.send() == 3
    assert audit_chain.send() == 0
    told = [json.loads(line) for line in (tmp_path / "away/audit.log").read_text().splitlines()]
    assert [each["subject"] for each in told] == ["new-0", "new-1", "new-2"]
    assert told[-1]["digest"] == AuditSeal.objects.latest("pk").digest


def test_events_go_to_syslog(of: Estate, settings: Settings) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as listening:
        listening.bind(("127.0.0.1", 0))
        listening.settimeout(5)
        settings.GHCONNECT_AUDIT_STREAM = f"syslog://127.0.0.1:{listening.getsockname()[1]}"
        audit.record("server.check", by=None, enterprise=of.enterprise, subject="new")
        audit_chain.seal()
        assert audit_chain.send() == 1
        told = listening.recv(65_000).decode()
    assert told.startswith("<110>1 - ")
    assert json.loads(told[told.index("{") :])["subject"] == "new"


# --- the page ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("typed", "count"),
    [
        ("action:server.check", 5),
        ("action:server", 6),
        ("action:serve", 0),
        ("actor:OWNER-OF-OCTO-CORP", 5),
        ("ghe-3", 1),
        ("-action:server action:role", 2),
        ("created:>=2020-01-01 ghe-3", 1),
        ("created:2020-01-01..2020-12-31", 0),
        ("created:2020-01-01..* ghe-3", 1),
        ("created:<2020-01-01", 0),
        ("created:soon", 0),
        ("created:2020-13-01", 0),
        ("created:9999-12-31", 0),
        ("colour:red", 0),
    ],
)
def test_the_log_can_be_searched_and_taken_away(of: Estate, client: Client, typed: str, count: int) -> None:
    client.force_login(of.owner)
    place = "/enterprises/octo-corp/settings/audit-log"
    assert client.get(place, {"q": typed}).status_code == 200
    text = b"".join(client.get(f"{place}.json", {"q": typed}).streaming_content).decode()  # type: ignore[attr-defined]
    assert len(json.loads(text)) == count
    lines = b"".join(client.get(f"{place}.csv", {"q": typed}).streaming_content).decode()  # type: ignore[attr-defined]
    rows = list(csv.reader(StringIO(lines)))
    assert rows[-1] == [f"# {count} events"]
    assert len(rows) == count + 2
    assert all(not cell.startswith("=") for row in rows for cell in row)

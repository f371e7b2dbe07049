"""What was done can be read, searched and taken away, and not changed unnoticed."""

# ruff: noqa: S608 (here somebody writes SQL against the log on purpose)

from __future__ import annotations

import csv
import json
import socket
import ssl
import threading
from datetime import timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection, transaction
from django.db.models import QuerySet
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from ghconnect.models import AppendOnly, AuditCut, AuditEvent, AuditHeads, AuditSeal, User
from ghconnect.seal import seal
from ghconnect.sign_in import options
from ghconnect.usecases import audit, audit_chain
from ghconnect.usecases.audit_chain import Broken, Head
from tests.support import receivers
from tests.support.estate import Estate, estate
from tests.unit.github.peer import Authority

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


TRIGGERS = {
    "audit_append_only": "ghconnect_auditevent",
    "audit_kept": "ghconnect_auditevent",
    "audit_seal_kept": "ghconnect_auditseal",
    "audit_seal_fixed": "ghconnect_auditseal",
    "audit_heads_kept": "ghconnect_auditheads",
}


def tamper(*sql: str) -> None:
    """Change rows as somebody with the database's password would, who takes the triggers away first."""
    with connection.cursor() as cursor:
        for name, table in TRIGGERS.items():
            on = f" ON {table}" if connection.vendor == "postgresql" else ""
            cursor.execute(f"DROP TRIGGER IF EXISTS {name}{on}")
        for each in sql:
            cursor.execute(each)


def refused(sql: str) -> None:
    connection.check_constraints()  # PostgreSQL empties no table with checks still to do
    with (
        pytest.raises(DatabaseError, match="append-only"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
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
        refused(f"UPDATE ghconnect_auditevent SET {column} = {value} WHERE id = {one.pk}")


@pytest.mark.parametrize(
    "sql",
    [
        "DELETE FROM ghconnect_auditevent",
        "DELETE FROM ghconnect_auditseal",
        "DELETE FROM ghconnect_auditheads",
        "UPDATE ghconnect_auditseal SET digest = 'x'",
        "UPDATE ghconnect_auditseal SET position = position + 1",
        "TRUNCATE ghconnect_auditevent",
        "TRUNCATE ghconnect_auditseal",
    ],
)
def test_the_database_itself_keeps_events_and_links(of: Estate, sql: str) -> None:
    if not (sql.startswith("TRUNCATE") and connection.vendor == "sqlite"):
        refused(sql)


def test_a_door_lets_go_no_more_than_it_says(of: Estate) -> None:
    last = event(2).pk
    AuditCut.objects.create(chain=of.enterprise.pk, up_to=last, at=timezone.now())
    refused("DELETE FROM ghconnect_auditevent")
    refused("UPDATE ghconnect_auditcut SET up_to = 999999")
    QuerySet(AuditEvent).filter(enterprise=of.enterprise, pk__lte=last).delete()
    assert isinstance(chain_of(of), Broken)  # nothing sealed says that they were forgotten


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
    tamper()
    super_old = timezone.now() - timedelta(days=60)
    QuerySet(AuditEvent).update(at=super_old)
    AuditSeal.objects.all().delete()
    AuditHeads.objects.update(sealed=seal('{"ends": {}, "begins": {}}'))
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


def test_an_end_that_was_cut_off_shows_for_ever(of: Estate) -> None:
    cut = f"event_id >= {event(3).pk}"
    tamper(
        f"DELETE FROM ghconnect_auditevent WHERE id >= {event(3).pk}",
        f"DELETE FROM ghconnect_auditseal WHERE {cut}",
    )
    found = chain_of(of)
    assert isinstance(found, Broken)
    assert (found.event_id, found.words) == (event(2).pk, "is the last: 2 behind it are gone")
    audit.record("server.check", by=None, enterprise=of.enterprise, subject="later")
    audit_chain.seal()
    later = chain_of(of)
    assert isinstance(later, Broken)
    assert later.words == "2 link(s) before it are gone"


@pytest.mark.parametrize(
    "sql", ["UPDATE ghconnect_auditheads SET sealed = 'gAAAA'", "DELETE FROM ghconnect_auditheads"]
)
def test_who_takes_the_sealed_row_away_is_noticed(of: Estate, sql: str) -> None:
    tamper(sql)
    audit.record("server.check", by=None, enterprise=of.enterprise, subject="later")
    found = chain_of(of)
    assert isinstance(found, Broken)
    assert "nothing this console's keys open says so" in found.words


def test_an_older_state_of_everything_is_noticed_by_what_was_kept_elsewhere(
    of: Estate, tmp_path: Path
) -> None:
    before = AuditHeads.objects.get().sealed
    audit.record("server.check", by=None, enterprise=of.enterprise, subject="=ghe-hidden")
    kept = tmp_path / "ends.json"
    call_command("verify_audit_log", save=kept, stdout=StringIO())
    call_command("verify_audit_log", against=kept, stdout=StringIO())
    hidden = AuditEvent.objects.get(subject="=ghe-hidden").pk
    tamper(
        f"DELETE FROM ghconnect_auditevent WHERE id = {hidden}",
        f"DELETE FROM ghconnect_auditseal WHERE event_id = {hidden}",
        f"UPDATE ghconnect_auditheads SET sealed = '{before}'",
    )
    call_command("verify_audit_log", stdout=StringIO())  # by itself it cannot know
    with pytest.raises(CommandError, match="behind the console's back"):
        call_command("verify_audit_log", against=kept, stdout=(said := StringIO()))
    assert "kept elsewhere, is not" in said.getvalue()
    kept.write_text("[]")
    with pytest.raises(CommandError, match="not a file that --save wrote"):
        call_command("verify_audit_log", against=kept, stdout=StringIO())


def test_retention_says_from_where_on_the_chain_is_kept_and_goes_on(of: Estate, settings: Settings) -> None:
    settings.GHCONNECT_KEEP_AUDIT_DAYS = 30
    for _ in range(2):
        tamper()
        QuerySet(AuditEvent).filter(enterprise=of.enterprise).update(at=timezone.now() - timedelta(days=60))
        AuditSeal.objects.all().delete()
        AuditHeads.objects.update(sealed=seal('{"ends": {}, "begins": {}}'))
        audit.record("server.check", by=None, enterprise=of.enterprise, subject="young")
        audit_chain.forget()
        found = chain_of(of)
        assert isinstance(found, Head)
        assert found.begins > 1
        call_command("verify_audit_log", stdout=(said := StringIO()))
        assert f"the {found.begins - 1} before them forgotten by retention" in said.getvalue()
    links = AuditSeal.objects.filter(chain=of.enterprise.pk).order_by("position")
    tamper(f"DELETE FROM ghconnect_auditseal WHERE id = {links[0].pk}")
    assert isinstance(chain_of(of), Broken)


# --- on to a collector -------------------------------------------------------------------------------------------


def one_more(of: Estate, **data: object) -> None:
    audit.record("server.check", by=None, enterprise=of.enterprise, subject="new", **data)
    audit_chain.seal()


def told(syslog: bytes) -> dict[str, Any]:
    """The event of a line of syslog."""
    assert syslog.startswith(b"<110>1 - ")
    found: dict[str, Any] = json.loads(syslog[syslog.index(b"{") :])
    return found


def test_events_go_to_syslog(of: Estate, settings: Settings) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as listening:
        listening.bind(("127.0.0.1", 0))
        listening.settimeout(5)
        settings.GHCONNECT_AUDIT_STREAM = f"syslog://127.0.0.1:{listening.getsockname()[1]}"
        one_more(of)
        assert audit_chain.send() == 1
        assert told(listening.recv(65_000))["subject"] == "new"
        one_more(of, much="x" * 70_000)  # longer than any datagram, and in nobody's way
        one_more(of)
        assert audit_chain.send() == 2
        assert told(listening.recv(65_000))["data"]["left_out"] > 70_000
        assert told(listening.recv(65_000))["data"] == {}


def frames(line: socket.socket) -> list[bytes]:
    """All messages of a connection, by octet counting."""
    told = b"".join(iter(lambda: line.recv(65_000), b""))
    found = []
    while told:
        length, _, rest = told.partition(b" ")
        found.append(rest[: int(length)])
        told = rest[int(length) :]
    return found


@pytest.fixture
def authority() -> Authority:
    return Authority("CA of the collector")


def listening(folder: Path, authority: Authority) -> ssl.SSLContext:
    """What a collector with a certificate of that authority speaks."""
    speaks = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    speaks.load_cert_chain(authority.issue(folder, "localhost"))
    return speaks


@pytest.mark.parametrize("scheme", ["syslog+tcp", "syslog+tls"])
def test_events_go_to_syslog_over_a_connection(
    of: Estate, settings: Settings, tmp_path: Path, authority: Authority, scheme: str
) -> None:
    got: list[list[bytes]] = []
    server = socket.create_server(("127.0.0.1", 0))

    def take() -> None:
        line = server.accept()[0]
        if scheme == "syslog+tls":
            line = listening(tmp_path, authority).wrap_socket(
                line, server_side=True, suppress_ragged_eofs=True
            )
        with line:
            got.append(frames(line))

    taking = threading.Thread(target=take)
    taking.start()
    settings.GHCONNECT_CA_BUNDLE = authority.pem
    settings.GHCONNECT_AUDIT_STREAM = f"{scheme}://localhost:{server.getsockname()[1]}"
    one_more(of)
    one_more(of, much="x" * 70_000)
    assert audit_chain.send() == 2
    taking.join(5)
    server.close()
    assert [len(told(each)["data"].get("much", "")) for each in got[0]] == [0, 70_000]


def test_events_go_to_https_whose_certificate_is_checked(
    of: Estate, settings: Settings, tmp_path: Path, authority: Authority
) -> None:
    with receivers.web(tls=listening(tmp_path, authority)) as hook:
        settings.GHCONNECT_AUDIT_STREAM = hook.url.replace("127.0.0.1", "localhost")
        settings.GHCONNECT_AUDIT_STREAM_TOKEN = "t0p"
        hook.answers[:] = [(302, {"Location": "https://localhost/elsewhere"}), (503, {}), (200, {})]
        one_more(of)
        assert audit_chain.send() == 0  # an authority nobody trusts
        assert not hook.received
        settings.GHCONNECT_CA_BUNDLE = authority.pem
        assert [audit_chain.send() for _ in range(4)] == [0, 0, 1, 0]
    assert hook.received[-1].headers["authorization"] == "Bearer t0p"
    assert hook.received[-1].json["subject"] == "new"


def test_events_go_to_http_of_this_machine(of: Estate, settings: Settings) -> None:
    with receivers.web() as hook:
        settings.GHCONNECT_AUDIT_STREAM = hook.url
        one_more(of)
        assert audit_chain.send() == 1
    assert hook.received[0].json["subject"] == "new"


@pytest.mark.parametrize(
    "url", ["carrier://pigeon", "syslog://", "https:///x", "http://siem.example/x", "http://10.0.0.1/", "x"]
)
def test_a_collector_that_is_none_is_refused_at_start(url: str) -> None:
    with pytest.raises(ImproperlyConfigured, match="GHCONNECT_AUDIT_STREAM"):
        options.check_stream(url)


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

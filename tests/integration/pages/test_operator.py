"""What whoever runs the console asks it: doctor, metrics, many servers, new keys, a pause."""

from __future__ import annotations

import json
import logging
import sys
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from cryptography.fernet import Fernet
from django.core.management import CommandError, call_command
from django.test import Client
from pytest_django import Settings

from ghconnect import vitals
from ghconnect.json_log import JsonFormatter
from ghconnect.models import AuditEvent, AuditHeads, Enterprise, Server
from ghconnect.seal import SealBroken, seal, unseal
from tests.integration.engine import drive
from tests.support.environment import free_port
from tests.support.estate import estate

pytestmark = pytest.mark.django_db
TOKEN = "ghp_" + "s3cret" * 6


@pytest.fixture(autouse=True)
def _no_sign_of_life() -> None:
    vitals._last.clear()
    with vitals.broker() as client:
        for kind in vitals.SILENCE:
            client.delete(f"ghconnect:alive:{kind}")


def doctor() -> tuple[int, dict[str, dict[str, str]]]:
    said = StringIO()
    with pytest.raises(SystemExit) as over:
        call_command("doctor", "--json", stdout=said)
    return int(over.value.code or 0), {each["name"]: each for each in json.loads(said.getvalue())}


def test_the_doctor_names_what_is_not_there_and_what_to_do() -> None:
    code, found = doctor()
    assert code == 1
    assert found["worker"]["state"] == "failed"
    assert "celery -A ghconnect worker" in found["worker"]["words"]
    for well in ("database", "migrations", "broker", "sealing key"):
        assert found[well]["state"] == "ok", found[well]


def test_the_doctor_finds_all_well(client: Client) -> None:
    for kind in vitals.SILENCE:
        vitals.mark(kind)
    assert doctor()[0] == 0
    answer = client.get("/health/ready", {"all": "1"})
    assert (answer.status_code, answer.json()["worker"], answer.json()["dispatcher"]) == (200, "ok", "ok")


def test_a_way_that_leads_nowhere_is_said_in_words(settings: Settings) -> None:
    settings.GHCONNECT_RESOLVE = {("ghe-x.example.com", 443): ("127.0.0.1", free_port())}
    drive.pulled(drive.enterprise(), "ghe-x.example.com", enabled=False)
    found = doctor()[1]["egress ghe-x.example.com"]
    assert found["state"] == "failed"
    assert "firewall" in found["words"]


def test_ready_without_a_worker_is_told_and_only_those_who_watch_are_alarmed(client: Client) -> None:
    assert client.get("/health/ready").status_code == 200
    assert client.get("/health/ready").json()["worker"] == "failed"
    assert client.get("/health/ready?all=1").status_code == 503


def test_a_pause_is_shown_on_pages_and_in_health(client: Client, settings: Settings) -> None:
    settings.GHCONNECT_PAUSE_SYNCS = True
    of = estate()
    assert client.get("/health/ready").json()["syncs"] == "paused"
    assert "GHCONNECT_PAUSE_SYNCS" not in client.get("/accounts/login/", follow=True).content.decode()
    client.force_login(of.owner)
    assert "Syncs are paused" in client.get("/enterprises/octo-corp").content.decode()
    assert "ghconnect_syncs_paused 1" in client.get("/metrics").content.decode()


# --- metrics ---------------------------------------------------------------------------------------------------


def test_metrics_count_runs_seats_and_streaks(client: Client) -> None:
    of = drive.enterprise("octo")
    server = drive.server(of, "ghe-a.example.com")
    drive.read_cloud(of, [drive.row("ann")])
    drive.read_server(server, [drive.account(1, "bob@x.example")])
    text = client.get("/metrics").content.decode()
    assert 'ghconnect_runs{state="published"} 2' in text
    assert 'ghconnect_seats{enterprise="octo",kind="counted"} 1' in text
    assert 'ghconnect_seats{enterprise="octo",kind="expected"} 2' in text
    assert 'ghconnect_failure_streak{enterprise="octo",server="ghe-a.example.com"} 0' in text
    assert 'ghconnect_seconds_since_success{enterprise="octo",server="ghe-a.example.com"} ' in text
    assert "ghconnect_oldest_queued_seconds 0" in text


@pytest.mark.parametrize(
    "facts",
    [
        {"REMOTE_ADDR": "10.1.2.3"},
        {"REMOTE_ADDR": "10.1.2.3", "HTTP_AUTHORIZATION": "Bearer wrong"},
        {"REMOTE_ADDR": "10.1.2.3", "HTTP_AUTHORIZATION": "Bearer"},
        {"HTTP_X_FORWARDED_FOR": "10.1.2.3"},
        {"HTTP_X_FORWARDED_FOR": "127.0.0.1"},
    ],
)
def test_strangers_find_no_metrics(client: Client, facts: dict[str, Any], settings: Settings) -> None:
    assert client.get("/metrics", **facts).status_code == 404
    settings.GHCONNECT_METRICS_TOKEN = "right"
    assert client.get("/metrics", **facts).status_code == 404
    assert client.get("/metrics", **{**facts, "HTTP_AUTHORIZATION": "Bearer right"}).status_code == 200


# --- many servers ------------------------------------------------------------------------------------------------


def add_servers(path: Path, *more: str) -> str:
    said, wrong = StringIO(), StringIO()
    try:
        call_command("add_servers", str(path), "--enterprise", "octo", *more, stdout=said, stderr=wrong)
    except CommandError as error:
        wrong.write(str(error))
    return said.getvalue() + wrong.getvalue()


def test_many_servers_come_in_good_lines_and_bad_ones_are_named(tmp_path: Path) -> None:
    drive.enterprise("octo")
    path = tmp_path / "servers.csv"
    path.write_text(
        "host,way_in\nghe-a.example.com,push\nnot a host,upload\nghe-b.example.com,carrier pigeon\n"
        "ghe-c.example.com,\nghe-a.example.com,push\n"
    )
    for more in (("--dry-run",), ()):
        said = add_servers(path, *more)
        assert "line 3: 'not a host' is not a host name" in said
        assert "line 4: 'ghe-b.example.com' a value that cannot be (way_in)" in said
        assert "line 6: 'ghe-a.example.com' is here already" in said
        assert "3 line(s) were not added" in said
        if more:
            assert not Server.objects.exists()
    assert dict(Server.objects.values_list("host", "way_in")) == {
        "ghe-a.example.com": "push",
        "ghe-c.example.com": "upload",
    }


def test_a_file_without_its_columns_adds_nothing(tmp_path: Path) -> None:
    drive.enterprise("octo")
    path = tmp_path / "servers.csv"
    path.write_text("name,token\nghe-a.example.com,x\n")
    assert "columns are" in add_servers(path)


# --- new keys ----------------------------------------------------------------------------------------------------


def sealed() -> tuple[Enterprise, Server]:
    of = drive.enterprise("octo", token=seal(TOKEN))
    return of, drive.server(of, "ghe-a.example.com", token=seal(TOKEN))


def test_tokens_are_sealed_anew_and_the_old_key_can_go(settings: Settings) -> None:
    rows = sealed()
    old = settings.GHCONNECT_SEALING_KEYS
    settings.GHCONNECT_SEALING_KEYS = [Fernet.generate_key().decode(), *old]
    assert "2 still under an older key" in doctor()[1]["sealing key"]["words"]
    said = StringIO()
    call_command("rotate_secrets", stdout=said)
    assert said.getvalue().startswith("2 token(s) sealed")
    settings.GHCONNECT_SEALING_KEYS = settings.GHCONNECT_SEALING_KEYS[:1]
    for row in rows:
        row.refresh_from_db()
        assert unseal(row.token) == TOKEN
    call_command("rotate_secrets", stdout=(again := StringIO()))
    assert again.getvalue().startswith("0 token(s)")
    assert AuditEvent.objects.filter(action="secrets.rotate").count() == 1


def test_a_lost_key_is_said_and_the_rest_is_rotated(settings: Settings) -> None:
    _, server = sealed()
    Server.objects.filter(pk=server.pk).update(token=Fernet(Fernet.generate_key()).encrypt(b"x").decode())
    assert doctor()[1]["sealing key"]["state"] == "failed"
    settings.GHCONNECT_SEALING_KEYS = [Fernet.generate_key().decode(), *settings.GHCONNECT_SEALING_KEYS]
    with pytest.raises(CommandError, match=r"ghe-a\.example\.com"):
        call_command("rotate_secrets", stdout=StringIO())
    server.refresh_from_db()
    with pytest.raises(SealBroken):
        unseal(server.token)
    assert unseal(Enterprise.objects.get().token) == TOKEN


def test_an_older_key_stays_while_the_audit_log_needs_it(settings: Settings) -> None:
    newer = [Fernet.generate_key().decode(), *settings.GHCONNECT_SEALING_KEYS]
    settings.GHCONNECT_SEALING_KEYS = newer
    assert "the audit log needs an older key" in doctor()[1]["sealing key"]["words"]
    call_command("rotate_secrets", stdout=(said := StringIO()))
    assert "can be taken out" in said.getvalue()
    settings.GHCONNECT_SEALING_KEYS = newer[:1]
    assert doctor()[1]["sealing key"]["state"] == "ok"
    sealed()  # a token under the new key, so that these keys are not another console's
    AuditHeads.objects.update(sealed=Fernet(Fernet.generate_key()).encrypt(b"{}").decode())
    assert "the audit log" in doctor()[1]["sealing key"]["words"]
    with pytest.raises(CommandError, match="the audit log"):
        call_command("rotate_secrets", stdout=StringIO())


# --- what is said --------------------------------------------------------------------------------------------------


def test_a_run_says_itself_in_one_line(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "licensing.usecases.sync")
    server = drive.server(drive.enterprise(), "ghe-tokyo.example.com")
    drive.read_server(server, [drive.account(1, "a@x.example"), drive.account(2, "b@x.example")])
    (line,) = [
        record for record in caplog.records if record.getMessage().startswith("sync ghe-tokyo #1 published")
    ]
    assert line.getMessage().startswith("sync ghe-tokyo #1 published 2 accounts +2 −0 in ")
    told = json.loads(JsonFormatter().format(line))
    assert (told["run"], told["state"], told["rows"]) == ("ghe-tokyo #1", "published", 2)


def test_json_lines_keep_an_exception_in_one_line() -> None:
    try:
        raise ValueError("x")
    except ValueError:
        record = logging.LogRecord("a", logging.ERROR, "p", 1, "%s went", ("it",), sys.exc_info())
    line = JsonFormatter().format(record)
    assert "\n" not in line
    assert json.loads(line)["message"] == "it went"
    assert "ValueError: x" in json.loads(line)["exception"]

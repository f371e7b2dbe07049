"""No token, password, key or sealed value appears in a log line, page, error, event, export or message."""

from __future__ import annotations

import json
import logging
from io import StringIO

import pytest
import redis
from celery import current_app
from django.conf import settings as known
from django.core.management import call_command
from django.test import Client
from pytest_django import Settings

from ghconnect.models import AuditEvent, Enterprise, Role, Server
from ghconnect.seal import seal, unseal
from ghconnect.usecases import access, audit_chain, connect, features, servers
from licensing.models import SyncRun
from licensing.usecases import runs, sync
from tests.integration.engine import drive
from tests.support.environment import free_port
from tests.support.estate import person

pytestmark = pytest.mark.django_db
CLOUD, SERVER, PASSWORD = "ghp_" + "cloud7" * 6, "ghp_" + "server" * 6, "correct horse battery"
PAGES = (
    "",
    "/settings",
    "/settings/github",
    "/settings/audit-log",
    "/settings/audit-log.csv",
    "/settings/audit-log.json",
    "/servers/ghe-a.example.com/settings",
    "/servers/ghe-a.example.com/github-connect",
    "/licensing/consumed.csv",
    "/licensing/consumed.json",
    "/github-connect",
)


def body(client: Client, path: str) -> str:
    answer = client.get(path)
    assert answer.status_code == 200, path
    return (b"".join(answer.streaming_content) if answer.streaming else answer.content).decode()  # type: ignore[attr-defined]


def test_nothing_that_is_secret_is_ever_said(
    client: Client, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    settings.GHCONNECT_RESOLVE = {
        (host, 443): ("127.0.0.1", free_port())
        for host in ("ghe-a.example.com", "api.github.com", "github.com")
    }
    of = drive.enterprise("octo", token=seal(CLOUD))
    owner = person("mona")
    owner.set_password(PASSWORD)
    owner.save()
    access.grant(enterprise=of, email=owner.email, role=Role.OWNER, by=None)
    server = servers.add(enterprise=of, host="ghe-a.example.com", way_in="pull", token=SERVER, by=owner)
    drive_connect(server)
    assert client.login(email=owner.email, password=PASSWORD)

    for run in SyncRun.objects.filter(state=SyncRun.State.QUEUED):
        sync.perform(run_id=run.pk)
    run = runs.request(subject=server, trigger=SyncRun.Trigger.MANUAL, by=owner)
    current_app.send_task("licensing.perform_sync", kwargs={"run_id": run.pk})
    audit_chain.seal()
    said = [*seen(client), doctor(), *messages(), caplog.text, *rows()]

    sealed = [Server.objects.get().token, Enterprise.objects.get().token]
    assert [unseal(each) for each in sealed] == [SERVER, CLOUD]
    keys = [known.SECRET_KEY, *known.GHCONNECT_SEALING_KEYS]
    for secret in (CLOUD, SERVER, PASSWORD, owner.password, *sealed, *keys):
        for text in said:
            assert secret not in text


def seen(client: Client) -> list[str]:
    """What pages, exports and metrics hold."""
    return [body(client, f"/enterprises/octo{path}") for path in PAGES] + [body(client, "/metrics")]


def messages() -> list[str]:
    """What lies in the broker, taken from it."""
    with redis.Redis.from_url(known.REDIS_URL) as line:
        told = [each.decode() for each in line.lrange(known.CELERY_TASK_DEFAULT_QUEUE, 0, -1)]
        line.delete(known.CELERY_TASK_DEFAULT_QUEUE)
    assert told
    return told


def rows() -> list[str]:
    """What events and runs keep."""
    events = AuditEvent.objects.values("action", "subject", "data", "actor_login")
    kept = SyncRun.objects.values("error_key", "error_params", "counts", "holds")
    return [json.dumps(list(events)), json.dumps(list(kept))]


def drive_connect(server: Server) -> None:
    """Enable GitHub Connect and license sync."""
    connect.enable(server=server, by=None)
    features.switch(server=server, key=runs.KEY, enabled=True, by=None)


def doctor() -> str:
    """What an operator copies into a ticket."""
    said = StringIO()
    with pytest.raises(SystemExit):
        call_command("doctor", stdout=said)
    return said.getvalue()

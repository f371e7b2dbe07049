"""What leaves the console for one enterprise shows no trace of another: webhooks, mails, messages, metrics, logs.

Both enterprises do the same, one after the other; each has its mark in every name, host, login and address. Beside the
mark, no secret and nobody's login or address is in what machines read (the broker, metrics, log lines).
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import Any

import pytest
from django.test import Client
from pytest_django import Settings

from ghconnect.models import Enterprise, Role, Server, User
from ghconnect.seal import seal
from ghconnect.usecases import access, audit_chain
from licensing.models import AlertDelivery, SyncRun
from licensing.rules.alerts import EVENTS
from licensing.usecases import alerts, deliver, runs
from licensing.usecases import attention as refresh
from tests.integration.engine import drive
from tests.integration.licensing import state
from tests.integration.licensing.test_alerts import SMTP
from tests.integration.test_no_secret import messages
from tests.support import receivers
from tests.support.estate import person

pytestmark = pytest.mark.django_db
MARKS = ("aamarkaa", "zzmarkzz")
TOKEN, SECRET = "ghp_" + "marked" * 6, "correct horse battery"
Captured = Callable[..., AbstractContextManager[Any]]


@pytest.fixture
def mailbox(settings: Settings) -> Iterator[receivers.Mailbox]:
    with receivers.mail() as running:
        settings.EMAIL_BACKEND, settings.EMAIL_HOST, settings.EMAIL_PORT = SMTP, "127.0.0.1", running.port
        yield running


def lived(mark: str, hook: str) -> tuple[Enterprise, User]:
    """Let an enterprise be added, read, fail, hold, and ask for alerts of that."""
    of, owner = drive.enterprise(mark), person(f"{mark}owner")
    access.grant(enterprise=of, email=owner.email, role=Role.OWNER, by=None)
    told: dict[str, Any] = {
        "addresses": [f"{mark}@{mark}.example"],
        "webhook_url": f"{hook}&of={mark}",
        "secret": SECRET,
    }
    wish = alerts.Wish(**told, events=[*EVENTS])
    alerts.change(enterprise=of, wish=wish, console_url="https://console.example/", by=owner)
    failing = state.pulled(of, f"ghe-failing.{mark}.example")
    Server.objects.filter(pk=failing.pk).update(token=seal(TOKEN))
    state.failed(failing)
    people = [drive.account(n, f"{mark}p{n:02}@{mark}.example", f"{mark}p{n:02}") for n in range(1, 21)]
    read = Server.objects.create(enterprise=of, host=f"ghe-held.{mark}.example", way_in="upload")
    drive.read_server(read, people)
    drive.read_server(read, people[:2], publish=False)
    refresh.refresh(enterprise=of)
    runs.request(subject=failing, trigger=SyncRun.Trigger.MANUAL, by=owner)
    return of, owner


def delivered(of: Enterprise) -> None:
    for receiver in of.alert_receivers.order_by("pk"):
        deliver.deliver(receiver_id=receiver.pk)
    assert not AlertDelivery.objects.filter(receiver__enterprise=of, done_at=None).exists()


def test_nothing_that_leaves_the_console_shows_a_trace_of_another_enterprise(
    client: Client,
    mailbox: receivers.Mailbox,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
    django_capture_on_commit_callbacks: Captured,
) -> None:
    caplog.set_level(logging.DEBUG)
    logged, owners = dict[str, str](), dict[str, User]()
    with receivers.web() as hook:
        for mark in MARKS:
            caplog.clear()
            with django_capture_on_commit_callbacks(execute=True):
                of, owners[mark] = lived(mark, hook.url)
                delivered(of)
            audit_chain.seal()
            logged[mark] = caplog.text
    sent, metrics = messages(), client.get("/metrics").content.decode()
    posted = [f"{each.path} {each.headers} {each.body.decode()}" for each in hook.received]
    mailed = [f"{each} {each.get_content()}" for each in mailbox.mails]
    assert len(sent) > len(MARKS)
    check_errors(client, owners[MARKS[0]], monkeypatch)
    for mark, other in (MARKS, MARKS[::-1]):
        for what, told in {"webhooks": posted, "mails": mailed}.items():
            own = [each for each in told if mark in each]
            assert own, (what, mark)
            assert not [each for each in own if other in each], what
        assert not [each for each in sent if mark in each], "messages name rows alone"
        assert mark in logged[mark]
        assert other not in logged[mark]
        assert f"{mark}.example" in metrics
        assert not [line for line in metrics.splitlines() if mark in line and other in line]
        for text in (metrics, *logged.values(), *sent):
            assert not [part for part in (f"{mark}p0", f"{mark}@", TOKEN, SECRET) if part in text]
        for text in (*posted, *mailed):
            assert not [part for part in (TOKEN, SECRET) if part in text]


def check_errors(client: Client, owner: User, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither a page that is not there nor one that failed says what it stumbled over."""

    def broken(*_: object, **__: object) -> None:
        raise ValueError(json.dumps({"enterprise": MARKS[1], "token": TOKEN}))

    client.force_login(owner)
    client.raise_request_exception = False
    lost = client.get(f"/enterprises/{MARKS[0]}/servers/ghe-held.example/license")
    monkeypatch.setattr(Enterprise.objects, "of", broken)
    failed = client.get("/")
    assert (lost.status_code, failed.status_code) == (404, 500)
    for answer in (lost, failed):
        told = f"{answer.headers} {answer.content.decode()}"
        assert MARKS[1] not in told
        assert TOKEN not in told

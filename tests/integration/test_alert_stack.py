"""Alerts through a real worker: a webhook that fails first, and one that is down until it is not."""

from __future__ import annotations

import uuid
from datetime import timedelta

from celery import current_app
from django.utils import timezone

from ghconnect.models import Enterprise, User
from licensing.models import AlertDelivery, AlertReceiver
from licensing.usecases import alerts
from tests.integration.engine import drive
from tests.support import receivers
from tests.support.environment import free_port
from tests.support.stack import Stack, eventually


def told(url: str) -> tuple[Enterprise, User]:
    """Make an enterprise whose webhook is `url`."""
    of = drive.enterprise()
    by = User.objects.create_user(f"{uuid.uuid4().hex}@octo.example", uuid.uuid4().hex[:20])
    wish = alerts.Wish(webhook_url=url, secret="hush")
    alerts.change(enterprise=of, wish=wish, console_url="https://console.example/", by=by)
    return of, by


def waiting(of: Enterprise) -> int:
    return AlertDelivery.objects.filter(receiver__enterprise=of, done_at=None).count()


def look_again(of: Enterprise) -> None:
    """Let the wait be over, and the dispatcher look."""
    AlertReceiver.objects.filter(enterprise=of).update(resume_at=timezone.now() - timedelta(seconds=1))
    current_app.send_task("licensing.request_due_syncs")


def test_a_worker_delivers_at_once_and_again_after_a_failure(stack: Stack) -> None:
    with receivers.web() as hook:
        hook.answers = [(500, {}), (200, {})]
        of, by = told(hook.url)
        alert = alerts.test(enterprise=of, by=by)
        assert alert is not None
        eventually(lambda: of.alert_receivers.get().failures == 1, what="the worker was told 500")
        assert waiting(of) == 1
        look_again(of)
        eventually(lambda: waiting(of) == 0, what="delivered")
    assert [each.json["id"] for each in hook.received] == [str(alert.uuid)] * 2
    assert hook.received[1].headers["x-hub-signature-256"].startswith("sha256=")


def test_a_worker_keeps_what_a_receiver_that_is_down_did_not_take(stack: Stack) -> None:
    port = free_port()
    of, _ = told(f"http://127.0.0.1:{port}/")
    for n in range(3):
        alerts.tell(of, "attention.opened", f"item {n}")
    eventually(lambda: of.alert_receivers.get().failures >= 1, what="the receiver is down")
    assert waiting(of) == 3
    with receivers.web(port) as hook:
        look_again(of)
        eventually(lambda: waiting(of) == 0, what="delivered")
    assert [each.json["text"] for each in hook.received] == ["item 0", "item 1", "item 2"]

"""Alerts reach a real mail server and a real webhook, in order, signed, and never get lost while one is away."""

from __future__ import annotations

import hashlib
import hmac
import ssl
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.utils import timezone

from ghconnect.models import AuditEvent, Enterprise, User
from licensing.models import AlertDelivery, Alerting, AlertReceiver
from licensing.rules.alerts import EVENTS
from licensing.usecases import alerts, deliver
from licensing.usecases import attention as refresh
from tests.integration.engine import drive
from tests.support import receivers
from tests.support.environment import free_port
from tests.unit.github.peer import Authority, tunnel

from . import state

SECRET = "correct horse battery"
SMTP = "django.core.mail.backends.smtp.EmailBackend"


@pytest.fixture
def mona(octo: Enterprise) -> User:
    return User.objects.create_user("mona@octo.example", "mona")


@pytest.fixture
def hook() -> Iterator[receivers.Webhook]:
    with receivers.web() as running:
        yield running


@pytest.fixture
def mailbox(settings: Any) -> Iterator[receivers.Mailbox]:
    with receivers.mail() as running:
        settings.EMAIL_BACKEND, settings.EMAIL_HOST, settings.EMAIL_PORT = SMTP, "127.0.0.1", running.port
        yield running


def wish(of: Enterprise, by: User, **facts: Any) -> None:
    alerts.change(enterprise=of, wish=alerts.Wish(**facts), console_url="https://console.example/", by=by)


def due(of: Enterprise) -> None:
    """Let every wait be over, and a worker come to each receiver."""
    for receiver in of.alert_receivers.all():
        of.alert_receivers.update(resume_at=None)
        AlertDelivery.objects.update(next_at=timezone.now())
        deliver.deliver(receiver_id=receiver.pk)


def waiting(of: Enterprise) -> int:
    return AlertDelivery.objects.filter(receiver__enterprise=of, done_at=None).count()


def test_mail_and_webhook_when_an_item_opens_and_when_it_clears(
    octo: Enterprise, mona: User, hook: receivers.Webhook, mailbox: receivers.Mailbox
) -> None:
    wish(octo, mona, addresses=["ops@octo.example"], webhook_url=hook.url, secret=SECRET)
    osaka = state.pulled(octo, "ghe-osaka.octo.example")
    state.failed(osaka)
    refresh.refresh(enterprise=octo)
    due(octo)
    drive.read_server(osaka, [drive.account(1)])
    refresh.refresh(enterprise=octo)
    due(octo)
    opened, cleared = hook.received
    assert (opened.json["event"], cleared.json["event"]) == ("attention.opened", "attention.cleared")
    assert "Failing" in opened.json["text"]
    assert cleared.json["text"].startswith("No longer: ghe-osaka: Failing")
    assert opened.json["item"]["subject"] == osaka.host
    assert opened.json["link"].startswith("https://console.example/enterprises/octo/")
    assert opened.path == "/hook?room=7"
    first, second = mailbox.mails
    assert first["To"] == "ops@octo.example"
    assert first["Subject"].startswith("[ghconnect] octo: ghe-osaka: Failing since")
    assert opened.json["link"] in first.get_content()
    assert "No longer" in second["Subject"]
    assert waiting(octo) == 0


def test_signed_as_github_signs_and_known_by_one_id(
    octo: Enterprise, mona: User, hook: receivers.Webhook
) -> None:
    hook.answers = [(500, {}), (503, {}), (200, {})]
    wish(octo, mona, webhook_url=hook.url, secret=SECRET)
    alert = alerts.test(enterprise=octo, by=mona)
    assert alert is not None
    for _ in range(3):
        due(octo)
    due(octo)
    assert len(hook.received) == 3
    assert {each.json["id"] for each in hook.received} == {str(alert.uuid)}
    assert {each.headers["x-ghconnect-delivery"] for each in hook.received} == {str(alert.uuid)}
    mac = hmac.new(SECRET.encode(), hook.received[0].body, hashlib.sha256).hexdigest()
    assert hook.received[0].headers["x-hub-signature-256"] == f"sha256={mac}"
    receiver = octo.alert_receivers.get()
    assert (receiver.failures, receiver.error_key, receiver.delivered_at is None) == (0, "", False)


def test_nothing_is_lost_while_the_receiver_is_down_and_order_is_kept(octo: Enterprise, mona: User) -> None:
    port = free_port()
    wish(octo, mona, webhook_url=f"http://127.0.0.1:{port}/")
    made = [alerts.tell(octo, "attention.opened", f"item {n}") for n in range(5)]
    pauses = []
    for _ in range(6):
        due(octo)
        receiver = octo.alert_receivers.get()
        assert receiver.resume_at is not None
        pauses.append(receiver.resume_at - timezone.now())
        assert (waiting(octo), receiver.error_key) == (5, "refused")
    assert pauses[5] > pauses[0] * 4
    assert deliver.deliver(receiver_id=receiver.pk) == 0, "it rests"
    with receivers.web(port) as hook:
        due(octo)
    assert [each.json["id"] for each in hook.received] == [str(each.uuid) for each in made if each]
    assert waiting(octo) == 0


def test_mail_waits_for_its_server_too(octo: Enterprise, mona: User, mailbox: receivers.Mailbox) -> None:
    wish(octo, mona, addresses=["a@octo.example", "b@octo.example"])
    mailbox.refusing = True
    alerts.test(enterprise=octo, by=mona)
    due(octo)
    assert (len(mailbox.mails), waiting(octo)) == (0, 2)
    mailbox.refusing = False
    due(octo)
    assert sorted(mail["To"] for mail in mailbox.mails) == ["a@octo.example", "b@octo.example"]


HOOKS = "hooks.octo.example"  # a name that no DNS knows: only the proxy can lead there


def speaking(folder: Path, authority: Authority) -> ssl.SSLContext:
    """What a receiver with a certificate of that authority speaks."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(authority.issue(folder, HOOKS))
    return context


@pytest.mark.parametrize("way", ["proxy", "pinned"])
def test_a_webhook_goes_over_tls_with_a_ca_of_ones_own_through_a_proxy_or_directly(
    octo: Enterprise, mona: User, settings: Any, tmp_path: Path, way: str
) -> None:
    """What is asked of the proxy names the host alone; the room, the body and its signature are for the receiver."""
    authority = Authority("CA of the company")
    settings.GHCONNECT_CA_BUNDLE = authority.pem
    with receivers.web(tls=speaking(tmp_path, authority)) as hook:
        port = urlsplit(hook.url).port
        wish(octo, mona, webhook_url=f"https://{HOOKS}/hook?room=7", secret=SECRET)
        alerts.test(enterprise=octo, by=mona)
        if way == "pinned":
            settings.GHCONNECT_RESOLVE = {(HOOKS, 443): ("127.0.0.1", port)}
            due(octo)
        else:
            with tunnel(port) as (near, asked):
                settings.GHCONNECT_PROXY = f"http://127.0.0.1:{near}"
                due(octo)
            assert asked[0].startswith(f"CONNECT {HOOKS}:443 ".encode())
            assert b"room" not in asked[0]
    (got,) = hook.received
    assert got.path == "/hook?room=7"
    assert got.headers["host"] == HOOKS
    assert got.headers["x-hub-signature-256"].startswith("sha256=")
    assert waiting(octo) == 0


@pytest.mark.parametrize("trouble", ["unknown CA", "proxy refuses"])
def test_an_alert_waits_while_its_receiver_or_the_proxy_is_not_to_be_trusted(
    octo: Enterprise, mona: User, settings: Any, tmp_path: Path, trouble: str
) -> None:
    settings.GHCONNECT_CA_BUNDLE = Authority("CA of the company").pem
    wish(octo, mona, webhook_url=f"https://{HOOKS}/", secret=SECRET)
    alerts.test(enterprise=octo, by=mona)
    with receivers.web(tls=speaking(tmp_path, Authority("Another"))) as hook:
        target = urlsplit(hook.url).port if trouble == "unknown CA" else None
        with tunnel(target) as (near, _):
            settings.GHCONNECT_PROXY = f"http://127.0.0.1:{near}"
            due(octo)
    expected = {"unknown CA": "tls_ca", "proxy refuses": "proxy"}[trouble]
    assert (hook.received, waiting(octo)) == ([], 1)
    assert octo.alert_receivers.get().error_key == expected


def test_a_redirect_is_not_followed(octo: Enterprise, mona: User, hook: receivers.Webhook) -> None:
    with receivers.web() as elsewhere:
        hook.answers = [(302, {"Location": elsewhere.url}), (307, {"Location": "http://169.254.169.254/"})]
        wish(octo, mona, webhook_url=hook.url)
        alerts.test(enterprise=octo, by=mona)
        due(octo)
        due(octo)
        assert elsewhere.received == []
    assert (octo.alert_receivers.get().error_key, waiting(octo)) == ("webhook_redirect", 1)


@pytest.mark.parametrize(
    ("url", "key"),
    [
        ("http://169.254.169.254/latest", "address_never"),
        ("https://10.1.2.3/", "address_refused"),
        ("http://10.1.2.3/", "address_refused"),
    ],
)
def test_a_forbidden_address_is_never_called(octo: Enterprise, mona: User, url: str, key: str) -> None:
    wish(octo, mona, webhook_url=url)
    alerts.test(enterprise=octo, by=mona)
    due(octo)
    assert (octo.alert_receivers.get().error_key, waiting(octo)) == (key, 1)


@pytest.mark.parametrize(
    ("url", "key"),
    [
        ("https://github.com/octo", "webhook_github"),
        ("https://api.GitHub.com./", "webhook_github"),
        ("https://octo.ghe.com/", "webhook_github"),
        ("https://ghe-tokyo.octo.example/", "webhook_github"),
        ("ftp://hooks.example/", "webhook_url"),
        ("https://me:secret@hooks.example/", "webhook_url"),
        ("https://hooks.example/\r\nX: y", "webhook_url"),
        ("hooks.example", "webhook_url"),
    ],
)
def test_never_to_github_or_a_server(octo: Enterprise, mona: User, url: str, key: str) -> None:
    drive.server(octo, "ghe-tokyo.octo.example")
    with pytest.raises(alerts.BadValue) as refused:
        wish(octo, mona, webhook_url=url)
    assert refused.value.key == key
    assert not octo.alert_receivers.exists()


def test_an_alert_the_receiver_dislikes_does_not_stop_the_next(
    octo: Enterprise, mona: User, hook: receivers.Webhook
) -> None:
    hook.answers = [(422, {}), (200, {})]
    wish(octo, mona, webhook_url=hook.url)
    for n in range(2):
        alerts.tell(octo, "attention.opened", f"item {n}")
    deliver.deliver(receiver_id=octo.alert_receivers.get().pk)
    assert [each.json["text"] for each in hook.received] == ["item 0", "item 1"]
    assert waiting(octo) == 1
    due(octo)
    assert waiting(octo) == 0


def test_a_receiver_that_asks_for_time_gets_it(octo: Enterprise, mona: User, hook: receivers.Webhook) -> None:
    hook.answers = [(429, {"Retry-After": "1200"})]
    wish(octo, mona, webhook_url=hook.url)
    alerts.test(enterprise=octo, by=mona)
    due(octo)
    rests = octo.alert_receivers.get().resume_at
    assert rests is not None
    assert rests - timezone.now() > timedelta(minutes=19)


def test_one_worker_at_a_time(octo: Enterprise, mona: User, hook: receivers.Webhook) -> None:
    wish(octo, mona, webhook_url=hook.url)
    alerts.test(enterprise=octo, by=mona)
    receiver = octo.alert_receivers.get()
    octo.alert_receivers.update(lease_until=timezone.now() + timedelta(minutes=2))
    assert (deliver.deliver(receiver_id=receiver.pk), deliver.dispatch()) == (0, 0)
    octo.alert_receivers.update(lease_until=timezone.now() - timedelta(seconds=1))
    assert deliver.dispatch() == 1, "its worker died"
    assert deliver.deliver(receiver_id=receiver.pk) == 1


def test_what_becomes_of_syncs_and_licenses_where_switched_on(
    octo: Enterprise, mona: User, hook: receivers.Webhook
) -> None:
    wish(octo, mona, webhook_url=hook.url, events=EVENTS)
    osaka = state.pulled(octo, "ghe-osaka.octo.example")
    people = [drive.account(n, f"u{n}@octo.example") for n in range(1, 9)]
    drive.read_server(osaka, people)
    drive.read_server(osaka, people[1:])
    state.failed(osaka)
    state.held(osaka)
    due(octo)
    told = [(each.json["event"], each.json.get("count")) for each in hook.received]
    assert told[:4] == [
        ("license_sync.completed", None),
        ("license.consumed", 8),
        ("license_sync.completed", None),
        ("license.released", 1),
    ]
    assert ("license_sync.failed", None) in told
    assert told[-1] == ("license_sync.held", None)
    released = hook.received[3].json
    assert len(released["people"]) == 1
    assert "@" not in str(released["people"])
    assert released["sync"]["server"] == osaka.host


def test_events_that_are_off_are_not_told(octo: Enterprise, mona: User, hook: receivers.Webhook) -> None:
    wish(octo, mona, webhook_url=hook.url, events=["license_sync.failed"])
    osaka = state.pulled(octo, "ghe-osaka.octo.example")
    drive.read_server(osaka, [drive.account(1)])
    state.failed(osaka)
    refresh.refresh(enterprise=octo)
    due(octo)
    assert [each.json["event"] for each in hook.received] == ["license_sync.failed"]


def test_the_secret_and_the_address_of_a_webhook_are_sealed_and_kept(octo: Enterprise, mona: User) -> None:
    wish(octo, mona, webhook_url="https://hooks.example/services/T0/B0/abcdef", secret=SECRET)
    receiver = octo.alert_receivers.get()
    assert "abcdef" not in receiver.target + receiver.shown
    assert SECRET not in receiver.secret
    before = (receiver.target, receiver.secret)
    wish(octo, mona, addresses=["a@octo.example"])
    receiver = octo.alert_receivers.get(kind="webhook")
    assert (receiver.target, receiver.secret) == before
    wish(octo, mona, webhook_url="")
    assert not AlertReceiver.objects.filter(enterprise=octo).exists()
    assert Alerting.objects.get().console_url == "https://console.example/"
    said = str(list(AuditEvent.objects.values_list("data", flat=True)))
    assert "abcdef" not in said and SECRET not in said and "a@octo" not in said  # noqa: PT018

"""A header in which a proxy names who it signed in, believed from listed addresses alone; and passwords off."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.test import Client
from pytest_django import Settings

from ghconnect.models import AuditEvent, User
from ghconnect.sign_in import options
from ghconnect.usecases import suspension
from tests.support.estate import Estate

from .conftest import PASSWORD, text

pytestmark = pytest.mark.django_db
Enter = Callable[..., Client]
PROXY = "10.0.0.5"
PASSKEY = "/settings/security/webauthn/login/"


@pytest.fixture
def _proxy(settings: Settings) -> None:
    settings.GHCONNECT_TRUSTED_HEADER = "HTTP_X_FORWARDED_EMAIL"
    settings.GHCONNECT_TRUSTED_PROXIES = [ipaddress.ip_network("10.0.0.4/31")]


def ask(client: Client, named: str, *, of: str = PROXY, **headers: str) -> int:
    if named:
        headers["X-Forwarded-Email"] = named
    return client.get("/settings", headers=headers, REMOTE_ADDR=of).status_code


@pytest.mark.usefixtures("_proxy")
def test_whom_the_proxy_names_is_signed_in_and_out_again(octo: Estate) -> None:
    client = Client()
    assert ask(client, octo.owner.email.upper()) == 200
    assert ask(client, octo.owner.email) == 200
    assert ask(client, octo.owner.email, of=f"::ffff:{PROXY}") == 200
    assert ask(client, "") == 302


@pytest.mark.usefixtures("_proxy")
def test_another_name_is_another_session(octo: Estate) -> None:
    client = Client()
    ask(client, octo.owner.email)
    page = client.get("/settings", headers={"X-Forwarded-Email": octo.biller.email}, REMOTE_ADDR=PROXY)
    assert octo.biller.email in text(page)
    assert octo.owner.email not in text(page)


@pytest.mark.usefixtures("_proxy")
@pytest.mark.parametrize("of", ["10.0.0.6", "127.0.0.1", "", "::1", "nonsense"])
def test_nobody_else_is_believed(octo: Estate, of: str) -> None:
    assert ask(Client(), octo.owner.email, of=of) == 302
    event = AuditEvent.objects.get(action="user.failed_login")
    assert (event.data["reason"], event.data["way"], event.subject) == ("not_the_proxy", "trusted proxy", "")


@pytest.mark.usefixtures("_proxy")
def test_whom_the_proxy_names_and_nobody_lets_in_is_noted(octo: Estate) -> None:
    suspension.suspend(user=octo.biller, by=octo.owner)
    for named in ("nobody@octo-corp.example", octo.biller.email):
        assert ask(Client(), named) == 302
    events = AuditEvent.objects.filter(action="user.failed_login").order_by("pk")
    told = [(each.data["reason"], each.subject) for each in events]
    assert told == [("unknown", ""), ("suspended", octo.biller.login)]


@pytest.mark.usefixtures("_proxy")
def test_what_a_client_says_of_its_address_is_not_the_proxy_s(octo: Estate, settings: Settings) -> None:
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    told = {"X-Forwarded-For": PROXY, "X-Real-Ip": PROXY, "Forwarded": f"for={PROXY}"}
    assert ask(Client(), octo.owner.email, of="203.0.113.9", **told) == 302


@pytest.mark.usefixtures("_proxy")
def test_a_session_of_the_proxy_ends_when_the_header_comes_from_elsewhere(octo: Estate) -> None:
    client = Client()
    ask(client, octo.owner.email)
    assert ask(client, octo.owner.email, of="203.0.113.9") == 302


@pytest.mark.usefixtures("_proxy")
def test_nobody_is_made_and_who_is_switched_off_stays_out(octo: Estate) -> None:
    User.objects.filter(pk=octo.owner.pk).update(is_active=False)
    for named in (octo.owner.email, "nobody@octo.example", "' OR 1=1 --", "\0"):
        assert ask(Client(), named) == 302
    assert User.objects.count() == 2


def test_off_by_itself_the_header_means_nothing(octo: Estate) -> None:
    assert ask(Client(), octo.owner.email, of="127.0.0.1") == 302


def test_passwords_switched_off_open_nothing(octo: Estate, enter: Enter, settings: Settings) -> None:
    inside = enter(octo.owner)
    settings.GHCONNECT_LOCAL_PASSWORDS = False
    client = Client()
    assert 'type="password"' not in text(client.get("/login/"))
    client.post("/login/", {"login": octo.owner.email, "password": PASSWORD})
    assert client.get("/settings").status_code == 302
    for path in (
        "/password/reset/",
        "/password/change/",
        "/password/set/",
        "/password/reset/key/1-x/",
        PASSKEY,
    ):
        assert inside.get(path).status_code == 404
        assert inside.post(path).status_code == 404
    assert "/password/change/" not in text(inside.get("/settings"))


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (lambda: options.parse_roles(["octo-corp:emperor=x"]), "SLUG:ROLE=GROUP"),
        (lambda: options.parse_roles(["octo-corp"]), "octo-corp:owner=ghconnect-owners"),
        (lambda: options.check_header("X-Email", []), "GHCONNECT_TRUSTED_PROXIES"),
        (lambda: options.check_ways(passwords=False, others=False), "leave passwords on"),
        (lambda: options.github("id", ""), "GHCONNECT_GITHUB_CLIENT_SECRET"),
        (
            lambda: options.oidc(
                {"issuer": "https://x.example", "client_id": "", "secret": "", "name": "", "scope": ""}
            ),
            "GHCONNECT_OIDC_CLIENT_ID",
        ),
    ],
)
def test_a_half_set_way_is_refused_at_start_with_advice(wrong: Callable[[], object], said: str) -> None:
    with pytest.raises(ImproperlyConfigured, match=said):
        wrong()


def test_groups_may_hold_any_sign() -> None:
    found = options.parse_roles(["octo-corp:owner=CN=Owners;OU=IT", " acme:auditor=a b "])
    assert found == (("octo-corp", "owner", "CN=Owners;OU=IT"), ("acme", "auditor", "a b"))

"""A second factor: set up, asked for, recovered from, and required by an enterprise."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal import auth as totp
from cryptography.fernet import Fernet
from django.test import Client
from pytest_django import Settings

from ghconnect.models import AuditEvent, User
from ghconnect.usecases import secrets
from tests.support.estate import Estate

from .conftest import PASSWORD, text

pytestmark = pytest.mark.django_db
Enter = Callable[..., Client]
PAGES = ("", "totp/activate/", "webauthn/", "webauthn/add/", "recovery-codes/", "recovery-codes/generate/")


def code(secret: str) -> str:
    return str(totp.format_hotp_value(totp.hotp_value(secret, int(time.time()) // 30)))


def set_up(client: Client) -> str:
    """Set an authenticator app up as a person does; return its key."""
    client.post("/reauthenticate/", {"password": PASSWORD})
    page = client.get("/settings/security/totp/activate/")
    secret = str(page.context["form"].secret)
    assert secret in text(page)
    assert client.post("/settings/security/totp/activate/", {"code": code(secret)}).status_code == 302
    return secret


def is_in(client: Client) -> bool:
    return client.get("/settings").status_code == 200


def test_security_settings_ask_who_it_is_first(octo: Estate, enter: Enter) -> None:
    answer = enter(octo.owner).get("/settings/security/totp/activate/")
    assert answer.headers["Location"].startswith("/reauthenticate/?next=")


def test_a_code_is_asked_for_after_the_password_and_a_used_one_is_not_taken_again(
    octo: Estate, enter: Enter
) -> None:
    secret = set_up(enter(octo.owner))
    client = Client()
    client.post("/login/", {"login": octo.owner.email, "password": PASSWORD})
    assert not is_in(client)
    asked = text(client.get("/settings/security/authenticate/"))
    assert "Two-factor authentication" in asked
    assert "Use a passkey" not in asked  # there is none
    client.post("/settings/security/authenticate/", {"code": "000000"})
    assert not is_in(client)
    client.post("/settings/security/authenticate/", {"code": code(secret)})
    assert is_in(client)
    event = AuditEvent.objects.filter(action="user.login").latest("pk")
    assert (event.enterprise, event.data["way"]) == (octo.enterprise, "password+totp")


def test_codes_are_slowed_too(octo: Estate, enter: Enter) -> None:
    secret = set_up(enter(octo.owner))
    client = Client()
    client.post("/login/", {"login": octo.owner.email, "password": PASSWORD})
    for _ in range(6):
        client.post("/settings/security/authenticate/", {"code": "000000"})
    client.post("/settings/security/authenticate/", {"code": code(secret)})
    assert not is_in(client)


def test_a_recovery_code_gets_in_once(octo: Estate, enter: Enter) -> None:
    client = enter(octo.owner)
    set_up(client)
    codes = text(client.get("/settings/security/recovery-codes/download/")).split()
    assert len(codes) == 10
    assert all(each in text(client.get("/settings/security/recovery-codes/")) for each in codes)
    for expected in (True, False):
        other = Client()
        other.post("/login/", {"login": octo.owner.email, "password": PASSWORD})
        other.post("/settings/security/authenticate/", {"code": codes[0]})
        assert is_in(other) is expected


def test_secrets_are_sealed(octo: Estate, enter: Enter) -> None:
    secret = set_up(enter(octo.owner))
    kept = [str(each.data) for each in Authenticator.objects.all()]
    assert len(kept) == 2
    assert not any(secret in each for each in kept)
    assert all("gAAAA" in each for each in kept)


def test_every_page_of_it_is_ours_in_both_languages(octo: Estate, enter: Enter) -> None:
    client = enter(octo.owner)
    set_up(client)
    for page in PAGES:
        for language, word in (("en", "Skip to content"), ("ja", '<html lang="ja"')):
            answer = client.get(
                f"/settings/security/{page}", headers={"accept-language": language}, follow=True
            )
            assert answer.status_code == 200, page
            assert word in text(answer), page
            assert "style=" not in text(answer), page


def require(client: Client, octo: Estate, *, required: bool = True) -> str:
    url = f"/enterprises/{octo.enterprise.slug}/settings/security"
    return text(client.post(url, {"required": str(int(required))}, follow=True))


def test_an_owner_without_one_cannot_require_it_of_others(octo: Estate, enter: Enter) -> None:
    assert "Set up two-factor authentication for yourself first." in require(enter(octo.owner), octo)
    octo.enterprise.refresh_from_db()
    assert not octo.enterprise.two_factor_required


def test_required_it_closes_the_enterprise_to_passwords_alone(octo: Estate, enter: Enter) -> None:
    owner, biller = enter(octo.owner), enter(octo.biller)
    set_up(owner)
    assert "is required now" in require(owner, octo)
    page = f"/enterprises/{octo.enterprise.slug}"
    assert owner.get(page).status_code == 200
    for method in ("get", "post"):
        assert getattr(biller, method)(page).headers["Location"] == "/settings/security/"
    assert "requires two-factor authentication" in text(biller.get(page, follow=True))
    set_up(biller)
    assert biller.get(page).status_code == 200
    require(owner, octo, required=False)
    actions = AuditEvent.objects.filter(action__startswith="business.").order_by("pk")
    assert list(actions.values_list("action", flat=True)) == [
        "business.enable_two_factor_requirement",
        "business.disable_two_factor_requirement",
    ]


def test_a_stranger_learns_nothing_of_a_requirement(octo: Estate, enter: Enter) -> None:
    type(octo.enterprise).objects.update(two_factor_required=True)
    stranger = User.objects.create_user("eve@elsewhere.example", "eve", PASSWORD)
    assert enter(stranger).get(f"/enterprises/{octo.enterprise.slug}").status_code == 404


def test_a_key_of_somebody_else_is_not_to_be_removed(octo: Estate, enter: Enter) -> None:
    theirs = Authenticator.objects.create(user=octo.biller, type="webauthn", data={"name": "key"})
    client = enter(octo.owner)
    client.post("/reauthenticate/", {"password": PASSWORD})
    for deed in ("remove", "edit"):
        assert client.post(f"/settings/security/webauthn/keys/{theirs.pk}/{deed}/").status_code == 404
    assert Authenticator.objects.filter(pk=theirs.pk).exists()


def test_secrets_are_sealed_anew_with_all_others(octo: Estate, enter: Enter, settings: Settings) -> None:
    secret, older = set_up(enter(octo.owner)), settings.GHCONNECT_SEALING_KEYS
    settings.GHCONNECT_SEALING_KEYS = [Fernet.generate_key().decode(), *older]
    assert secrets.rotate() == (2, [])
    settings.GHCONNECT_SEALING_KEYS = settings.GHCONNECT_SEALING_KEYS[:1]
    client = Client()
    client.post("/login/", {"login": octo.owner.email, "password": PASSWORD})
    client.post("/settings/security/authenticate/", {"code": code(secret)})
    assert is_in(client)
    settings.GHCONNECT_SEALING_KEYS = [Fernet.generate_key().decode()]
    assert len(secrets.closed()) == 2

"""Who is suspended is out at once, and failed sign-ins are noted without filling a disk."""

from __future__ import annotations

from base64 import b32encode
from collections.abc import Callable
from io import StringIO

import pytest
from allauth.mfa.totp.internal import auth as totp
from allauth.mfa.totp.internal.auth import TOTP
from cryptography.fernet import Fernet
from django.core import checks
from django.core.management import CommandError, call_command
from django.test import Client
from pytest_django import Settings

from ghconnect.key_check import refuse_wrong_key
from ghconnect.models import AuditEvent, Enterprise, Server, User
from ghconnect.seal import seal
from ghconnect.system_checks import refuse_other_keys
from ghconnect.usecases import access_tokens, invitations, sign_in, suspension
from tests.support.estate import Estate, person
from tests.support.processes import ROOT

from .conftest import PASSWORD, text

pytestmark = pytest.mark.django_db
Enter = Callable[..., Client]


def run(email: str, *more: str) -> str:
    call_command("suspend_user", email, *more, stdout=(said := StringIO()))
    return said.getvalue()


def test_sessions_and_tokens_end_at_once_and_stay_ended(octo: Estate, enter: Enter) -> None:
    browser = enter(octo.biller)
    _, secret = access_tokens.create(
        enterprise=octo.enterprise, name="script", scopes=["read:enterprise"], by=octo.biller
    )
    assert "sessions and tokens ended" in run(octo.biller.email)
    given = {"login": octo.biller.email, "password": PASSWORD}
    assert browser.get("/settings").status_code == 302
    assert Client().post("/login/", given).headers["Location"] == "/inactive/"
    run(octo.biller.email, "--undo")
    assert browser.get("/settings").status_code == 302
    with pytest.raises(access_tokens.Refused):
        access_tokens.authenticate(text=secret, scope="read:enterprise")
    assert enter(octo.biller).get("/settings").status_code == 200
    events = AuditEvent.objects.filter(enterprise=octo.enterprise, action__endswith="suspend")
    assert [each.data["after"] for each in events.order_by("pk")] == [
        {"suspended": True},
        {"suspended": False},
    ]


def test_the_only_owner_is_suspended_by_a_second_word_alone(octo: Estate) -> None:
    with pytest.raises(CommandError, match="only owner of octo-corp"):
        run(octo.owner.email)
    run(octo.owner.email, "--even-sole-owner")
    with pytest.raises(CommandError, match="Nobody"):
        run("nobody@octo-corp.example")


def test_an_operator_finds_somebody_by_email_suspends_and_lets_in_again(octo: Estate, enter: Enter) -> None:
    browser, page = Client(), "/operator/accounts/biller-of-octo-corp"
    browser.force_login(operator := person("root", operator=True))
    theirs = enter(octo.biller)
    token, _ = access_tokens.create(
        enterprise=octo.enterprise, name="script", scopes=["read:enterprise"], by=octo.biller
    )
    assert "Nobody with this email" in text(browser.post("/operator/accounts", {"email": "no@x.example"}))
    found = browser.post("/operator/accounts", {"email": octo.biller.email.upper()})
    assert found.headers["Location"] == page
    shown = text(browser.get(page))
    assert 'data-dialog="suspend"' in shown
    assert "signed out everywhere at once" in shown
    assert "only owner" not in shown
    assert "access tokens of biller-of-octo-corp are revoked" in text(browser.get(f"{page}/suspend"))
    assert "is suspended" in text(browser.post(f"{page}/suspend", follow=True))
    token.refresh_from_db()
    assert token.revoked_at is not None
    assert theirs.get("/settings").status_code == 302
    assert octo.biller.login in text(browser.get("/operator/accounts"))
    assert 'data-dialog="unsuspend"' in text(browser.get(page))
    browser.post(f"{page}/unsuspend")
    assert theirs.get("/settings").status_code == 302
    assert enter(octo.biller).get("/settings").status_code == 200
    events = AuditEvent.objects.filter(enterprise=octo.enterprise, action__endswith="suspend").order_by("pk")
    told = [(each.action, each.actor_login, each.subject) for each in events]
    assert told == [(f"user.{deed}", operator.login, octo.biller.login) for deed in ("suspend", "unsuspend")]


def test_who_is_the_only_owner_is_typed_and_nobody_suspends_themselves(octo: Estate) -> None:
    browser, page = Client(), "/operator/accounts/owner-of-octo-corp"
    browser.force_login(person("root", operator=True))
    assert "only owner of octo-corp" in text(browser.get(page))
    assert "This is not the short name." in text(browser.post(f"{page}/suspend"))
    suspended = User.objects.filter(is_active=False).order_by("pk").values_list("login", flat=True)
    assert list(suspended) == []
    browser.post(f"{page}/suspend", {"typed": octo.owner.login})
    assert list(suspended.all()) == [octo.owner.login]
    own = "/operator/accounts/root"
    assert "This is you." in text(browser.get(own))
    assert "cannot suspend yourself" in text(browser.post(f"{own}/suspend", follow=True))
    assert browser.get(own).status_code == 200


def test_failed_sign_ins_are_noted_and_a_flood_is_not(octo: Estate) -> None:
    for _ in range(7):
        Client().post("/login/", {"login": octo.owner.login, "password": "wrong-wrong-wrong"})
    noted = AuditEvent.objects.filter(action="user.failed_login", enterprise=octo.enterprise)
    told = [(each.subject, each.actor_login, each.data["tries"]) for each in noted.order_by("pk")]
    assert told == [(octo.owner.login, "unknown", 1), (octo.owner.login, "unknown", 5)]
    typed = "my-secret-password-in-the-wrong-field"
    Client().post("/login/", {"login": typed, "password": "x"})
    nobody = AuditEvent.objects.get(action="user.failed_login", enterprise=None)
    assert typed not in str(vars(nobody))
    for _ in range(2000):
        sign_in.failed(user=None, way="password", reason="password")
    assert AuditEvent.objects.filter(action="user.failed_login").count() < 12


def test_keys_of_another_console_are_refused_at_start(
    octo: Estate, settings: Settings, client: Client, capsys: pytest.CaptureFixture[str]
) -> None:
    refuse_wrong_key()
    assert client.get("/health/ready").status_code == 200
    assert refuse_other_keys() == []
    Server.objects.update(token=seal("a token"))
    settings.GHCONNECT_SEALING_KEYS = [Fernet.generate_key().decode()]
    with pytest.raises(SystemExit, match="another console"):
        refuse_wrong_key()
    answer = client.get("/health/ready")
    assert (answer.status_code, answer.json()["sealing key"]) == (503, "failed")
    assert "octo" not in text(answer)
    (told,) = refuse_other_keys()
    assert (told.id, told.level, "another console" in told.msg) == ("ghconnect.E010", checks.ERROR, True)
    assert told.hint
    # Of two keys one was forgotten: what opens says that it is this console.
    Enterprise.objects.update(token=seal("a token"))
    (told,) = refuse_other_keys()
    assert (told.id, told.level, octo.server.host in told.msg) == ("ghconnect.W003", checks.WARNING, True)
    production = (ROOT / "docs/production.md").read_text()
    assert all(f"`ghconnect.{code}`" in production for code in ("E010", "W003"))


def test_what_people_change_of_themselves_and_who_is_added_are_events(octo: Estate) -> None:
    browser = Client()
    browser.force_login(octo.biller)
    given = {
        "name": "Somebody Else",
        "language": "ja",
        "time_zone": "",
        "appearance": "auto",
        "shortcuts": "on",
    }
    for _ in range(2):
        browser.post("/settings", given)
    browser.post("/language", {"language": "en"})
    changed = AuditEvent.objects.filter(action="user.update_preferences", actor=octo.biller).order_by("pk")
    assert [each.data for each in changed] == [
        {"before": {"name": "not kept", "language": ""}, "after": {"name": "not kept", "language": "ja"}},
        {"before": {"language": "ja"}, "after": {"language": "en"}},
    ]
    call_command("createsuperuser", interactive=False, email="op@x.example", login="op", stdout=StringIO())
    added = AuditEvent.objects.get(action="user.add", subject="op")
    assert added.data == {"before": {}, "after": {"login": "op", "operator": True}, "via": "createsuperuser"}


def test_who_is_suspended_between_password_and_code_stays_out_and_so_does_whom_they_invited(
    octo: Estate,
) -> None:
    key = b32encode(b"0123456789").decode()
    TOTP.activate(octo.owner, key)
    browser = Client()
    step = browser.post("/login/", {"login": octo.owner.email, "password": PASSWORD})
    assert "authenticate" in step.headers["Location"]
    invited, _ = invitations.invite(
        enterprise=octo.enterprise, email="pal@x.example", role="owner", by=octo.owner, link=str
    )
    suspension.suspend(user=octo.owner, by=None, even_sole_owner=True)
    code = totp.format_hotp_value(totp.hotp_value(key, next(totp.yield_hotp_counters_from_time())))
    answer = browser.post(step.headers["Location"], {"code": code})
    assert answer.headers["Location"] == "/inactive/"
    suspension.unsuspend(user=octo.owner, by=None)
    assert browser.get("/settings").status_code == 302
    assert not AuditEvent.objects.filter(action="user.login", subject=octo.owner.login).exists()
    invited.refresh_from_db()
    assert invited.cancelled_at is not None

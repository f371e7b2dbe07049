"""Let the server send its file: made and shown once, replaced, revoked, and pasted on the server."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from ghconnect import token_text
from ghconnect.models import AccessToken, AuditEvent, Enterprise, Server
from ghconnect.usecases import access_tokens, connect, features
from licensing import clocks
from licensing.models import ServerPicture
from licensing.usecases import runs
from tests.integration.engine import drive

from .conftest import OSAKA, TOKYO

SETTINGS = f"/enterprises/octo/servers/{TOKYO}/settings"
PUSH = f"{SETTINGS}/push"
TEXT = re.compile(r'<code id="push-token"[^>]*>(ghct_\w{36})</code>')


def create(client: Client, days: str = "365") -> str:
    page = client.post(PUSH, {"deed": "create", "days": days}).content.decode()
    (text,) = TEXT.findall(page)
    return str(text)


def words(answer: Any) -> str:
    return re.sub(r"\s+", " ", answer.content.decode())


def test_a_token_is_made_for_a_year_and_shown_once(owner: Client, tokyo: Server) -> None:
    assert "This server has no push token yet." in words(owner.get(PUSH))
    text = create(owner)
    token = AccessToken.objects.get()
    assert (token.digest, token.server, token.scopes) == (token_text.digest(text), tokyo, ["write:usage"])
    assert token.expires_at - token.created_at == timedelta(days=365)
    assert (token.created_by_login, AuditEvent.objects.latest("pk").action) == ("mona", "access_token.create")
    for path in (PUSH, SETTINGS, f"{PUSH}/ghconnect-push.sh", "/enterprises/octo/settings/audit-log"):
        answer = owner.get(path)
        assert answer.status_code == 200
        assert text not in answer.content.decode()
        assert "no-store" in answer.headers["Cache-Control"]
    shown = words(owner.get(SETTINGS))
    assert f"<code>{text[:9]}…</code>" in shown
    assert "Never used" in shown
    assert not any(text in str(session) for session in owner.session.values())


def test_how_long_it_is_good_is_a_choice(owner: Client, tokyo: Server) -> None:
    create(owner, "30")
    token = AccessToken.objects.get()
    assert token.expires_at - token.created_at == timedelta(days=30)
    answer = owner.post(PUSH, {"deed": "create", "days": "5000"})
    assert answer.context["form"].has_error("days")
    assert AccessToken.objects.count() == 1


def test_one_is_replaced_and_the_old_one_goes_on_for_a_day(owner: Client, tokyo: Server) -> None:
    old = create(owner)
    row = AccessToken.objects.get()
    page = owner.post(PUSH, {"deed": "rotate", "token": row.pk}).content.decode()
    (new,) = TEXT.findall(page)
    assert f"{old[:9]}… goes on for a day" in page
    for text in (old, new):
        access_tokens.authenticate(text=text, scope="write:usage", host=TOKYO)
    row.refresh_from_db()
    assert row.expires_at <= timezone.now() + timedelta(days=1)
    assert ">soon</span>" in words(owner.get(SETTINGS))
    AccessToken.objects.filter(pk=row.pk).update(expires_at=timezone.now())
    shown = words(owner.get(SETTINGS))
    assert ">Expired</span>" in shown
    assert shown.count('value="rotate"') == 1
    answer = owner.post(PUSH, {"deed": "rotate", "token": row.pk}, follow=True)
    assert "This token is no longer valid. Make another one." in words(answer)


def test_one_is_revoked_after_a_question(owner: Client, tokyo: Server) -> None:
    text = create(owner)
    address = f"{PUSH}/{AccessToken.objects.get().pk}/revoke"
    assert f"{TOKYO} can no longer send its file with {text[:9]}…" in words(owner.get(address))
    assert AccessToken.objects.usable().exists()
    answer = owner.post(address, follow=True)
    assert answer.redirect_chain == [(f"{SETTINGS}#push", 302)]
    assert f"{text[:9]}… is revoked." in words(answer)
    assert "Never used" not in words(answer)
    with pytest.raises(access_tokens.Refused):
        access_tokens.authenticate(text=text, scope="write:usage")


def test_tokens_of_other_servers_are_out_of_reach(owner: Client, tokyo: Server, octo: Enterprise) -> None:
    osaka = drive.server(octo, OSAKA)
    other, _text = access_tokens.create(
        enterprise=octo, server=osaka, name="push", scopes=["write:usage"], by=None
    )
    whole, _text = access_tokens.create(enterprise=octo, name="api", scopes=["read:enterprise"], by=None)
    for pk in (other.pk, whole.pk, "9" * 30, "x", ""):
        assert owner.post(PUSH, {"deed": "rotate", "token": pk}).status_code == 404
    assert owner.post(f"{PUSH}/{other.pk}/revoke").status_code == 404
    assert AccessToken.objects.usable().count() == 2
    assert other.shown not in words(owner.get(SETTINGS))


def test_only_owners_make_them(manager: Client, stranger: Client, owner: Client, tokyo: Server) -> None:
    create(owner)
    address = f"{PUSH}/{AccessToken.objects.get().pk}/revoke"
    for client in (manager, stranger):
        for path in (PUSH, f"{PUSH}/ghconnect-push.sh", address):
            assert client.get(path).status_code == 404
        assert client.post(PUSH, {"deed": "create", "days": "365"}).status_code == 404
        assert client.post(address).status_code == 404
    assert owner.post(PUSH, {"deed": "burn"}).status_code == 400
    assert AccessToken.objects.usable().count() == 1
    careful = Client(enforce_csrf_checks=True)
    careful.cookies = owner.cookies
    assert careful.post(PUSH, {"deed": "create", "days": "365"}).status_code == 403


def test_the_page_holds_what_is_pasted(owner: Client, tokyo: Server) -> None:
    page = owner.get(PUSH)
    script = owner.get(f"{PUSH}/ghconnect-push.sh")
    assert script.headers["Content-Disposition"] == 'attachment; filename="ghconnect-push.sh"'
    assert page.context["script"] == script.content.decode()
    assert "http://testserver" in page.context["script"]
    assert "sh $HOME/ghconnect-push.sh" in page.context["cron"]
    assert "(umask 077; cat >~/.ghconnect-token)" in words(page)


def test_as_many_tokens_as_there_are_take_as_many_queries(
    owner: Client, tokyo: Server, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    create(owner)
    owner.get(SETTINGS)
    with CaptureQueriesContext(connection) as one:
        owner.get(SETTINGS)
    expected = len(one)
    create(owner)
    create(owner)
    with django_assert_num_queries(expected):
        owner.get(SETTINGS)


def test_a_silent_server_that_sends_leads_to_the_push_line(owner: Client, tokyo: Server) -> None:
    connect.enable(server=tokyo, by=None)
    features.switch(server=tokyo, key=runs.KEY, enabled=True, by=None)
    Server.objects.filter(pk=tokyo.pk).update(way_in="push")
    long_ago = timezone.now() - timedelta(days=40)
    ServerPicture.objects.create(server=tokyo, last_contact=long_ago, last_success=long_ago)
    state = clocks.one(Server.objects.get(pk=tokyo.pk)).console
    assert state.key == "silent"
    assert state.step is not None
    assert (state.step.label, state.step.url) == ("Show the push line", PUSH)
    page = words(owner.get(f"/enterprises/octo/servers/{TOKYO}/license"))
    assert f'href="{PUSH}"' in page

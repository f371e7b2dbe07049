"""Tokens of this console: shown once, kept as a hash, bound, expiring, replaced with a day's overlap, revoked."""

from datetime import timedelta

import pytest
from django.utils import timezone

from ghconnect import token_text
from ghconnect.models import AccessToken, AuditEvent
from ghconnect.request_facts import acting, request_facts
from ghconnect.usecases import access_tokens, audit, servers
from tests.support import estate as estates
from tests.support.estate import Estate

pytestmark = pytest.mark.django_db
WRITE, READ = AccessToken.Scope.WRITE_USAGE, AccessToken.Scope.READ_ENTERPRISE


@pytest.fixture
def octo() -> Estate:
    return estates.estate()


def push_token(octo: Estate, days: int = 365) -> tuple[AccessToken, str]:
    return access_tokens.create(
        enterprise=octo.enterprise,
        server=octo.server,
        name="push",
        scopes=[WRITE],
        days=days,
        by=octo.owner,
    )


def opens(text: str, host: str | None = None, scope: str = WRITE) -> AccessToken:
    return access_tokens.authenticate(text=text, scope=scope, host=host)


def refusal(text: str) -> str:
    with pytest.raises(access_tokens.Refused) as refused:
        opens(text)
    return refused.value.key


def test_its_text_is_kept_nowhere(octo: Estate) -> None:
    token, text = push_token(octo)
    token.refresh_from_db()
    kept = [str(value) for value in AccessToken.objects.filter(pk=token.pk).values().get().values()]
    events = [str(event) for event in AuditEvent.objects.values()]
    assert not any(text in each or text[9:] in each for each in (*kept, *events))
    assert (token.digest, token.shown) == (token_text.digest(text), text[:9])
    assert token.expires_at - token.created_at == timedelta(days=365)


def test_it_opens_its_server_and_notes_its_use(octo: Estate) -> None:
    token, text = push_token(octo)
    facts = request_facts.set(("request-1", "192.0.2.7"))
    try:
        assert opens(text, octo.server.host.upper()).pk == token.pk
    finally:
        request_facts.reset(facts)
    token.refresh_from_db()
    assert token.last_used_address == "192.0.2.7"
    assert token.last_used_at is not None
    first = token.last_used_at
    facts = request_facts.set(("request-2", "192.0.2.7"))
    try:
        opens(text)  # a moment later: not worth a write
    finally:
        request_facts.reset(facts)
    token.refresh_from_db()
    assert token.last_used_at == first


def test_it_opens_nothing_else(octo: Estate) -> None:
    other = estates.add_server(octo.enterprise, "ghe-osaka.octo-corp.example")
    acme = estates.estate("acme", "ghe.acme.example")
    _token, text = push_token(octo)
    for host in (other.host, acme.server.host, "ghe-none.octo-corp.example", ""):
        with pytest.raises(access_tokens.Elsewhere):
            opens(text, host)
    with pytest.raises(access_tokens.Elsewhere):
        opens(text, octo.server.host, READ)


def test_of_two_enterprises_with_one_host_it_opens_its_own(octo: Estate) -> None:
    acme = estates.estate("acme", octo.server.host)
    _token, text = push_token(octo)
    assert opens(text, octo.server.host).server == octo.server
    _token, text = push_token(acme)
    assert opens(text, octo.server.host).server == acme.server


def test_a_renamed_server_is_still_known_by_its_old_name_until_another_has_it(octo: Estate) -> None:
    _token, text = push_token(octo)
    old = octo.server.host
    servers.rename(server=octo.server, host="ghe-new.octo-corp.example", by=octo.owner)
    assert opens(text, old).server == octo.server
    assert opens(text, "ghe-new.octo-corp.example").server == octo.server
    estates.add_server(octo.enterprise, old)
    with pytest.raises(access_tokens.Elsewhere):
        opens(text, old)


def test_who_is_not_known_is_refused(octo: Estate) -> None:
    assert refusal("") == "bad_credentials"
    assert refusal(token_text.make()) == "bad_credentials"
    _token, text = push_token(octo)
    assert refusal(text[:-1] + ("0" if text[-1] != "0" else "1")) == "bad_credentials"
    assert refusal(token_text.digest(text)) == "bad_credentials"


def test_it_ends_when_it_expires_or_is_revoked(octo: Estate) -> None:
    token, text = push_token(octo)
    access_tokens.revoke(token=token, by=octo.owner)
    access_tokens.revoke(token=token, by=octo.owner)
    assert refusal(text) == "token_revoked"
    assert AuditEvent.objects.filter(action="access_token.revoke").count() == 1
    token, text = push_token(octo)
    AccessToken.objects.filter(pk=token.pk).update(expires_at=timezone.now())
    assert refusal(text) == "token_expired"
    assert list(AccessToken.objects.usable()) == []
    for gone in AccessToken.objects.all():
        with pytest.raises(access_tokens.NotUsable):
            access_tokens.rotate(token=gone, by=octo.owner)


def test_a_replaced_one_goes_on_for_a_day_at_most(octo: Estate) -> None:
    old, old_text = push_token(octo, days=90)
    new, new_text = access_tokens.rotate(token=old, by=octo.owner)
    assert opens(old_text).pk == old.pk
    assert opens(new_text).pk == new.pk
    old.refresh_from_db()
    assert timedelta(hours=23) < old.expires_at - timezone.now() <= access_tokens.OVERLAP
    assert new.expires_at - new.created_at == timedelta(days=90)
    assert (new.server, new.scopes, new.name) == (old.server, old.scopes, old.name)
    event = AuditEvent.objects.get(action="access_token.rotate")
    assert (event.actor, event.data["before"]["token"]) == (octo.owner, old.shown)
    AccessToken.objects.filter(pk=new.pk).update(expires_at=timezone.now() + timedelta(hours=1))
    access_tokens.rotate(token=new, by=octo.owner)
    new.refresh_from_db()
    assert new.expires_at - timezone.now() <= timedelta(hours=1)  # never longer than it had


@pytest.mark.parametrize(
    ("scopes", "bound", "days"),
    [
        ([], False, 30),
        (["write:everything"], False, 30),
        ([READ, READ], False, 30),
        ([WRITE], False, 30),
        ([WRITE, READ], True, 30),
        ([READ], True, 30),
        ([WRITE], True, 0),
        ([WRITE], True, 366),
    ],
)
def test_what_cannot_be_together_is_no_token(octo: Estate, scopes: list[str], bound: bool, days: int) -> None:
    with pytest.raises(access_tokens.BadToken):
        access_tokens.create(
            enterprise=octo.enterprise,
            server=octo.server if bound else None,
            name="x",
            scopes=scopes,
            days=days,
            by=octo.owner,
        )
    assert not AccessToken.objects.exists()


def test_a_server_of_another_enterprise_is_not_bound(octo: Estate) -> None:
    acme = estates.estate("acme", "ghe.acme.example")
    with pytest.raises(access_tokens.BadToken):
        access_tokens.create(
            enterprise=octo.enterprise, server=acme.server, name="x", scopes=[WRITE], by=octo.owner
        )


def test_tokens_of_the_api_are_of_the_whole_enterprise(octo: Estate) -> None:
    scopes = [READ, AccessToken.Scope.READ_AUDIT_LOG, AccessToken.Scope.ADMIN_CONNECT]
    token, text = access_tokens.create(
        enterprise=octo.enterprise, name="reports", scopes=scopes, days=30, by=octo.owner
    )
    assert opens(text, octo.server.host, READ).pk == token.pk
    with pytest.raises(access_tokens.Elsewhere):
        opens(text, "ghe-none.octo-corp.example", READ)
    with pytest.raises(access_tokens.Elsewhere):
        opens(text, octo.server.host, WRITE)


def test_it_goes_with_its_server(octo: Estate) -> None:
    _token, text = push_token(octo)
    servers.remove(server=octo.server, by=octo.owner)
    assert refusal(text) == "bad_credentials"


def test_the_token_of_somebody_switched_off_opens_nothing(octo: Estate) -> None:
    _, text = access_tokens.create(
        enterprise=octo.enterprise, name="script", scopes=["read:enterprise"], by=octo.owner
    )
    assert opens(text, scope="read:enterprise").name == "script"
    octo.owner.is_active = False
    octo.owner.save()
    assert refusal(text) == "maker_left"


def test_what_is_done_by_a_token_names_it(octo: Estate) -> None:
    token, _text = push_token(octo)
    name = acting.set(str(token))
    try:
        assert audit.record("x", by=None, enterprise=octo.enterprise).actor_login == f"push ({token.shown}…)"
        assert audit.record("x", by=octo.owner, enterprise=octo.enterprise).actor_login == octo.owner.login
    finally:
        acting.reset(name)
    assert audit.record("x", by=None, enterprise=octo.enterprise).actor_login == audit.SYSTEM

"""Adding an account on GitHub, its token, and what owners say of it."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.db import connection
from pytest_django import Settings

from ghconnect import features
from ghconnect.models import AuditEvent, Enterprise, Membership, User
from ghconnect.seal import unseal
from ghconnect.usecases import clients, enterprises, hosts, tokens
from tests.integration.deeds.conftest import HOST, wrong
from tests.support.sandbox import Sandbox


@pytest.fixture
def rung(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Enterprises whose features were told of a token."""
    told: list[str] = []
    monkeypatch.setattr(
        features, "enterprise_token_replaced", lambda *, enterprise, by: told.append(enterprise.slug)
    )
    return told


def add(pretend: Sandbox, by: User | None, **changes: str) -> Enterprise:
    given = {"slug": "octo-corp", "host": HOST, "token": pretend.world["enterprise"]["token"], **changes}
    return enterprises.add(**given, by=by)


def test_an_account_is_added_with_its_adder_as_owner(pretend: Sandbox, mona: User, rung: list[str]) -> None:
    enterprise = add(pretend, mona, slug=" Octo-Corp ")
    token = pretend.world["enterprise"]["token"]
    assert (enterprise.slug, enterprise.name, enterprise.host) == ("octo-corp", "Octo Corp", HOST)
    assert token not in enterprise.token
    assert unseal(enterprise.token) == token
    assert (enterprise.token_kind, enterprise.token_scopes) == (
        "classic",
        ["admin:enterprise", "admin:org", "read:enterprise"],
    )
    assert [check["key"] for check in enterprise.checks if check["ok"] is False] == []
    assert Membership.objects.get(enterprise=enterprise).user == mona
    assert rung == ["octo-corp"]
    event = AuditEvent.objects.get(action="enterprise.add")
    assert (event.actor, event.subject) == (mona, "octo-corp")
    assert token not in str(event.data)


def test_an_account_is_added_once(pretend: Sandbox, octo: Enterprise, mona: User) -> None:
    with pytest.raises(enterprises.AlreadyAdded):
        add(pretend, mona)


@pytest.mark.parametrize("part", ["PRETENDExpired", "NoScope", "NotAnOwner", "FineGrained"])
def test_nobody_adds_an_account_whose_report_they_cannot_read(
    part: str, pretend: Sandbox, mona: User, rung: list[str]
) -> None:
    with pytest.raises(enterprises.NotProven) as refused:
        add(pretend, mona, token=wrong(pretend, part))
    assert any(check.ok is False for check in refused.value.checks)
    with pytest.raises(enterprises.NotProven):
        add(pretend, mona, token="")
    assert (Enterprise.objects.count(), AuditEvent.objects.count(), rung) == (0, 0, [])


def test_an_operator_adds_an_account_without_a_token(
    pretend: Sandbox, operator: User, rung: list[str]
) -> None:
    enterprise = add(pretend, operator, token="")
    assert (enterprise.token, enterprise.checks, enterprise.checked_at, rung) == ("", [], None, [])


@pytest.mark.parametrize("slug", ["", "octo corp", "../x", "-octo", "octo/..", "o" * 61, "日本"])
def test_what_is_no_slug(slug: str, pretend: Sandbox, mona: User) -> None:
    with pytest.raises(enterprises.BadSlug):
        add(pretend, mona, slug=slug)


@pytest.mark.parametrize(
    "host", ["ghe.octo.example", "evil.example", "a.b.ghe.com", "ghe.com", "127.0.0.1", "xghe.com"]
)
def test_accounts_are_at_github_alone(host: str, pretend: Sandbox, mona: User) -> None:
    with pytest.raises(hosts.BadHost):
        add(pretend, mona, host=host)


@pytest.mark.parametrize(
    ("typed", "host"), [("https://GitHub.com/enterprises/x", "github.com"), ("Octo.GHE.com", "octo.ghe.com")]
)
def test_hosts_of_accounts(typed: str, host: str) -> None:
    assert hosts.of_enterprise(typed) == host


def test_a_pasted_text_is_no_token(pretend: Sandbox, mona: User) -> None:
    with pytest.raises(enterprises.BadToken):
        add(pretend, mona, token="my token is ghp_" + "x" * 36)


def test_a_token_is_replaced_and_everything_is_read_again(
    pretend: Sandbox, octo: Enterprise, mona: User, rung: list[str]
) -> None:
    token = pretend.world["enterprise"]["token"]
    replaced = tokens.replace_enterprise_token(enterprise=octo, token=f" {token} ", by=mona)
    assert unseal(replaced.token) == token
    assert replaced.token_replaced_at is not None
    assert (rung, AuditEvent.objects.get().action) == (["octo-corp"], "enterprise.token_replace")


@pytest.mark.parametrize("part", ["PRETENDExpired", "NoScope", "FineGrained", "NoSingleSignOn"])
def test_a_refused_token_never_replaces_one_that_may_work(
    part: str, pretend: Sandbox, octo: Enterprise, mona: User, rung: list[str]
) -> None:
    with pytest.raises(tokens.TokenRefused) as refused:
        tokens.replace_enterprise_token(enterprise=octo, token=wrong(pretend, part), by=mona)
    assert any(check.ok is False for check in refused.value.checks)
    octo.refresh_from_db()
    assert unseal(octo.token) == pretend.world["enterprise"]["token"]
    assert (AuditEvent.objects.count(), rung) == (0, [])


def test_a_token_is_taken_on_trust_while_nobody_answers(
    pretend: Sandbox, octo: Enterprise, mona: User, rung: list[str]
) -> None:
    pretend.post_control("break", host="ghec", kind="server_error")
    new = "ghp_" + "n" * 36
    assert unseal(tokens.replace_enterprise_token(enterprise=octo, token=new, by=mona).token) == new


def test_the_token_that_is_there_is_checked_again(pretend: Sandbox, octo: Enterprise, mona: User) -> None:
    before = octo.token
    pretend.post_control("break", host="ghec", kind="unauthorized")
    checked = tokens.check_enterprise_token(enterprise=octo, by=mona)
    assert [check["problem"] for check in checked.checks if check["ok"] is False] == ["unauthorized"]
    assert (checked.token, checked.checked_at is not None) == (before, True)


@pytest.mark.django_db(transaction=True)
def test_github_is_never_asked_inside_a_transaction(
    pretend: Sandbox, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[bool] = []
    real = clients.egress

    def watching() -> object:
        asked.append(connection.in_atomic_block)
        return real()

    monkeypatch.setattr(clients, "egress", watching)
    user = User.objects.create_user("mona@octo.example", "mona")
    enterprise = add(pretend, user)
    token = pretend.world["enterprise"]["token"]
    tokens.replace_enterprise_token(enterprise=enterprise, token=token, by=user)
    assert asked
    assert not any(asked)


def test_the_profile_changes_and_names_what_changed(octo: Enterprise, mona: User) -> None:
    enterprises.rename(enterprise=octo, name=" Octo ", by=mona)
    enterprises.set_price(enterprise=octo, price_cents=2100, currency="USD", by=mona)
    enterprises.set_time_zone(enterprise=octo, time_zone="Asia/Tokyo", by=mona)
    enterprises.set_contract(enterprise=octo, contract="volume", renews_on=None, by=mona)
    enterprises.set_contract(enterprise=octo, contract="volume", renews_on=None, by=mona)
    octo.refresh_from_db()
    assert (octo.name, octo.price_cents, octo.time_zone, octo.contract) == (
        "Octo",
        2100,
        "Asia/Tokyo",
        "volume",
    )
    changes = [
        event.data["after"] for event in AuditEvent.objects.filter(action="enterprise.change").order_by("pk")
    ]
    assert [list(each) for each in changes] == [["name"], ["price_cents"], ["time_zone"], ["next_contract"]]
    assert changes[1] == {"price_cents": 2100}


@pytest.mark.parametrize(
    ("deed", "given"),
    [
        (enterprises.rename, {"name": " "}),
        (enterprises.set_price, {"price_cents": -1, "currency": "USD"}),
        (enterprises.set_price, {"price_cents": 1, "currency": "usd"}),
        (enterprises.set_time_zone, {"time_zone": "Mars/Olympus"}),
        (enterprises.set_contract, {"contract": "free", "renews_on": None}),
    ],
)
def test_a_profile_holds_no_nonsense(
    deed: Callable[..., Enterprise], given: dict[str, object], octo: Enterprise, mona: User
) -> None:
    with pytest.raises(enterprises.BadValue) as refused:
        deed(enterprise=octo, by=mona, **given)
    assert refused.value.field in given
    assert AuditEvent.objects.count() == 0

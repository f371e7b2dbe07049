"""OpenID Connect against a real provider on loopback: who gets in, as whom, and with which role."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from allauth.socialaccount.models import SocialAccount, SocialToken
from django.http import HttpResponseBase
from django.test import Client
from pytest_django import Settings

from ghconnect.models import AuditEvent, Invitation, Membership, Role, User
from ghconnect.sign_in import options
from ghconnect.usecases import access, invitations
from tests.support.environment import free_port
from tests.support.estate import Estate
from tests.support.processes import running

from .conftest import text

pytestmark = pytest.mark.django_db
ROLES = ["octo-corp:owner=owners", "octo-corp:auditor=audit", "acme:owner=acme"]


class Provider:
    """A real OpenID provider; people and their claims are put into it."""

    def __init__(self, url: str) -> None:
        self.url = url

    def put(self, sub: str, **claims: object) -> None:
        claims = {"email": f"{sub}@octo.example", "email_verified": True, "name": sub.title(), **claims}
        requests.put(f"{self.url}/users/{sub}", json=claims, timeout=10).raise_for_status()

    def answer(self, url: str, **form: str) -> str:
        """Do what a person does on the provider's page; return where it leads back to."""
        back = requests.post(url, data=form, allow_redirects=False, timeout=10)
        came = back.headers["Location"].removeprefix("http://testserver")
        # This provider forgets the state where a person says no (RFC 6749 §4.1.2.1 requires it).
        state = parse_qs(urlsplit(url).query)["state"][0]
        return came if "state=" in came else f"{came}&state={state}"


@pytest.fixture(scope="module")
def provider(folder: Path) -> Iterator[Provider]:
    port = free_port()
    with running("oidc", "oidc_provider_mock", "--port", str(port), folder=folder) as child:
        child.await_port(port)
        yield Provider(f"http://127.0.0.1:{port}")


@pytest.fixture(autouse=True)
def _set(provider: Provider, settings: Settings) -> None:
    values = {
        "issuer": provider.url,
        "client_id": "ghconnect",
        "secret": "a-secret",
        "name": "Octo SSO",
        "scope": "",
    }
    settings.SOCIALACCOUNT_PROVIDERS = options.oidc(values)
    settings.GHCONNECT_GROUP_ROLES = options.parse_roles(ROLES)


def start(client: Client, query: str = "") -> str:
    """Press the button; return the provider's address."""
    answer = client.get(f"/sign-in/oidc/sso/login/{query}")
    assert answer.status_code == 302
    return str(answer.headers["Location"])


def come_in(provider: Provider, sub: str, client: Client | None = None) -> tuple[Client, HttpResponseBase]:
    client = client or Client()
    return client, client.get(provider.answer(start(client), sub=sub))


def refusals() -> list[tuple[str, str]]:
    """Return by which way somebody was refused, and why."""
    events = AuditEvent.objects.filter(action="user.failed_login").order_by("pk")
    return [(each.data["way"], each.data["reason"]) for each in events]


def role(login: str) -> str | None:
    return Membership.objects.filter(user__login=login).values_list("role", flat=True).first()


def test_the_page_offers_it_and_pkce_and_state_are_used(octo: Estate, provider: Provider) -> None:
    client = Client()
    page = text(client.get("/login/"))
    assert "Sign in with Octo SSO" in page
    asked = parse_qs(urlsplit(start(client)).query)
    assert asked["code_challenge_method"] == ["S256"]
    assert asked["state"][0]


def test_a_group_makes_an_owner_and_leaving_it_ends_that(octo: Estate, provider: Provider) -> None:
    provider.put("ann", groups=["owners", "other"], preferred_username="ann")
    client, answer = come_in(provider, "ann")
    assert answer.status_code == 302
    assert role("ann") == Role.OWNER
    assert client.get("/enterprises/octo-corp/settings").status_code == 200
    provider.put("ann", groups=["audit"])
    come_in(provider, "ann")
    assert role("ann") == Role.AUDITOR
    assert client.get("/enterprises/octo-corp/servers/new").status_code == 404
    provider.put("ann", groups=[])
    come_in(provider, "ann")
    assert role("ann") is None
    via = AuditEvent.objects.filter(subject="ann", action__startswith="role.").values_list(
        "data__via", flat=True
    )
    assert set(via) == {"groups"}
    assert AuditEvent.objects.filter(action="user.login", data__way="sso").exists()


def test_the_strongest_of_several_groups_counts(octo: Estate, provider: Provider) -> None:
    provider.put("ben", groups=["audit", "owners"])
    come_in(provider, "ben")
    assert role("ben") == Role.OWNER


def test_a_role_given_here_is_left_alone(octo: Estate, provider: Provider) -> None:
    provider.put("cat", email=octo.biller.email, groups=["owners"])
    come_in(provider, "cat")
    assert role(octo.biller.login) == Role.BILLING_MANAGER
    provider.put("cat", email=octo.biller.email, groups=[])
    come_in(provider, "cat")
    assert role(octo.biller.login) == Role.BILLING_MANAGER


def test_the_last_owner_stays_though_the_group_is_gone(octo: Estate, provider: Provider) -> None:
    provider.put("dan", groups=["owners"])
    come_in(provider, "dan")
    access.revoke(enterprise=octo.enterprise, user=octo.owner, by=octo.owner)
    provider.put("dan", groups=[])
    come_in(provider, "dan")
    assert role("dan") == Role.OWNER


def test_who_is_here_is_known_by_a_verified_address_alone(
    octo: Estate, provider: Provider, settings: Settings
) -> None:
    provider.put("eve", email=octo.owner.email, email_verified=False)
    client, answer = come_in(provider, "eve")
    assert answer.status_code == 403
    assert refusals() == [("sso", "no_verified_email")]
    assert "gave no verified email address" in text(answer)
    assert client.get("/settings").status_code == 302
    settings.GHCONNECT_OIDC_TRUST_EMAIL = True
    client, _answer = come_in(provider, "eve")
    assert octo.owner.email in text(client.get("/settings"))


def test_later_the_provider_s_own_id_counts_not_the_address(octo: Estate, provider: Provider) -> None:
    provider.put("fay", email=octo.owner.email)
    come_in(provider, "fay")
    provider.put("fay", email="new-name@octo.example")
    client, _answer = come_in(provider, "fay")
    assert octo.owner.email in text(client.get("/settings"))


def test_without_group_or_invitation_nobody_gets_in(octo: Estate, provider: Provider) -> None:
    provider.put("gus", groups=["something"])
    client, answer = come_in(provider, "gus")
    assert answer.status_code == 403
    assert refusals() == [("sso", "no_role")]
    assert "no group of yours has a role" in text(answer)
    assert "octo-corp" not in text(answer)
    assert not User.objects.filter(email="gus@octo.example").exists()
    assert client.get("/settings").status_code == 302


def test_an_invitation_lets_somebody_new_in_who_then_accepts(octo: Estate, provider: Provider) -> None:
    _made, link = invitations.invite(
        enterprise=octo.enterprise,
        email="hal@octo.example",
        role="auditor",
        by=octo.owner,
        link="/invitations/{}".format,
    )
    provider.put("hal")
    client = Client()
    back = client.get(provider.answer(start(client, f"?next={link}"), sub="hal"))
    assert back.headers["Location"] == link
    client.post(link)
    assert role("hal") == Role.AUDITOR
    assert not User.objects.get(login="hal").has_usable_password()


def test_it_counts_as_a_second_factor(octo: Estate, provider: Provider) -> None:
    type(octo.enterprise).objects.update(two_factor_required=True)
    provider.put("ivy", groups=["owners"])
    client, _answer = come_in(provider, "ivy")
    assert client.get("/enterprises/octo-corp").status_code == 200


def test_somebody_switched_off_here_stays_out(octo: Estate, provider: Provider) -> None:
    User.objects.filter(pk=octo.owner.pk).update(is_active=False)
    provider.put("jan", email=octo.owner.email, groups=["owners"])
    client, _answer = come_in(provider, "jan")
    assert client.get("/settings").status_code == 302


def test_saying_no_there_and_a_forged_answer_sign_nobody_in(octo: Estate, provider: Provider) -> None:
    client = Client()
    page = client.get(provider.answer(start(client), action="deny"), follow=True)
    assert "Sign-in was cancelled" in text(page)
    provider.put("kim", groups=["owners"])
    theirs = provider.answer(start(Client()), sub="kim")
    page = client.get(theirs)
    assert "Sign-in did not work" in text(page)
    assert client.get("/settings").status_code == 302


def test_a_provider_that_is_away_is_said(octo: Estate, settings: Settings) -> None:
    values: dict[str, Any] = {"client_id": "x", "secret": "y", "name": "Away", "scope": ""}
    settings.SOCIALACCOUNT_PROVIDERS = options.oidc({**values, "issuer": f"http://127.0.0.1:{free_port()}"})
    answer = Client().get("/sign-in/oidc/sso/login/")
    assert "Sign-in did not work" in text(answer)


def test_nobody_adds_an_identity_to_whoever_is_signed_in(octo: Estate, provider: Provider) -> None:
    client = Client()
    client.force_login(octo.owner)
    provider.put("leo", email="leo@elsewhere.example")
    client.get(provider.answer(start(client, "?process=connect"), sub="leo"))
    assert not SocialAccount.objects.exists()


def test_nothing_is_kept_but_the_provider_s_id(octo: Estate, provider: Provider) -> None:
    provider.put("mia", groups=["owners"], address={"locality": "Kyoto"}, phone_number="+81")
    come_in(provider, "mia")
    account = SocialAccount.objects.get()
    assert (account.uid, account.extra_data) == ("mia", {})
    assert not SocialToken.objects.exists()


def test_it_leads_to_no_other_site(octo: Estate, provider: Provider) -> None:
    provider.put("ned", groups=["owners"])
    client = Client()
    back = client.get(provider.answer(start(client, "?next=https://evil.example/"), sub="ned"))
    assert "evil" not in back.headers["Location"]


def test_a_way_that_is_not_set_is_not_there(
    octo: Estate, settings: Settings, enter: Callable[..., Client]
) -> None:
    settings.SOCIALACCOUNT_PROVIDERS = {}
    for path in ("oidc/sso/login/", "oidc/sso/login/callback/", "github/login/", "github/login/callback/"):
        assert Client().get(f"/sign-in/{path}").status_code == 404
    assert "Sign in with" not in text(Client().get("/login/")).replace("Sign in with a passkey", "")
    assert Invitation.objects.count() == 0

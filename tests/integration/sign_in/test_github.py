"""Sign in with GitHub, against pretend GitHub: an enterprise owner there becomes owner here, and nobody else."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

import pytest
import requests
from allauth.socialaccount.models import SocialAccount, SocialToken
from django.http import HttpResponseBase
from django.test import Client
from pytest_django import Settings

from ghconnect.models import AuditEvent, Enterprise, Membership, Role, User
from ghconnect.sandbox.oauth import CLIENT_ID, CLIENT_SECRET
from ghconnect.sign_in import github_places, options
from tests.support import estate as estates
from tests.support.estate import Estate
from tests.support.sandbox import Sandbox

from .conftest import text

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _set(sandbox: Sandbox, settings: Settings) -> None:
    url = f"{sandbox.pages_url}/ghec"
    settings.GHCONNECT_SANDBOX_URL, settings.GHCONNECT_GITHUB_URL = sandbox.pages_url, url
    settings.SOCIALACCOUNT_PROVIDERS = options.github(CLIENT_ID, CLIENT_SECRET)


@pytest.fixture
def octo() -> Estate:
    made = estates.estate()
    Enterprise.objects.filter(pk=made.enterprise.pk).update(sandbox=True)
    return made


def come_in(login: str, **form: Any) -> tuple[Client, HttpResponseBase]:
    client = Client(headers={"host": "localhost"})
    asked = client.get("/sign-in/github/login/").headers["Location"]
    back = requests.post(asked, data=form or {"login": login}, allow_redirects=False, timeout=10)
    place = urlsplit(back.headers["Location"])
    return client, client.get(f"{place.path}?{place.query}")


def somebody_else(sandbox: Sandbox) -> str:
    page = requests.get(
        f"{sandbox.pages_url}/ghec/login/oauth/authorize",
        params={"client_id": CLIENT_ID, "redirect_uri": "http://localhost/x"},
        timeout=10,
    ).text
    return page.split("Authorize as ")[2].partition("<")[0]


def owner_there(sandbox: Sandbox) -> str:
    page = requests.get(
        f"{sandbox.pages_url}/ghec/login/oauth/authorize",
        params={"client_id": CLIENT_ID, "redirect_uri": "http://localhost/x"},
        timeout=10,
    ).text
    return page.split("Authorize as ")[1].partition("<")[0]


def test_an_enterprise_owner_there_becomes_owner_here(octo: Estate, sandbox: Sandbox) -> None:
    client, answer = come_in(owner_there(sandbox))
    assert answer.status_code == 302, text(answer)
    given = Membership.objects.exclude(user__in=(octo.owner, octo.biller)).get()
    assert (given.role, given.source, given.enterprise) == (Role.OWNER, "github", octo.enterprise)
    assert client.get("/enterprises/octo-corp/settings").status_code == 200
    assert "owner at GitHub" in text(client.get("/enterprises/octo-corp/settings/people"))
    assert not SocialToken.objects.exists()
    assert SocialAccount.objects.get().extra_data == {}


def test_a_member_there_is_nobody_here(octo: Estate, sandbox: Sandbox) -> None:
    client, answer = come_in(somebody_else(sandbox))
    assert answer.status_code == 403
    assert AuditEvent.objects.get(action="user.failed_login").data["way"] == "github"
    assert client.get("/settings").status_code == 302
    assert User.objects.count() == 2


def test_an_owner_who_is_one_no_more_loses_it_at_the_next_sign_in(octo: Estate, sandbox: Sandbox) -> None:
    come_in(owner_there(sandbox))
    user = Membership.objects.get(source="github").user
    account = SocialAccount.objects.get()
    # The pretend owner stays one: let somebody else have their account.
    login = somebody_else(sandbox)
    come_in(login)
    account.uid = str(ghec_id(sandbox, login))
    account.save()
    come_in(login)
    assert not Membership.objects.filter(user=user).exists()


def ghec_id(sandbox: Sandbox, login: str) -> int:
    """The number pretend GitHub gives somebody, by the flow itself."""
    base, back = f"{sandbox.pages_url}/ghec", "http://localhost/x"
    asked = {"client_id": CLIENT_ID, "redirect_uri": back, "scope": "read:user"}
    led = requests.post(
        f"{base}/login/oauth/authorize",
        params=asked,
        data={"login": login},
        allow_redirects=False,
        timeout=10,
    ).headers["Location"]
    code = led.split("code=")[1].partition("&")[0]
    form = {"client_id": CLIENT_ID, "client_secret": CLIENT_SECRET, "code": code, "redirect_uri": back}
    token = requests.post(f"{base}/login/oauth/access_token", data=form, timeout=10).json()["access_token"]
    again = requests.post(f"{base}/login/oauth/access_token", data=form, timeout=10).json()
    assert again == {"error": "bad_verification_code"}
    headers = {"Authorization": f"Bearer {token}"}
    return int(requests.get(f"{base}/api/v3/user", headers=headers, timeout=10).json()["id"])


def test_saying_no_there_signs_nobody_in(octo: Estate) -> None:
    client, answer = come_in("", deny="1")
    assert answer.headers["Location"] == "/sign-in/cancelled"
    assert client.get("/settings").status_code == 302


@pytest.mark.parametrize(
    ("values", "owns"),
    [
        ({"kind": "organization"}, False),
        ({"slug": "octo-corp_enterprise", "account": "octo-corp"}, True),
        ({"slug": "octo-corp_enterprise"}, False),
    ],
)
def test_the_owner_of_an_enterprise_owns_no_organization_of_its_name(
    octo: Estate, sandbox: Sandbox, values: dict[str, str], owns: bool
) -> None:
    Enterprise.objects.filter(pk=octo.enterprise.pk).update(**values)
    come_in(owner_there(sandbox))
    assert Membership.objects.filter(enterprise=octo.enterprise, source="github").exists() is owns


def test_enterprises_of_another_github_are_not_asked_about(octo: Estate, sandbox: Sandbox) -> None:
    other = estates.estate("acme", "ghe.acme.example")
    come_in(owner_there(sandbox))
    assert not Membership.objects.filter(enterprise=other.enterprise, source="github").exists()


@pytest.mark.parametrize(
    ("url", "graphql"),
    [
        ("https://github.com", "https://api.github.com/graphql"),
        ("https://octo.ghe.com", "https://api.octo.ghe.com/graphql"),
        ("https://ghe.example.com", "https://ghe.example.com/api/graphql"),
    ],
)
def test_where_graphql_is(url: str, graphql: str) -> None:
    assert github_places.graphql_url(url) == graphql

"""Sign-in by SAML: signed assertions that answer a request of ours, and nothing else."""

from __future__ import annotations

import base64
import os
import re
import zlib
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.test import Client

from ghconnect.models import Membership, Role, User
from tests.support import estate as estates
from tests.support.estate import Estate

pytestmark = pytest.mark.django_db
ACS = "http://localhost/sign-in/saml/sso/acs/"
TIME = "%Y-%m-%dT%H:%M:%SZ"


@pytest.fixture
def octo() -> Estate:
    return estates.estate()


def start(client: Client) -> str:
    """Press the button; return the id of the request that goes to the provider."""
    led = client.get("/sign-in/saml/sso/login/").headers["Location"]
    assert led.startswith("https://idp.example/sso?")
    request = zlib.decompress(base64.b64decode(parse_qs(urlsplit(led).query)["SAMLRequest"][0]), -15).decode()
    found = re.search(r'ID="([^"]+)"', request)
    assert found
    return found[1]


def assertion(request: str, email: str, groups: list[str], **wrong: Any) -> str:
    now = datetime.now(UTC) + wrong.get("later", timedelta())
    until, audience = (
        now + timedelta(minutes=5),
        wrong.get("audience", "http://localhost/sign-in/saml/sso/metadata/"),
    )
    values = "".join(f"<saml:AttributeValue>{group}</saml:AttributeValue>" for group in groups)
    name = "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress"
    return (
        f'<saml:Assertion xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" ID="_a1" Version="2.0" '
        f'IssueInstant="{now:{TIME}}"><saml:Issuer>https://idp.example/metadata</saml:Issuer><saml:Subject>'
        f'<saml:NameID Format="{name}">{email}</saml:NameID>'
        f'<saml:SubjectConfirmation Method="urn:oasis:names:tc:SAML:2.0:cm:bearer"><saml:SubjectConfirmationData '
        f'NotOnOrAfter="{until:{TIME}}" Recipient="{ACS}" InResponseTo="{request}"/></saml:SubjectConfirmation>'
        f'</saml:Subject><saml:Conditions NotBefore="{now:{TIME}}" NotOnOrAfter="{until:{TIME}}">'
        f"<saml:AudienceRestriction><saml:Audience>{audience}</saml:Audience></saml:AudienceRestriction>"
        f'</saml:Conditions><saml:AuthnStatement AuthnInstant="{now:{TIME}}" SessionIndex="_s1"><saml:AuthnContext>'
        "<saml:AuthnContextClassRef>urn:oasis:names:tc:SAML:2.0:ac:classes:Password</saml:AuthnContextClassRef>"
        "</saml:AuthnContext></saml:AuthnStatement><saml:AttributeStatement>"
        f'<saml:Attribute Name="groups">{values}</saml:Attribute></saml:AttributeStatement></saml:Assertion>'
    )


def answer(request: str, told: str, *, signed: bool = True) -> str:
    """The provider's answer, its assertion signed."""
    from onelogin.saml2.utils import OneLogin_Saml2_Utils as Utils

    pem = Path(os.environ["GHCONNECT_SAML_CERTIFICATE"])
    if signed:
        key = pem.with_suffix(".key").read_text()
        rsa, sha = (
            "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256",
            "http://www.w3.org/2001/04/xmlenc#sha256",
        )
        told = Utils.add_sign(told, key, pem.read_text(), sign_algorithm=rsa, digest_algorithm=sha).decode()
    now = datetime.now(UTC)
    whole = (
        f'<samlp:Response xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" ID="_r1" Version="2.0" '
        f'IssueInstant="{now:{TIME}}" Destination="{ACS}" InResponseTo="{request}">'
        '<saml:Issuer xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion">https://idp.example/metadata</saml:Issuer>'
        '<samlp:Status><samlp:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:Success"/></samlp:Status>'
        f"{told}</samlp:Response>"
    )
    return base64.b64encode(whole.encode()).decode()


def come_in(client: Client, response: str) -> Any:
    return client.post("/sign-in/saml/sso/acs/", {"SAMLResponse": response}, follow=True)


@pytest.fixture
def browser() -> Client:
    return Client(headers={"host": "localhost"}, enforce_csrf_checks=True)


def is_in(client: Client) -> bool:
    return client.get("/settings").status_code == 200


def test_a_group_makes_an_owner(octo: Estate, browser: Client) -> None:
    assert "Sign in with Octo SAML" in browser.get("/login/").content.decode()
    request = start(browser)
    come_in(browser, answer(request, assertion(request, "ann@octo.example", ["owners"])))
    assert is_in(browser)
    assert Membership.objects.get(user__email="ann@octo.example").role == Role.OWNER


def test_who_is_here_is_known_by_the_address(octo: Estate, browser: Client) -> None:
    request = start(browser)
    come_in(browser, answer(request, assertion(request, octo.biller.email, [])))
    assert octo.biller.email in browser.get("/settings").content.decode()
    assert User.objects.count() == 2


def test_nobody_without_a_role_gets_in(octo: Estate, browser: Client) -> None:
    request = start(browser)
    page = come_in(browser, answer(request, assertion(request, "eve@octo.example", ["x"])))
    assert "You have no role here" in page.content.decode()
    assert not is_in(browser)


@pytest.mark.parametrize(
    "wrong", ["unsigned", "changed", "audience", "later", "another request", "nonsense", "xxe"]
)
def test_anything_else_is_refused(octo: Estate, browser: Client, wrong: str) -> None:
    request = start(browser)
    elsewhere: dict[str, Any] = {"audience": "https://other.example", "later": timedelta(hours=2)}
    more = {wrong: elsewhere[wrong]} if wrong in elsewhere else {}
    asked = "_no-request-of-ours" if wrong == "another request" else request
    sent = answer(asked, assertion(asked, octo.owner.email, ["owners"], **more), signed=wrong != "unsigned")
    if wrong == "changed":
        plain = base64.b64decode(sent).decode().replace(octo.owner.email, octo.biller.email)
        sent = base64.b64encode(plain.encode()).decode()
    if wrong == "nonsense":
        sent = "AAAA"
    if wrong == "xxe":
        bomb = '<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><x>&a;</x>'
        sent = base64.b64encode(bomb.encode()).decode()
    page = come_in(browser, sent)
    assert not is_in(browser), wrong
    assert page.status_code < 500
    assert "root:" not in page.content.decode()


def test_an_answer_is_taken_once(octo: Estate, browser: Client) -> None:
    request = start(browser)
    sent = answer(request, assertion(request, octo.owner.email, []))
    come_in(browser, sent)
    assert is_in(browser)
    other = Client(headers={"host": "localhost"})
    come_in(other, sent)
    assert not is_in(other)


def test_the_provider_is_told_where_to_answer(browser: Client) -> None:
    told = browser.get("/sign-in/saml/sso/metadata/").content.decode()
    assert ACS in told
    assert 'WantAssertionsSigned="true"' in told

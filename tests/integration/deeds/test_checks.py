"""The checks of a connection: which step fails for which trouble, and that nothing behind it is reached."""

from __future__ import annotations

import pytest
from pytest_django import Settings

from ghconnect.github.http import Timeouts
from ghconnect.records import Check
from ghconnect.usecases import clients
from ghconnect.usecases.checks import ENTERPRISE, SERVER, check_enterprise, check_server
from tests.integration.deeds.conftest import HOST, wrong
from tests.support.sandbox import Sandbox


def failures(found: list[Check]) -> list[tuple[str, str]]:
    return [(check.key, check.problem) for check in found if check.ok is False]


def reached(found: list[Check]) -> list[str]:
    return [check.key for check in found if check.ok]


def octo(pretend: Sandbox, token: str = "", slug: str = "octo-corp", host: str = HOST) -> list[Check]:
    return check_enterprise(host, slug, token or pretend.world["enterprise"]["token"])


def tokyo(pretend: Sandbox, token: str | None = None, host: str = "", ca: str = "") -> list[Check]:
    row = pretend.server("tokyo")
    return check_server(host or row["host"], row["token"] if token is None else token, ca)


def test_a_good_enterprise_token_passes_every_check(pretend: Sandbox) -> None:
    found = octo(pretend)
    assert failures(found) == []
    assert tuple(check.key for check in found) == ENTERPRISE
    assert set(reached(found)) == set(ENTERPRISE)
    assert next(check.detail for check in found if check.key == "report") == "236 / 250"


def test_a_good_server_token_passes_every_check(pretend: Sandbox) -> None:
    found = tokyo(pretend)
    assert reached(found) == list(SERVER)
    assert next(check.detail for check in found if check.key == "product").startswith("3.19")


@pytest.mark.parametrize(
    ("part", "failed"),
    [
        ("PRETENDExpired", [("identity", "unauthorized")]),
        ("NoSingleSignOn", [("identity", "sso")]),
        ("NoScope", [("scope", "scope"), ("report", "not_found_ghec")]),
        ("NotAnOwner", [("report", "not_found_ghec")]),
        ("FineGrained", [("kind", "token_kind"), ("report", "token_kind")]),
    ],
)
def test_wrong_enterprise_tokens(part: str, failed: list[tuple[str, str]], pretend: Sandbox) -> None:
    assert failures(octo(pretend, wrong(pretend, part))) == failed


@pytest.mark.parametrize(
    ("part", "failed"),
    [
        ("TokyoExpired", [("identity", "unauthorized")]),
        ("TokyoNoScope", [("role", "not_site_admin"), ("scope", "scope")]),
        ("TokyoNotSiteAdmin", [("role", "not_site_admin")]),
    ],
)
def test_wrong_server_tokens(part: str, failed: list[tuple[str, str]], pretend: Sandbox) -> None:
    assert failures(tokyo(pretend, wrong(pretend, part))) == failed


def test_without_a_token_the_way_is_checked(pretend: Sandbox) -> None:
    found = tokyo(pretend, token="")
    assert reached(found) == ["name", "address", "connect", "tls", "product"]
    assert failures(found) == [("kind", "no_token")]


@pytest.mark.parametrize("kind", ["refused", "slow"])
def test_a_server_that_does_not_answer(kind: str, pretend: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clients, "CHECKING", Timeouts(read=1))
    pretend.post_control("break", host="tokyo", kind=kind, value=3 if kind == "slow" else None)
    found = tokyo(pretend)
    assert failures(found) == [("connect", {"refused": "refused", "slow": "timeout"}[kind])]
    assert reached(found) == ["name", "address"]
    assert all(check.ok is None for check in found[3:])


@pytest.mark.parametrize(
    ("kind", "problem"),
    [("empty", "wrong_host"), ("server_error", "server_error"), ("not_found", "wrong_host")],
)
def test_a_host_that_answers_like_no_instance(kind: str, problem: str, pretend: Sandbox) -> None:
    pretend.post_control("break", host="tokyo", kind=kind)
    found = tokyo(pretend)
    assert failures(found) == [("product", problem)]
    assert reached(found) == ["name", "address", "connect", "tls"]


def test_a_report_in_the_making_is_a_good_sign(pretend: Sandbox) -> None:
    pretend.post_control("break", host="tokyo", kind="accepted")
    assert reached(tokyo(pretend)) == list(SERVER)


def test_a_name_nobody_knows() -> None:
    found = check_server("nosuch.invalid", "x")
    assert failures(found) == [("name", "dns")]
    assert reached(found) == []


def test_an_address_that_may_not_be_called(pretend: Sandbox, settings: Settings) -> None:
    settings.GHCONNECT_ALLOWED_NETWORKS = []
    found = tokyo(pretend)
    assert failures(found) == [("address", "address_refused")]
    assert reached(found) == ["name"]
    assert found[1].params["ip"] == "127.0.0.1"


def test_a_certificate_that_is_not_trusted_names_its_authority(pretend: Sandbox, settings: Settings) -> None:
    settings.GHCONNECT_CA_BUNDLE = ""
    found = tokyo(pretend)
    assert failures(found) == [("tls", "tls_ca")]
    assert reached(found) == ["name", "address", "connect"]
    assert found[3].params["issuer"]
    assert reached(tokyo(pretend, ca=pretend.ca.read_text())) == list(SERVER)


def test_a_ca_that_is_none(pretend: Sandbox) -> None:
    assert failures(tokyo(pretend, ca="-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")) == [
        ("tls", "bad_ca")
    ]


def test_what_is_not_readable_beside_the_report_is_no_failure_of_it(pretend: Sandbox) -> None:
    pretend.post_control("break", host="ghec", kind="server_error", path="/graphql")
    found = octo(pretend)
    assert failures(found) == []
    assert [check.key for check in found if check.ok is None] == ["role", "identities"]

"""Answers that hold anything at all are read without failing, and what is documented is read right."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ghconnect.github import account, cloud_rows, identities, reading, tokens
from ghconnect.github.http import Answer
from ghconnect.records import Identity

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=10,
)
ROW_KEYS = st.sampled_from(
    [
        "github_com_login",
        "github_com_name",
        "enterprise_server_user_ids",
        "github_com_two_factor_auth",
        "github_com_enterprise_roles",
        "github_com_enterprise_role",
        "total_user_accounts",
        "enterprise_server_emails",
    ]
)


@given(st.dictionaries(ROW_KEYS, JSON))
def test_any_row_is_read(row: dict[str, Any]) -> None:
    found = cloud_rows.license_row(row)
    assert isinstance(found.github_com_login, str)
    assert all(found.enterprise_server_user_ids)
    assert found.github_com_two_factor_auth in (True, False, None)


def test_the_documented_server_only_row() -> None:
    """The example of the published schema: "" where a boolean stands, and the old singular role."""
    found = cloud_rows.license_row(
        {
            "github_com_login": "",
            "github_com_name": None,
            "enterprise_server_user_ids": ["example_host_name:123"],
            "github_com_user": False,
            "enterprise_server_user": True,
            "github_com_enterprise_role": "owner",
            "github_com_two_factor_auth": "",
            "enterprise_server_emails": ["hubot@example.com"],
            "total_user_accounts": 1,
        }
    )
    assert found.enterprise_server_user_ids == ("example_host_name:123",)
    assert (found.github_com_user, found.enterprise_server_user) == (False, True)
    assert (found.github_com_two_factor_auth, found.github_com_enterprise_roles) == (None, ("owner",))


def answered(link: str) -> Answer:
    return Answer("h", 200, {"link": link}, b"")


@pytest.mark.parametrize(
    ("link", "last"),
    [
        ("", 3),
        ('<https://x/e?per_page=100&page=4>; rel="next", <https://x/e?page=9>; rel="last"', 9),
        ('<https://x/e?page=2>; rel="prev", <https://x/e?page=1>; rel="first"', 3),
        ('<https://x/e?page=4>; rel="next"', 4),
        ('<https://x/e?page=evil>; rel="last"', 3),
        ('<https://evil.example/e?page=9999999999999>; rel="last"', 3),
    ],
)
def test_the_last_page_is_read_from_link(link: str, last: int) -> None:
    assert account.last_page(answered(link), 3) == last


def test_identities_carry_the_five_attributes_and_scim() -> None:
    claims = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/"
    node = {
        "user": {"login": "jdoe"},
        "samlIdentity": {
            "nameId": "n",
            "username": "u",
            "emails": [{"value": "e"}, {"value": ""}],
            "attributes": [
                {"name": claims + "name", "value": "cn"},
                {"name": claims + "emailaddress", "value": "ce"},
                {"name": "department", "value": "no"},
                {"name": "NameID", "value": "n"},
            ],
        },
        "scimIdentity": {"username": "su", "emails": [{"value": "se"}]},
    }
    assert set(identities.of(node)) == {
        Identity("jdoe", "saml_name_id", "n"),
        Identity("jdoe", "saml_claim_name", "cn"),
        Identity("jdoe", "saml_claim_emailaddress", "ce"),
        Identity("jdoe", "saml_username", "u"),
        Identity("jdoe", "saml_emails", "e"),
        Identity("jdoe", "scim_username", "su"),
        Identity("jdoe", "scim_emails", "se"),
    }


def test_an_identity_nobody_is_linked_to_says_nothing() -> None:
    assert list(identities.of({"user": None, "samlIdentity": {"nameId": "n"}})) == []


@given(JSON)
def test_any_provider_is_read(value: Any) -> None:
    page = identities.page({"samlIdentityProvider": value, "oidcProvider": value})
    assert isinstance(page.readable, bool)
    inner = identities.page({"oidcProvider": {"externalIdentities": {"nodes": value}}})
    assert inner.readable


@pytest.mark.parametrize(
    ("token", "kind"),
    [
        ("ghp_x", "classic"),
        ("0123456789abcdef0123456789abcdef01234567", "classic"),
        ("github_pat_x", "fine-grained"),
        ("gho_x", "OAuth"),
        ("ghs_x", "GitHub App"),
    ],
)
def test_the_kind_of_a_token_is_its_prefix(token: str, kind: str) -> None:
    assert tokens.kind(token) == kind


@pytest.mark.parametrize(
    "token", ["", "short", "ghp_" + "x" * 20 + "\n", "ghp_ " + "x" * 20, "ghp_é" + "x" * 20, "x" * 301]
)
def test_what_cannot_be_a_token(token: str) -> None:
    assert not tokens.usable(token)


@pytest.mark.parametrize(
    ("value", "found"),
    [
        ("2026-12-31 23:00:00 UTC", datetime(2026, 12, 31, 23, tzinfo=UTC)),
        ("2026-12-31 23:00:00 +0100", datetime(2026, 12, 31, 22, tzinfo=UTC)),
        ("never", None),
        ("", None),
    ],
)
def test_when_a_token_expires(value: str, found: datetime | None) -> None:
    answer = Answer("h", 200, {"github-authentication-token-expiration": value}, b'{"login": "mona"}')
    assert tokens.facts(answer, "ghp_x").expires_at == found


def test_scopes_github_did_not_tell_are_unknown_not_none() -> None:
    assert tokens.facts(Answer("h", 200, {}, b"{}"), "ghp_x").scopes is None
    assert tokens.facts(Answer("h", 200, {"x-oauth-scopes": ""}, b"{}"), "ghp_x").scopes == ()
    assert tokens.facts(Answer("h", 200, {"x-oauth-scopes": "a, b"}, b"[]"), "ghp_x").scopes == ("a", "b")


def test_times_without_a_zone_are_utc() -> None:
    assert reading.moment({"at": "2026-11-24T06:00:00"}, "at") == datetime(2026, 11, 24, 6, tzinfo=UTC)
    assert reading.moment({"at": ""}, "at") is None
    assert reading.moment({"at": "never synced"}, "at") is None

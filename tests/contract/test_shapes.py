"""Every answer has the published shape, and no field that is not published."""

import re
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from ghconnect import sandbox
from tests.contract.client import API, LICENSES, SCHEMAS, Client, schema

CLOUD = {
    "consumed-licenses": f"{LICENSES}?per_page=100",
    "license-sync-status": "/enterprises/octo-corp/license-sync-status",
    "visual-studio-subscriptions": "/enterprises/octo-corp/visual-studio-subscriptions",
    "server-statistics": "/enterprise-installation/octo-corp/server-statistics?date_start=2026-01-01",
    "advanced-security": "/enterprises/octo-corp/settings/billing/advanced-security",
    "ghec-meta": "/meta",
    "rate-limit": "/rate_limit",
    "versions": "/versions",
}
SERVER = {
    "ghes-meta": "/api/v3/meta",
    "license": "/api/v3/enterprise/settings/license",
    "stats-all": "/api/v3/enterprise/stats/all",
    "stats-users": "/api/v3/enterprise/stats/users",
    "users": "/api/v3/users?per_page=100",
    "scim-users": "/api/v3/scim/v2/enterprises/octo-corp/Users?count=100",
}
REPORT_COLUMNS = (
    "created_at,id,login,email,role,suspended?,last_logged_ip,repos,ssh_keys,org_memberships,dormant?,last_active,"
    "raw_login,2fa_enabled?"
)


def fits(name: str, body: Any) -> None:
    published = schema(name)
    Draft202012Validator(published).validate(body)
    assert not list(unpublished(published, body))


def unpublished(published: dict[str, Any], body: Any) -> list[str]:
    """Names in an answer that the schema does not have."""
    options = published.get("anyOf") or published.get("allOf") or [published]
    if isinstance(body, list):
        inner = published.get("items", {})
        return [found for each in body for found in unpublished(inner, each)]
    known = {name: part for option in options for name, part in option.get("properties", {}).items()}
    if not isinstance(body, dict) or not known:
        return []
    extra = [name for name in body if name not in known]
    return extra + [
        found for name, value in body.items() if name in known for found in unpublished(known[name], value)
    ]


@pytest.mark.parametrize("name", CLOUD)
def test_ghec_answers_have_the_published_shape(client: Client, name: str) -> None:
    answer = client.cloud(CLOUD[name])
    assert answer.status == 200
    fits(name, answer.json)


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("outside-collaborators", "/orgs/octo-garden/outside_collaborators"),
        ("org-invitations", "/orgs/octo-garden/invitations"),
    ],
)
def test_an_organization_answers_in_the_published_shape(client: Client, name: str, path: str) -> None:
    answer = client.ask(API, path, client.world["organization"]["token"])
    assert answer.status == 200
    assert answer.json
    fits(name, answer.json)


def test_managed_users_have_the_published_shape(client: Client) -> None:
    path = "/scim/v2/enterprises/octo-corp/Users?count=100"
    assert client.cloud(path).status == 404
    client.sandbox.post_control("identity-provider", at="enterprise", managed_users=True)
    try:
        body = client.cloud(path).json
    finally:
        client.sandbox.post_control("identity-provider", at="enterprise")
    fits("ghec-scim-users", body)
    assert body["totalResults"] > 100


@pytest.mark.parametrize("name", SERVER)
def test_ghes_answers_have_the_published_shape(client: Client, name: str) -> None:
    answer = client.on("berlin", SERVER[name])
    assert answer.status == 200
    fits(name, answer.json)


def test_a_misspelt_or_mistyped_field_would_be_seen(client: Client) -> None:
    body = client.cloud(CLOUD["consumed-licenses"]).json
    assert unpublished(schema("consumed-licenses"), {**body, "users": [{"login": ""}]}) == ["login"]
    body["users"][0]["total_user_accounts"] = "1"
    assert not Draft202012Validator(schema("consumed-licenses")).is_valid(body)


def test_every_row_has_every_published_field(client: Client) -> None:
    published = schema("consumed-licenses")["properties"]["users"]["items"]["properties"]
    assert {frozenset(row) for row in client.rows()} == {frozenset(published)}


def test_graphql_types_are_the_published_ones() -> None:
    ours = _types((Path(sandbox.__file__).with_name("schema.graphql")).read_text())
    published = _types((SCHEMAS / "published.graphql").read_text())
    compared = [name for name in ours if name in published]
    assert len(compared) >= 20
    for name in compared:
        assert _without_arguments(ours[name]) <= _without_arguments(published[name]), name


def _types(text: str) -> dict[str, str]:
    return dict(
        re.findall(r"^(?:type|enum|union) (\w+)[^\n{]*(\{.*?^\}|= .*?$)", text, re.MULTILINE | re.DOTALL)
    )


def _without_arguments(body: str) -> set[str]:
    return {re.sub(r"\(.*\)", "", line).strip() for line in body.splitlines()}


def test_the_report_has_the_documented_columns(client: Client) -> None:
    answer = client.report("tokyo")
    assert answer.body.decode().splitlines()[0] == REPORT_COLUMNS
    assert answer.headers["content-type"].startswith("text/csv")
    assert answer.body.endswith(b"\n")
    by_id = [int(row["id"]) for row in client.accounts("tokyo")]
    assert by_id == list(range(1, 97))


def test_errors_have_githubs_body(client: Client) -> None:
    body = client.cloud("/enterprises/another/consumed-licenses").json
    assert body == {
        "message": "Not Found",
        "documentation_url": "https://docs.github.com/rest",
        "status": "404",
    }


def test_scim_is_on_one_server_alone_and_its_errors_are_scims(client: Client) -> None:
    answer = client.on("tokyo", SERVER["scim-users"])
    assert answer.status == 404
    assert answer.headers["content-type"] == "application/scim+json"
    assert answer.json["status"] == 404
    suspended = [
        user for user in client.on("berlin", SERVER["scim-users"]).json["Resources"] if not user["active"]
    ]
    assert len(suspended) == 2
    assert all(re.fullmatch("[0-9a-f]{32}", user["userName"]) for user in suspended)
    found = client.on(
        "berlin", '/api/v3/scim/v2/enterprises/octo-corp/Users?filter=userName%20eq%20"scim-admin"'
    )
    assert found.json["totalResults"] == 1

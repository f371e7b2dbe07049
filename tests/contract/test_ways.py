"""There is somebody for every way in which GitHub's rules join accounts, or do not (reference §4.3)."""

import json
from typing import Any

import pytest
import requests

from tests.contract.client import Client

WAYS = {
    "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/name": "attributes",
    "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/emailaddress": "attributes",
    "username": "username",
    "NameID": "nameId",
    "emails": "emails",
    "scim:username": "scim",
    "scim:emails": "scim",
}


@pytest.fixture
def join(client: Client) -> Any:
    """Adds an account to Osaka with an address, syncs it, and returns the cloud login it was joined to."""

    def joined(email: str | None) -> str:
        made = client.sandbox.post_control("add-account", host="osaka", login="newcomer", email=email)
        client.sandbox.post_control("sync-now", host="osaka")
        row = next(
            row
            for row in client.rows()
            if f"{made['host']}:{made['id']}" in row["enterprise_server_user_ids"]
        )
        return str(row["github_com_login"])

    return joined


def by_source(client: Client, source: str) -> tuple[str, str]:
    """(login, address) of somebody whose only matching value has this source."""
    query = """query { enterprise(slug: "octo-corp") { ownerInfo { samlIdentityProvider {
      externalIdentities(first: 20) { nodes { user { login }
      samlIdentity { nameId username emails { value } attributes { name value } }
      scimIdentity { username emails { value } } } } } } } }"""
    owner_info = client.graphql(query)["data"]["enterprise"]["ownerInfo"]
    nodes = owner_info["samlIdentityProvider"]["externalIdentities"]["nodes"]
    for node in nodes:
        found = dict(_addresses(node))
        if set(found) == {source}:
            return node["user"]["login"], found[source]
    raise AssertionError(f"nobody is joined by {source} alone")


def _addresses(node: dict[str, Any]) -> list[tuple[str, str]]:
    saml, scim = node["samlIdentity"], node["scimIdentity"] or {"username": None, "emails": []}
    pairs = [("NameID", saml["nameId"]), ("scim:username", scim["username"])]
    pairs += [(each["name"], each["value"]) for each in saml["attributes"]]
    pairs += [("scim:emails", each["value"]) for each in scim["emails"]]
    return [(name, value) for name, value in pairs if value and "@" in value]


@pytest.mark.parametrize("source", WAYS)
def test_each_attribute_joins(client: Client, join: Any, source: str) -> None:
    login, address = by_source(client, source)
    assert join(address) == login


def test_case_does_not_matter_and_space_around_neither(join: Any) -> None:
    assert join(" Jane.Doe@OCTO-corp.example ") == "jdoe"


def test_a_verified_email_joins_also_one_that_nobody_can_see(client: Client, join: Any) -> None:
    visible = {email for row in client.rows() for email in row["github_com_verified_domain_emails"]}
    assert "li-wei@home.example" not in visible
    assert join("li-wei@home.example") == "li-wei"


def test_a_tie_goes_to_the_older_cloud_account(join: Any) -> None:
    assert join("priya.nair@octo-corp.example") == "priya-nair"


def test_a_secondary_address_joins_nothing(client: Client) -> None:
    query = """query { enterprise(slug: "octo-corp") { ownerInfo { enterpriseServerInstallations(first: 1) {
      nodes { userAccounts(first: 100) { nodes { login remoteUserId
      emails(first: 5) { nodes { email isPrimary } } } } } } } } }"""
    server = client.graphql(query)["data"]["enterprise"]["ownerInfo"]["enterpriseServerInstallations"][
        "nodes"
    ][0]
    rows = client.rows()
    known = {row["github_com_saml_name_id"] for row in rows}
    halves = [
        account
        for account in server["userAccounts"]["nodes"]
        if any(not each["isPrimary"] and each["email"] in known for each in account["emails"]["nodes"])
        and not any(each["isPrimary"] and each["email"] in known for each in account["emails"]["nodes"])
    ]
    assert len(halves) == 1
    place = f"ghe-tokyo.octo-corp.example:{halves[0]['remoteUserId']}"
    row = next(row for row in rows if place in row["enterprise_server_user_ids"])
    assert row["github_com_login"] == ""


def test_same_primary_address_on_two_servers_is_one_person(join: Any, client: Client) -> None:
    before = client.count()
    assert join("RAVI.kumar@octo-corp.example") == ""
    assert client.count() == before + 2  # three people of Osaka arrive, Kenji joins; the newcomer is Ravi


def test_without_an_address_everybody_is_a_person(join: Any, client: Client) -> None:
    before = client.count()
    assert join(None) == ""
    assert client.count() == before + 3


def test_suspension_frees_the_license_and_dormancy_does_not(client: Client) -> None:
    dormant = [row for row in client.accounts("tokyo") if row["dormant?"] == "true"]
    assert dormant
    places = {place for row in client.rows() for place in row["enterprise_server_user_ids"]}
    assert all(f"ghe-tokyo.octo-corp.example:{row['id']}" in places for row in dormant)
    client.sandbox.post_control("sync-now", host="tokyo")
    assert client.count() == 235


def test_an_exported_file_can_be_added_by_hand_and_only_github_reads_its_people(client: Client) -> None:
    plant = client.server("plant")
    client.sandbox.post_control(
        "add-account", host="plant", login="newcomer", email="newcomer@octo-corp.example"
    )
    content = requests.get(f"{plant['web_url']}/enterprises/octo-corp/license/usage.json", timeout=30).content
    assert b"newcomer" not in content
    assert json.loads(content)["server_id"] == plant["server_id"]
    assert _add(client, content).status_code == 200
    assert client.count() == 237


def _add(client: Client, content: bytes) -> requests.Response:
    page = f"{client.sandbox.pages_url}/ghec/enterprises/octo-corp/licensing/add"
    return requests.post(page, files={"file": ("usage.json", content)}, timeout=30)


def test_files_that_github_does_not_take(client: Client) -> None:
    plant = client.server("plant")
    content = requests.get(f"{plant['web_url']}/enterprises/octo-corp/license/usage.json", timeout=30).content
    older = json.dumps({**json.loads(content), "exported": 1}).encode()
    stranger = content.replace(plant["server_id"].encode(), b"another")
    unreadable = json.dumps({**json.loads(content), "users": ["secret"]}).encode()
    for file, words in (
        (b"nonsense", "not a license usage"),
        (older, "older"),
        (stranger, "does not have"),
        (unreadable, "cannot be read"),
    ):
        answer = _add(client, file)
        assert answer.status_code == 422
        assert words in answer.text
    assert client.count() == 236

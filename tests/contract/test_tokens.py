"""Who may read what, and how a refusal looks (reference §13)."""

import pytest

from tests.contract.client import API, LICENSES, READER, Client

TOKYO = "ghe-tokyo.octo-corp.example"


def test_the_good_tokens_read_and_say_their_scopes(client: Client) -> None:
    cloud, server = client.cloud(LICENSES), client.on("tokyo", "/api/v3/user")
    assert "read:enterprise" in cloud.headers["x-oauth-scopes"]
    assert cloud.headers["x-accepted-oauth-scopes"] == "read:enterprise"
    assert server.headers["x-oauth-scopes"] == "site_admin"
    assert (server.json["login"], server.json["site_admin"]) == (READER, True)
    assert cloud.headers["x-github-request-id"] != server.headers["x-github-request-id"]
    assert server.headers["x-github-enterprise-version"] == "enterprise-server@3.19.2"


@pytest.mark.parametrize(
    ("words", "status"), [("NoScope", 404), ("NotAnOwner", 404), ("Expired", 401), ("FineGrained", 403)]
)
def test_wrong_tokens_at_ghec(client: Client, words: str, status: int) -> None:
    answer = client.wrong(LICENSES, words)
    assert (answer.status, answer.json["status"]) == (status, str(status))


def test_a_missing_scope_shows_the_scopes_there_are(client: Client) -> None:
    assert client.wrong(LICENSES, "NoScope").headers["x-oauth-scopes"] == "repo"
    assert "x-oauth-scopes" not in client.wrong(LICENSES, "FineGrained").headers


def test_wrong_name_wrong_role_and_missing_scope_look_alike(client: Client) -> None:
    answers = [client.cloud("/enterprises/another/consumed-licenses"), client.wrong(LICENSES, "NoScope")]
    answers.append(client.wrong(LICENSES, "NotAnOwner"))
    assert {answer.body for answer in answers} == {answers[0].body}


def test_a_token_without_single_sign_on_names_the_place_to_authorize(client: Client) -> None:
    answer = client.wrong(LICENSES, "SingleSignOn")
    assert answer.status == 403
    assert answer.headers["x-github-sso"].startswith("required; url=https://")


def test_no_token_and_a_made_up_one(client: Client) -> None:
    none, made_up = client.ask(API, LICENSES), client.ask(API, LICENSES, "ghp_madeup")
    assert (none.status, none.json["message"]) == (401, "Requires authentication")
    assert (made_up.status, made_up.json["message"]) == (401, "Bad credentials")
    assert (
        client.ask(
            API, LICENSES, headers={"authorization": f"token {client.world['enterprise']['token']}"}
        ).status
        == 200
    )


def test_what_github_asks_of_every_request(client: Client) -> None:
    assert client.cloud(LICENSES, user_agent=None).status == 403
    assert client.cloud(LICENSES, x_github_api_version="1999-01-01").status == 400
    assert client.cloud(LICENSES, x_github_api_version="2026-03-10").status == 200
    assert client.cloud(LICENSES + "/").status == 404
    token = client.world["enterprise"]["token"]
    assert client.ask(API, LICENSES, token, method="POST", body=b"{}").status == 404


def test_the_rate_limit_counts_and_ends(client: Client) -> None:
    first, second = client.cloud(LICENSES), client.cloud(LICENSES)
    left = [int(answer.headers["x-ratelimit-remaining"]) for answer in (first, second)]
    assert left[1] == left[0] - 1
    used = client.cloud("/rate_limit").json["resources"]["core"]["used"]
    assert used == int(second.headers["x-ratelimit-used"])
    client.sandbox.post_control("settings", rate_limit=used)
    over = client.cloud(LICENSES)
    assert (over.status, over.headers["x-ratelimit-remaining"]) == (403, "0")
    assert "rate limit" in over.json["message"]
    assert "x-ratelimit-limit" not in client.on("tokyo", "/api/v3/meta").headers


@pytest.mark.parametrize(
    ("words", "status"), [("TokyoNoScope", 404), ("TokyoNotSiteAdmin", 404), ("TokyoExpired", 401)]
)
def test_wrong_tokens_at_a_server(client: Client, words: str, status: int) -> None:
    assert client.wrong("/api/v3/enterprise/settings/license", words, TOKYO).status == status


def test_the_report_wants_the_token_of_the_user_it_is_asked_as(client: Client) -> None:
    assert client.report("tokyo").status == 200
    assert client.report("tokyo", user="somebody-else").status == 401
    assert client.report("tokyo", token="ghp_madeup").status == 401
    other = next(each["token"] for each in client.world["wrong_tokens"] if "NotSiteAdmin" in each["token"])
    assert client.report("tokyo", user="fatima-zahra", token=other).status == 404
    assert client.on("tokyo", "/api/v3/users").status == 200
    assert client.ask(TOKYO, "/api/v3/meta").status == 200


def test_graphql_says_what_is_missing(client: Client) -> None:
    query = 'query { enterprise(slug: "another") { name } }'
    found = client.graphql(query)
    assert (found["data"], found["errors"][0]["type"]) == ({"enterprise": None}, "NOT_FOUND")
    assert "errors" in client.graphql("query { nothing }")
    token = client.world["enterprise"]["token"]
    assert client.ask(API, "/graphql", token, method="POST", body=b"{").status == 400
    assert (
        client.ask(API, "/graphql", method="POST", body=b'{"query": "query { viewer { login } }"}').status
        == 401
    )

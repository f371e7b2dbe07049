"""Lists are paged as GitHub pages them (reference §13)."""

from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.contract.client import API, LICENSES, Client


def page_of(url: str) -> str:
    return parse_qs(urlsplit(url).query)["page"][0]


def test_a_walk_sees_every_row_once(client: Client) -> None:
    pages = [page.json for page in client.walk(LICENSES, per_page=30)]
    rows = [repr(row) for page in pages for row in page["users"]]
    assert [len(page["users"]) for page in pages] == [30] * 7 + [26]
    assert len(rows) == len(set(rows)) == 236
    assert {(page["total_seats_consumed"], page["total_seats_purchased"]) for page in pages} == {(236, 250)}


def test_link_names_what_there_is(client: Client) -> None:
    first, middle, last = (client.cloud(f"{LICENSES}?per_page=100&page={page}") for page in (1, 2, 3))
    assert {rel: page_of(url) for rel, url in first.links.items()} == {"next": "2", "last": "3"}
    expected = {"prev": "1", "next": "3", "last": "3", "first": "1"}
    assert {rel: page_of(url) for rel, url in middle.links.items()} == expected
    assert {rel: page_of(url) for rel, url in last.links.items()} == {"prev": "2", "first": "1"}
    assert all(url.startswith(f"https://{API}{LICENSES}?per_page=100&") for url in middle.links.values())


def test_one_page_has_no_link(client: Client) -> None:
    assert "link" not in client.cloud("/enterprises/octo-corp/visual-studio-subscriptions").headers


@pytest.mark.parametrize(
    ("query", "rows"), [("", 30), ("?per_page=500", 100), ("?per_page=x&page=y", 30), ("?page=99", 0)]
)
def test_sizes(client: Client, query: str, rows: int) -> None:
    assert len(client.cloud(LICENSES + query).json["users"]) == rows


def test_users_of_a_server_are_paged_by_since(client: Client) -> None:
    seen: list[int] = []
    path = "/api/v3/users?per_page=40"
    while path:
        answer = client.on("tokyo", path)
        seen += [user["id"] for user in answer.json]
        assert "last" not in answer.links
        following = urlsplit(answer.links.get("next", ""))
        path = f"{following.path}?{following.query}" if following.path else ""
    assert seen == list(range(1, 97))


def test_scim_is_paged_by_index(client: Client) -> None:
    path = "/api/v3/scim/v2/enterprises/octo-corp/Users?count=20&startIndex="
    pages = [client.on("berlin", f"{path}{start}").json for start in (1, 21, 41)]
    assert [page["itemsPerPage"] for page in pages] == [20, 20, 4]
    assert {page["totalResults"] for page in pages} == {44}
    assert len({user["id"] for page in pages for user in page["Resources"]}) == 44


MEMBERS = """query($slug: String!, $after: String) { enterprise(slug: $slug) { members(first: 50, after: $after,
  deployment: CLOUD) { totalCount pageInfo { hasNextPage endCursor } nodes { ... on User { login databaseId }
  ... on EnterpriseUserAccount { login user { login databaseId } } } } } }"""


def test_graphql_is_paged_by_cursor(client: Client) -> None:
    logins: list[str] = []
    page: dict[str, Any] = {"pageInfo": {"hasNextPage": True, "endCursor": None}}
    while page["pageInfo"]["hasNextPage"]:
        found = client.graphql(MEMBERS, slug="octo-corp", after=page["pageInfo"]["endCursor"])
        page = found["data"]["enterprise"]["members"]
        logins += [node["login"] for node in page["nodes"]]
    assert len(logins) == len(set(logins)) == page["totalCount"] == 191
    assert logins == sorted(logins)


def test_graphql_wants_a_bounded_page(client: Client) -> None:
    query = 'query { enterprise(slug: "octo-corp") { members%s { totalCount } } }'
    for bounds, kind in (("", "MISSING_PAGINATION_BOUNDARIES"), ("(first: 101)", "EXCESSIVE_PAGINATION")):
        assert client.graphql(query % bounds)["errors"][0]["type"] == kind


def test_what_has_not_changed_is_not_sent_again_and_costs_nothing(client: Client) -> None:
    first = client.cloud(LICENSES)
    again = client.cloud(LICENSES, **{"if-none-match": first.headers["etag"]})
    assert (again.status, again.body) == (304, b"")
    used = [int(answer.headers["x-ratelimit-used"]) for answer in (first, again, client.cloud(LICENSES))]
    assert used == [used[0], used[0], used[0] + 1]
    client.sandbox.post_control("sync-now", host="osaka")
    assert client.cloud(LICENSES, **{"if-none-match": first.headers["etag"]}).status == 200


OUTSIDE = """query($first: Int!, $after: String) { organization(login: "octo-garden") {
  repository(name: "seeds-private") { collaborators(affiliation: OUTSIDE, first: $first, after: $after) {
  totalCount pageInfo { hasNextPage endCursor } nodes { login } } } } }"""


def test_more_than_a_page_of_people_from_outside(client: Client) -> None:
    client.sandbox.post_control("outside-collaborators", count=230)
    token = client.world["organization"]["token"]
    rest = [
        client.ask(API, f"/orgs/octo-garden/outside_collaborators?per_page=100&page={page}", token).json
        for page in (1, 2, 3)
    ]
    logins: list[str] = []
    page: dict[str, Any] = {"pageInfo": {"hasNextPage": True, "endCursor": None}}
    while page["pageInfo"]["hasNextPage"]:
        found = client.graphql(OUTSIDE, "organization", first=100, after=page["pageInfo"]["endCursor"])
        page = found["data"]["organization"]["repository"]["collaborators"]
        logins += [node["login"] for node in page["nodes"]]
    assert [len(each) for each in rest] == [100, 100, 32]
    assert len(set(logins)) == len(logins) == page["totalCount"] == 231
    assert {user["login"] for each in rest for user in each} == {*logins, "robin-public"}

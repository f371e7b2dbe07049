"""The storyline's figures, asked of the sandbox as a console would (PRODUCT §4.3)."""

from collections import Counter, defaultdict
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.contract.client import Client

IDENTITIES = """query($after: String) { enterprise(slug: "octo-corp") { ownerInfo { samlIdentityProvider {
  externalIdentities(first: 100, after: $after) { pageInfo { hasNextPage endCursor } nodes { user { login }
  samlIdentity { nameId username emails { value } attributes { name value } }
  scimIdentity { username emails { value } } } } } } } }"""
ACCOUNTS = {"tokyo": 96, "osaka": 58, "berlin": 44, "nagoya": 31, "plant": 12}
Rows = list[dict[str, Any]]


def kind(row: dict[str, Any]) -> str:
    if row["github_com_orgs_with_pending_invites"]:
        return "invitation"
    if not row["github_com_user"]:
        return "server only"
    return "cloud and server" if row["enterprise_server_user_ids"] else "cloud only"


def ids(rows: Rows) -> dict[str, dict[str, Any]]:
    return {account: row for row in rows for account in row["enterprise_server_user_ids"]}


def of(short: str, number: int) -> str:
    return f"ghe-{short}.octo-corp.example:{number}"


def file_of(client: Client, short: str) -> list[dict[str, str]]:
    """A server's report: of the air-gapped one from its own page, as a person carries it."""
    return client.carried(short) if short == "plant" else client.accounts(short)


def test_236_rows_of_four_kinds(client: Client) -> None:
    kinds = Counter(kind(row) for row in client.rows())
    assert kinds == {"cloud only": 101, "cloud and server": 92, "server only": 38, "invitation": 5}
    assert client.count() == 236


def test_server_only_rows(client: Client) -> None:
    rows, received = client.rows(), logins_received(client)
    alone = [row for row in rows if kind(row) == "server only"]
    cloud = {row["github_com_login"] for row in rows if row["github_com_user"]}
    retired = [row for row in alone if "ghe-old" in row["enterprise_server_user_ids"][0]]
    robots = [row for row in alone if not row["enterprise_server_emails"]]
    halves = [row for row in alone if login(row, received) in cloud]
    assert (len(retired), len(robots), len(halves)) == (5, 3, 9)
    people = [row for row in alone if row not in retired + robots + halves]
    assert len(people) == 21
    assert sorted(len(row["enterprise_server_user_ids"]) for row in people) == [1] * 19 + [2, 2]


def login(row: dict[str, Any], received: dict[str, str]) -> str:
    """The login of a row's first server account, as GraphQL tells it."""
    return received[row["enterprise_server_user_ids"][0]]


def logins_received(client: Client) -> dict[str, str]:
    """`host:id` → login of everything that GitHub received."""
    query = """query { enterprise(slug: "octo-corp") { ownerInfo { enterpriseServerInstallations(first: 10) {
      nodes { hostName userAccounts(first: 100) { nodes { remoteUserId login } } } } } } }"""
    owner_info = client.graphql(query)["data"]["enterprise"]["ownerInfo"]
    return {
        f"{node['hostName']}:{user['remoteUserId']}": user["login"]
        for node in owner_info["enterpriseServerInstallations"]["nodes"]
        for user in node["userAccounts"]["nodes"]
    }


@pytest.mark.parametrize(("short", "count"), ACCOUNTS.items())
def test_accounts_per_server(client: Client, short: str, count: int) -> None:
    client.sandbox.post_control("repair")
    assert len(file_of(client, short)) == count


def test_when_github_received_each_server(client: Client) -> None:
    instances = client.cloud("/enterprises/octo-corp/license-sync-status").json["server_instances"]
    now = datetime.now(UTC)
    days = {
        each["hostname"].partition(".")[0]: (now - datetime.fromisoformat(each["last_sync"]["date"])).days
        for each in instances
    }
    assert days.pop("ghe-old") > 900
    expected = {"ghe-tokyo": 2, "ghe-osaka": 26, "ghe-berlin": 4, "ghe-nagoya": 1, "ghe-plant": 33}
    assert days == expected
    old = next(each for each in instances if "old" in each["hostname"])
    assert old["last_sync"] == {"date": "2024-03-14T06:00:00Z", "status": "success", "error": ""}


def test_versions(client: Client) -> None:
    shown = {each["short"]: each["version"].rpartition(".")[0] for each in client.world["servers"]}
    assert shown == {"tokyo": "3.19", "osaka": "3.17", "berlin": "3.19", "nagoya": "3.18", "plant": "3.16"}
    assert client.on("osaka", "/api/v3/meta").json["installed_version"].startswith("3.17")


def test_the_people_of_the_storyline(client: Client) -> None:
    rows = client.rows()
    by_login, by_id = {row["github_com_login"]: row for row in rows}, ids(rows)
    jane, half = by_login["jdoe"], by_id[of("tokyo", 17)]
    assert jane["github_com_saml_name_id"] == "jane.doe@octo-corp.example"
    assert half["enterprise_server_emails"] == ["jane@octo-corp.example"]
    assert not half["github_com_user"]
    assert not by_id[of("osaka", 9)]["github_com_user"]
    assert by_login["ksato"]["github_com_name"] == "佐藤 健二 (Kenji Sato)"
    assert by_id[of("tokyo", 23)]["github_com_login"] == "li-wei"
    assert by_id[of("tokyo", 31)]["enterprise_server_user_ids"] == [of("osaka", 12), of("tokyo", 31)]
    assert by_id[of("tokyo", 31)]["github_com_login"] == ""
    assert by_id[of("tokyo", 40)]["enterprise_server_emails"] == ["fatima.zahra@octo-corp.example"]
    noor = by_login["noor.haddad@octo-partner.example"]
    assert (noor["github_com_name"], noor["github_com_user"]) == (None, False)
    assert by_login["noor-haddad"]["github_com_user"]
    alex = by_login["alex-smith"]
    assert (alex["visual_studio_subscription_user"], alex["visual_studio_license_status"]) == (
        True,
        "Matched",
    )
    priya = [
        row for row in rows if "priya.nair@octo-corp.example" in row["github_com_verified_domain_emails"]
    ]
    assert sorted(row["github_com_login"] for row in priya) == ["pnair-labs", "priya-nair"]
    assert [row["github_com_login"] for row in priya if row["enterprise_server_user_ids"]] == ["priya-nair"]


def test_logins_and_addresses_on_the_servers(client: Client) -> None:
    client.sandbox.post_control("repair")
    by_id = {(short, int(row["id"])): row for short in ACCOUNTS for row in file_of(client, short)}
    logins = {
        place: by_id[place]["login"] for place in (("tokyo", 17), ("osaka", 9), ("tokyo", 23), ("tokyo", 31))
    }
    assert list(logins.values()) == ["jdoe", "ksato", "li-wei", "ravi-kumar"]
    assert by_id["osaka", 9]["email"] == "kenji.sato@octo-corp.example"
    assert by_id["tokyo", 40] | {"suspended?": "true"} == by_id["tokyo", 40]
    robots = [place for place, row in by_id.items() if row["login"] == "svc-deploy"]
    assert sorted(short for short, _ in robots) == ["nagoya", "osaka", "tokyo"]
    assert {by_id[place]["email"] for place in robots} == {""}
    assert [short for (short, _), row in by_id.items() if row["login"] == "scim-admin"] == ["berlin"]
    assert not any(
        "scim-admin" in email for row in client.rows() for email in row["enterprise_server_emails"]
    )


def test_berlins_report_would_remove_41_accounts_and_release_12_licenses(client: Client) -> None:
    kept = {int(row["id"]) for row in client.accounts("berlin")}
    client.sandbox.post_control("stage", stage="before")
    before = {int(row["id"]) for row in client.accounts("berlin")}
    assert (len(before), len(kept), len(before - kept)) == (44, 3, 41)
    gone = {of("berlin", number) for number in before - kept}
    rows = [row for row in client.rows() if kind(row) == "server only"]
    assert len([row for row in rows if set(row["enterprise_server_user_ids"]) <= gone]) == 12


def test_before_is_what_github_describes(client: Client) -> None:
    client.sandbox.post_control("stage", stage="before")
    assert client.on("nagoya", "/api/v3/user").status == 200
    osaka = {row["login"]: row for row in client.accounts("osaka")}
    assert (len(osaka), osaka["ksato"]["email"]) == (55, "kenji@octo-corp.example")
    assert {row["suspended?"] for row in client.accounts("tokyo") if row["login"] == "fatima-zahra"} == {
        "false"
    }
    assert expected(client, _everything(client)) == 236
    client.sandbox.post_control("stage", stage="today")
    assert client.on("nagoya", "/api/v3/user").status == 401
    assert len(client.accounts("osaka")) == 58


def _everything(client: Client) -> dict[str, list[dict[str, str]]]:
    return {short: file_of(client, short) for short in ACCOUNTS}


def _identities(client: Client) -> dict[str, set[str]]:
    """Address → logins of the cloud accounts with such an identity value."""
    found: dict[str, set[str]] = defaultdict(set)
    after, more = None, True
    while more:
        data = client.graphql(IDENTITIES, after=after)["data"]["enterprise"]["ownerInfo"]
        page = data["samlIdentityProvider"]["externalIdentities"]
        for node in page["nodes"]:
            saml, scim = node["samlIdentity"], node["scimIdentity"] or {"username": None, "emails": []}
            values = [saml["nameId"], saml["username"], scim["username"]]
            values += [each["value"] for each in [*saml["emails"], *saml["attributes"], *scim["emails"]]]
            for value in filter(None, values):
                found[value.lower()].add(node["user"]["login"])
        after, more = page["pageInfo"]["endCursor"], page["pageInfo"]["hasNextPage"]
    return found


def expected(client: Client, pictures: dict[str, list[dict[str, str]]]) -> int:
    """GitHub's count after every server's next sync, by the published rules over all that a client can see.

    The joins in GitHub's rows with a cloud login stand; a server that is not read stays as it is.
    """
    rows = client.rows()
    joined = {
        account: row["github_com_login"] for account, row in ids(rows).items() if row["github_com_user"]
    }
    identities = _identities(client)
    verified = {email.lower() for row in rows for email in row["github_com_verified_domain_emails"]}
    persons: set[str] = set()
    for short, accounts in pictures.items():
        for account in accounts:
            key, place = account["email"].lower(), of(short, int(account["id"]))
            if account["suspended?"] == "true" or account["login"] == "scim-admin":
                continue
            if place not in joined and key not in identities and key not in verified:
                persons.add(key or place)
    unread = [row for row in rows if "ghe-old" in "".join(row["enterprise_server_user_ids"])]
    return len([row for row in rows if kind(row) != "server only"]) + len(persons) + len(unread)


def test_237_comes_out_of_the_published_rules(client: Client) -> None:
    client.sandbox.post_control("stage", stage="before")
    pictures = _everything(client)
    client.sandbox.post_control("stage", stage="today")
    pictures |= {short: client.accounts(short) for short in ("tokyo", "osaka")}
    assert expected(client, pictures) == 237


def test_fifteen_could_be_avoided(client: Client) -> None:
    """8 counted twice (Kenji is under way), 2 of 3 robots, 5 on a server that nobody owns."""
    rows, received = client.rows(), logins_received(client)
    logins = {row["github_com_login"] for row in rows if row["github_com_user"]}
    alone = [row for row in rows if kind(row) == "server only"]
    twice = [row for row in alone if login(row, received) in logins - {"ksato"}]
    robots = Counter(login(row, received) for row in alone if not row["enterprise_server_emails"])
    retired = [row for row in alone if "ghe-old" in row["enterprise_server_user_ids"][0]]
    assert len(twice) + sum(count - 1 for count in robots.values()) + len(retired) == 8 + 2 + 5
    price = client.world["enterprise"]
    assert 15 * price["price_cents"] * 12 == 378_000
    assert price["currency"] == "USD"


def test_sync_now_on_osaka_makes_238(client: Client) -> None:
    client.sandbox.post_control("sync-now", host="osaka")
    assert client.count() == len(client.rows()) == 238
    kenji = ids(client.rows())[of("osaka", 9)]
    assert (kenji["github_com_login"], kenji["total_user_accounts"]) == ("ksato", 2)


def test_nothing_a_console_does_moves_the_count(client: Client) -> None:
    before = client.rows()
    client.sandbox.post_control("repair")
    for short in ("tokyo", "osaka", "berlin", "nagoya"):
        client.accounts(short)
    assert client.rows() == before


def test_a_day_brings_the_restored_copy_of_tokyo(client: Client) -> None:
    client.sandbox.post_control("pass", days=1)
    instances = client.cloud("/enterprises/octo-corp/license-sync-status").json["server_instances"]
    by_host = {each["hostname"]: each for each in instances}
    lab, tokyo = by_host["ghe-lab.octo-corp.example"], by_host["ghe-tokyo.octo-corp.example"]
    assert lab["server_id"] == tokyo["server_id"]
    assert lab["last_sync"] == {"date": "", "status": "", "error": ""}
    assert client.ask("ghe-lab.octo-corp.example", "/api/v3/meta").json["installed_version"] == "3.19.2"
    assert client.count() == 236


def test_a_week_lets_the_servers_send_by_themselves(client: Client) -> None:
    """Fatima's license is released by Tokyo's own sync, Noor's invitation expires; Osaka stays stuck."""
    before = client.sandbox.get("/clock")["offset_seconds"]
    done = client.sandbox.post_control("pass", days=7)
    assert client.sandbox.get("/clock")["offset_seconds"] - before == 7 * 86_400
    assert done["total_seats_consumed"] == 236 - 1 - 1
    rows = client.rows()
    assert of("tokyo", 40) not in ids(rows)
    assert not any("noor.haddad@octo-partner" in row["github_com_login"] for row in rows)
    assert not any(
        "berlin" in row["hostname"] and row["last_sync"]["status"] != "success" for row in _status(client)
    )
    osaka = next(row for row in _status(client) if "osaka" in row["hostname"])
    age = datetime.fromisoformat(client.sandbox.get("/clock")["now"]) - datetime.fromisoformat(
        osaka["last_sync"]["date"]
    )
    assert age.days == 33


def _status(client: Client) -> Rows:
    found: Rows = client.cloud("/enterprises/octo-corp/license-sync-status").json["server_instances"]
    return found


def test_the_air_gapped_server_does_not_answer_machines(client: Client) -> None:
    with pytest.raises(ConnectionError):
        client.on("plant", "/api/v3/meta")


def test_the_world_survives_a_restart(client: Client) -> None:
    client.sandbox.post_control("sync-now", host="osaka")
    client.sandbox.post_control("pass", days=1)
    client.sandbox.stop()
    client.sandbox.start()
    again = Client(client.sandbox)
    assert again.count() == 238
    assert client.sandbox.get("/clock")["offset_seconds"] == 86_400

"""Each kind of trouble strikes as it says, where it says, as long as it says."""

import http.client
import time
from pathlib import Path
from typing import Any

import pytest

from ghconnect.sandbox import trouble
from tests.contract.client import LICENSES, Client

META = "/api/v3/meta"


def break_(client: Client, kind: str, host: str = "tokyo", **more: Any) -> None:
    client.sandbox.post_control("break", host=host, kind=kind, **more)


@pytest.mark.parametrize(
    ("kind", "status"),
    [
        ("unauthorized", 401),
        ("rate_limit", 403),
        ("secondary_limit", 403),
        ("not_found", 404),
        ("server_error", 502),
    ],
)
def test_refusals(client: Client, kind: str, status: int) -> None:
    break_(client, kind)
    answer = client.on("tokyo", META)
    assert (answer.status, answer.json["status"]) == (status, str(status))
    assert client.on("osaka", META).status == 200
    client.sandbox.post_control("repair", host="tokyo", kind=kind)
    assert client.on("tokyo", META).status == 200


def test_limits_say_how_long_to_wait(client: Client) -> None:
    break_(client, "rate_limit", host="ghec", value=90)
    answer = client.cloud(LICENSES)
    assert (answer.headers["retry-after"], answer.headers["x-ratelimit-remaining"]) == ("90", "0")
    client.sandbox.post_control("repair", host="ghec")
    break_(client, "secondary_limit", host="ghec", value=7)
    answer = client.cloud(LICENSES)
    assert answer.headers["retry-after"] == "7"
    assert int(answer.headers["x-ratelimit-remaining"]) > 0


def test_requests_may_be_scarce(client: Client) -> None:
    break_(client, "scarce", host="ghec", value=7)
    assert client.cloud(LICENSES).headers["x-ratelimit-remaining"] == "7"


def test_trouble_ends_after_so_many_requests(client: Client) -> None:
    break_(client, "server_error", value=503, times=2)
    assert [client.on("tokyo", META).status for _ in range(4)] == [503, 503, 200, 200]


def test_trouble_may_be_about_one_path(client: Client) -> None:
    break_(client, "server_error", path="/stafftools")
    assert client.on("tokyo", META).status == 200
    assert client.report("tokyo").status == 502


def test_slow(client: Client) -> None:
    break_(client, "slow", value=0.4)
    begun = time.monotonic()
    assert client.on("tokyo", META).status == 200
    assert time.monotonic() - begun >= 0.4


@pytest.mark.parametrize("kind", ["cut_length", "cut_chunked"])
def test_bodies_that_end_too_early(client: Client, kind: str) -> None:
    whole = len(client.report("tokyo").body)
    break_(client, kind)
    with pytest.raises(http.client.IncompleteRead) as caught:
        client.report("tokyo")
    assert 0 < len(caught.value.partial) < whole


def test_refused_is_no_answer_at_all(client: Client) -> None:
    break_(client, "refused")
    with pytest.raises((http.client.RemoteDisconnected, ConnectionError)):
        client.on("tokyo", META)


def test_empty(client: Client) -> None:
    break_(client, "empty")
    answer = client.report("tokyo")
    assert (answer.status, answer.body) == (200, b"")


def test_other_shape(client: Client) -> None:
    client.sandbox.post_control("break", host="ghec", kind="other_shape", path="cost-centers")
    answer = client.cloud("/enterprises/octo-corp/settings/billing/cost-centers")
    assert (answer.status, answer.json) == (200, {})


def test_a_report_is_202_until_it_is_made_and_then_cached(client: Client) -> None:
    client.sandbox.post_control("settings", report_seconds=0.3)
    assert (client.report("tokyo").status, client.report("tokyo").status) == (202, 202)
    time.sleep(0.4)
    first, second = client.report("tokyo"), client.report("tokyo")
    assert (first.status, second.status) == (200, 200)
    assert first.headers["last-modified"] == second.headers["last-modified"]
    client.sandbox.post_control(
        "change-email", host="tokyo", login="jdoe", email="jane.doe@octo-corp.example"
    )
    assert client.report("tokyo").status == 202


def test_202_so_often_and_for_ever(client: Client) -> None:
    break_(client, "accepted", times=3)
    assert [client.report("tokyo").status for _ in range(4)] == [202, 202, 202, 200]
    break_(client, "accepted")
    assert {client.report("tokyo").status for _ in range(5)} == {202}


def test_reports_that_look_whole_and_are_not(client: Client) -> None:
    whole = client.report("tokyo").body
    break_(client, "cut_line", value=0.75)
    cut = client.report("tokyo").body
    assert whole.startswith(cut)
    assert cut.endswith(b"\n")
    assert len(cut.splitlines()) == 1 + 72
    client.sandbox.post_control("repair", host="tokyo")
    break_(client, "no_header")
    assert client.report("tokyo").body == whole.partition(b"\n")[2]
    client.sandbox.post_control("repair", host="tokyo")
    break_(client, "no_rows")
    assert client.report("tokyo").body == whole.partition(b"\n")[0] + b"\n"


def test_an_old_report_says_its_age_and_shows_the_old_address(client: Client) -> None:
    break_(client, "old_report", host="osaka")
    rows = {row["login"]: row["email"] for row in client.accounts("osaka")}
    assert rows["ksato"] == "kenji@octo-corp.example"
    assert "dewi-lestari" not in rows
    status = client.cloud("/enterprises/octo-corp/license-sync-status").json["server_instances"]
    synced = next(each["last_sync"]["date"] for each in status if "osaka" in each["hostname"])
    shown = time.strptime(client.report("osaka").headers["last-modified"], "%a, %d %b %Y %H:%M:%S GMT")
    assert time.strftime("%Y-%m-%dT%H:%M:%SZ", shown) == synced


def test_suspended_accounts_may_be_obfuscated(client: Client) -> None:
    before = {row["id"]: row for row in client.accounts("tokyo")}
    break_(client, "obfuscated")
    after = {row["id"]: row for row in client.accounts("tokyo")}
    changed = {number for number in before if before[number]["login"] != after[number]["login"]}
    assert changed == {number for number, row in before.items() if row["suspended?"] == "true"}
    assert len(changed) == 5
    assert all(after[number]["email"] == "" for number in changed)


def test_pages_shift_while_they_are_read(client: Client) -> None:
    whole = {repr(row) for row in client.rows()}
    break_(client, "shifting", host="ghec")
    pages = [page.json for page in client.walk(LICENSES)]
    seen = {repr(row) for page in pages for row in page["users"]}
    assert len(whole - seen) == 2
    assert [page["total_seats_consumed"] for page in pages] == [236, 235, 234]
    client.sandbox.post_control("repair", host="ghec")
    break_(client, "shifting", host="ghec", value=-1)
    rows = [repr(row) for row in client.rows()]
    assert len(rows) - len(set(rows)) == 2


def _instances(client: Client) -> dict[str, str]:
    status = client.cloud("/enterprises/octo-corp/license-sync-status").json["server_instances"]
    return {each["hostname"]: each["server_id"] for each in status}


def test_another_server_id(client: Client) -> None:
    before = _instances(client)
    break_(client, "changed_server_id")
    after = _instances(client)
    assert [host for host in before if before[host] != after[host]] == ["ghe-tokyo.octo-corp.example"]


def test_another_host_name(client: Client) -> None:
    break_(client, "renamed")
    old, new = "ghe-tokyo.octo-corp.example", "ghe-tokyo-new.octo-corp.example"
    with pytest.raises((http.client.RemoteDisconnected, ConnectionError)):
        client.ask(old, META)
    token = client.server("tokyo")["token"]
    assert client.ask(new, "/api/v3/user", token).status == 200
    assert old in _instances(client)
    client.sandbox.post_control("sync-now", host="tokyo")
    assert _instances(client)[new] == client.server("tokyo")["server_id"]
    assert old not in _instances(client)
    assert any(f"{new}:17" in row["enterprise_server_user_ids"] for row in client.rows())


def test_a_retired_host_is_gone_but_github_still_lists_and_counts_it(client: Client) -> None:
    break_(client, "retired")
    with pytest.raises((http.client.RemoteDisconnected, ConnectionError)):
        client.on("tokyo", META)
    assert "ghe-tokyo.octo-corp.example" in _instances(client)
    client.sandbox.post_control("pass", days=30)
    assert any("ghe-tokyo.octo-corp.example:17" in row["enterprise_server_user_ids"] for row in client.rows())


def test_a_revoked_token_works_again_after_repair(client: Client) -> None:
    assert client.on("nagoya", "/api/v3/user").status == 401
    client.sandbox.post_control("repair", host="nagoya")
    assert client.on("nagoya", "/api/v3/user").status == 200


def test_every_kind_is_tried_here() -> None:
    text = Path(__file__).read_text().partition("def test_every_kind")[0]
    missing = [kind for kind in [*trouble.KINDS, *trouble.CHANGES] if f'"{kind}"' not in text]
    assert missing == ["filtered", "token_revoked"], "the storyline tries these two"

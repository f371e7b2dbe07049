"""The pages for people: every link opens, every button does what it says."""

import re
from html import unescape
from urllib.parse import urljoin

import pytest
import requests

from tests.contract.client import Client

OSAKA = "/ghes/ghe-osaka.octo-corp.example"
LICENSE = f"{OSAKA}/enterprises/octo-corp/license"


def show(client: Client, path: str) -> str:
    answer = requests.get(client.sandbox.pages_url + path, timeout=30)
    assert answer.status_code == 200, path
    return answer.text


def press(client: Client, path: str, words: str, **filled: str) -> requests.Response:
    """Press the button with these words on a page, with its fields filled."""
    for form in re.findall(r"<form.*?</form>", show(client, path), re.DOTALL):
        if f"<button>{words}</button>" in form:
            action = re.search(r'action="([^"]*)"', form)
            assert action
            pairs = re.findall(r'<input type="hidden" name="([^"]*)" value="([^"]*)"', form)
            values = {name: unescape(value) for name, value in pairs} | filled
            return requests.post(urljoin(client.sandbox.pages_url, action[1]), data=values, timeout=30)
    raise AssertionError(f"no button “{words}” at {path}")


def test_every_link_opens(client: Client) -> None:
    client.sandbox.post_control("pass", days=1)
    waiting, seen = ["/"], set()
    while waiting:
        path = waiting.pop()
        seen.add(path)
        shown = show(client, path)
        found = {unescape(each) for each in re.findall(r'(?:href|src)="(?!data:)([^"]*)"', shown)}
        assert [each for each in found if not each.startswith("/")] == [], path
        waiting += [each for each in found if each not in seen and each not in waiting]
    assert len(seen) > 40


@pytest.mark.parametrize("words", ["Let a day pass", "Let a week pass", "Start again", "Repair everything"])
def test_buttons_of_the_control_page_lead_back_to_it(client: Client, words: str) -> None:
    answer = press(client, "/", words)
    assert (answer.status_code, answer.url) == (200, f"{client.sandbox.pages_url}/")


def test_time_passes_and_starts_again(client: Client) -> None:
    press(client, "/", "Let a week pass")
    assert client.sandbox.get("/clock")["offset_seconds"] == 7 * 86_400
    press(client, "/", "Start again")
    assert client.sandbox.get("/clock")["offset_seconds"] == 0
    assert client.count() == 236


def test_sync_now_on_the_instances_own_license_page(client: Client) -> None:
    assert "Last synced 26 days ago" in show(client, LICENSE)
    answer = press(client, LICENSE, "Sync now")
    assert answer.url.endswith(LICENSE)
    assert "Last synced just now" in answer.text
    assert client.count() == 238


def test_change_an_address_suspend_and_break(client: Client) -> None:
    tokyo = client.server("tokyo")["host"]
    press(client, "/", "Change an address", host=tokyo, login="jdoe", email="jane.doe@octo-corp.example")
    press(client, "/", "Suspend somebody", host=tokyo, login="li-wei")
    rows = {row["login"]: row for row in client.accounts("tokyo")}
    assert rows["jdoe"]["email"] == "jane.doe@octo-corp.example"
    assert rows["li-wei"]["suspended?"] == "true"
    press(client, "/", "Break a server", host=tokyo, kind="not_found", times="1")
    assert [client.on("tokyo", "/api/v3/meta").status for _ in range(2)] == [404, 200]


def test_a_mistake_is_said_in_words(client: Client) -> None:
    answer = press(client, "/", "Suspend somebody", host="tokyo", login="nobody")
    assert answer.status_code == 422
    assert "There is no nobody on ghe-tokyo.octo-corp.example." in answer.text


def test_a_token_can_be_let_work_again(client: Client) -> None:
    press(client, "/ghes/ghe-nagoya.octo-corp.example/settings/tokens", "Let it work again")
    assert client.on("nagoya", "/api/v3/user").status == 200


def test_licensing_shows_githubs_three_event_texts(client: Client) -> None:
    client.sandbox.post_control("pass", days=1)
    shown = show(client, "/ghec/enterprises/octo-corp/licensing")
    for words in (
        "Server usage uploaded",
        "server usage synced",
        "server usage never synced",
        "Add server usage",
    ):
        assert words in shown
    assert "236 of 250" in shown


def test_users_are_searched_and_paged(client: Client) -> None:
    users = f"{OSAKA}/stafftools/users"
    assert show(client, users).count("<tr>") == 1 + 50
    assert show(client, f"{users}?after=50").count("<tr>") == 1 + 8
    assert "ksato" in show(client, f"{users}?q=ksato")


@pytest.mark.parametrize("headers", [{"Origin": "http://evil.example"}, {"Host": "evil.example"}])
def test_other_sites_press_nothing(client: Client, headers: dict[str, str]) -> None:
    answer = requests.post(f"{client.sandbox.pages_url}/control/pass", headers=headers, json={}, timeout=30)
    assert answer.status_code == 403
    assert client.sandbox.get("/clock")["offset_seconds"] == 0


def test_doors_say_what_they_do_not_understand(client: Client) -> None:
    door = f"{client.sandbox.pages_url}/control"
    assert requests.post(f"{door}/nothing", json={}, timeout=30).status_code == 404
    for body in ({"host": "tokyo", "kind": "nonsense"}, {"host": "nowhere", "kind": "slow"}, {"nonsense": 1}):
        answer = requests.post(f"{door}/break", json=body, timeout=30)
        assert answer.status_code == 422
        assert answer.json()["message"]

"""What licensing shows on pages of `ghconnect`: the feature's row, the account box, the list of enterprises, tabs."""

from __future__ import annotations

import re
from datetime import timedelta
from html import unescape

import pytest
from django.test import Client
from django.utils import timezone

from ghconnect.models import Enterprise, Membership, Role, Server, User
from licensing import bridge, panels
from licensing.usecases import cloud
from tests.integration.engine import drive
from tests.unit.test_wording import keys_in

from . import state

HOST = "ghe-osaka.octo.example"
TAB = f"/enterprises/octo/servers/{HOST}/github-connect"


@pytest.fixture
def osaka(octo: Enterprise) -> Server:
    Enterprise.objects.filter(pk=octo.pk).update(token="sealed")
    octo.refresh_from_db()
    return state.pulled(octo, HOST)


def words(client: Client, url: str = TAB) -> str:
    page = state.text(client, url).split("<main")[1]
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", page)))


def test_the_row_tells_last_and_next_and_leads_to_license(osaka: Server, owner: Client) -> None:
    state.picture(osaka, [drive.account(1, "ann@octo.example")])
    found = words(owner)
    assert re.search(r"Enabled.*Last synced just now · next \w+day about \d\d:\d\d UTC · License", found)
    assert f'href="/enterprises/octo/servers/{HOST}/license">License</a>' in state.text(owner, TAB)


def test_the_row_tells_what_is_wrong(osaka: Server, owner: Client) -> None:
    assert "Never synced This console has not read this server yet." in words(owner)
    state.failed(osaka, "timeout")
    assert "Failing Failing since" in words(owner)


@pytest.mark.parametrize(
    ("facts", "said"),
    [
        (
            {"date": timezone.now() - timedelta(days=2)},
            f"GitHub last received usage of {HOST} 2 days ago",
        ),
        ({"date": None, "status": "", "error": ""}, f"GitHub lists {HOST} and has never synced it"),
        (
            {"status": "failure", "error": "quota"},
            f"GitHub lists {HOST}, and its last sync failed (Failed: quota)",
        ),
    ],
)
def test_the_account_box_tells_what_github_says(
    osaka: Server, owner: Client, facts: dict[str, object], said: str
) -> None:
    assert f"GitHub does not report {HOST} to this console" in words(owner)
    state.at_github(osaka.enterprise, HOST, **facts)
    assert f"On the instance: {said}" in words(owner)


def test_the_list_of_enterprises_shows_count_and_worst_state(osaka: Server, owner: Client) -> None:
    drive.read_cloud(osaka.enterprise, [drive.row("ann"), drive.row("bob")])
    state.picture(osaka, [drive.account(1, "ann@octo.example")])
    state.failed(state.pulled(osaka.enterprise, "ghe-bad.octo.example"))
    user = User.objects.get(login="mona")
    other = drive.enterprise("acme")
    Membership.objects.create(user=user, enterprise=other, role=Role.OWNER)
    drive.read_server(drive.server(other, "ghe.acme.example"), [drive.account(1, "x@acme.example")])
    rows = [words_of(row) for row in state.text(owner, "/enterprises").split("<tr>")[2:]]
    assert any(row.startswith("octo ") and "2 counted by GitHub" in row and "Failing" in row for row in rows)
    assert any("1 counted by this console" in row and "Not connected" in row for row in rows)


def test_the_list_of_enterprises_shows_the_count_the_overview_shows(osaka: Server, owner: Client) -> None:
    state.picture(osaka, [drive.account(1, "ann@octo.example")])
    for consumed in (7, 8):  # stated by GitHub while its rows are still to be published
        cloud.state_count(osaka.enterprise, consumed, 10)
        assert bridge.of(osaka.enterprise).headline == consumed
        row = words_of(state.text(owner, "/enterprises").split("<tr>")[2])
        assert f"{consumed} counted by GitHub" in row


def words_of(html: str) -> str:
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", html))).strip().split("</tr>")[0]


def test_every_state_has_its_place_among_the_worst() -> None:
    from ghconnect.wording import STATES

    assert set(panels.WORST) == STATES.keys()
    assert keys_in("licensing/rules/states.py", r'State\("(held|failing|silent|late)"') <= set(panels.WORST)


def test_tabs_are_those_the_viewer_can_open(osaka: Server, owner: Client, manager: Client) -> None:
    def tabs(client: Client, url: str) -> list[str]:
        bar = state.text(client, url).split('class="UnderlineNav-body')[1].split("</ul>", maxsplit=1)[0]
        return re.findall(r'data-content="([^"]+)"', bar)

    assert tabs(owner, "/enterprises/octo") == ["Overview", "GitHub Connect", "Licensing", "Settings"]
    assert tabs(manager, "/enterprises/octo") == ["Overview", "GitHub Connect", "Licensing"]
    assert tabs(owner, TAB) == ["GitHub Connect", "License", "Users", "Settings"]
    assert tabs(manager, TAB) == ["GitHub Connect", "License"]
    assert '<span class="Counter">1</span>' in state.text(owner, "/enterprises/octo")

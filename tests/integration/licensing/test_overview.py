"""Overview and fleet: one number, two clocks a server, what needs somebody, in a constant number of queries."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from ghconnect.models import Enterprise, Server
from licensing import attention, bridge, clocks, sides
from licensing.models import GitHubCount, ServerPicture, SyncRun
from licensing.rules import attention as rules
from licensing.usecases import attention as refresh
from licensing.usecases import runs
from tests.integration.engine import drive

from . import state
from .conftest import TOKYO

OVERVIEW, FLEET = "/enterprises/octo", "/enterprises/octo/github-connect"
ACCOUNTS = [drive.account(1, "ann@octo.example"), drive.account(2, "bob@octo.example")]


@pytest.fixture
def token(octo: Enterprise) -> Enterprise:
    Enterprise.objects.filter(pk=octo.pk).update(token="sealed")
    octo.refresh_from_db()
    return octo


def looked(of: Enterprise) -> None:
    """Bring the table of items up to date, as a worker does after each run."""
    assert refresh.refresh(enterprise=of)


def items(of: Enterprise, *, owner: bool = True) -> list[attention.Shown]:
    numbers = bridge.of(of)
    return attention.of(of, clocks.of(of), clocks.known_to_github_only(of), numbers, owner=owner)


def test_day_one_says_what_to_do_first_and_nothing_else(
    octo: Enterprise, owner: Client, manager: Client
) -> None:
    page = state.text(owner, OVERVIEW)
    assert "1. Give the token of your account on GitHub" in page
    assert "/enterprises/octo/servers/new" in page
    assert "Needs attention" not in page
    assert "/enterprises/octo/servers/new" not in state.text(manager, OVERVIEW)


def test_github_s_count_is_the_headline_and_the_bridge_stands_below(
    token: Enterprise, estate: Enterprise, owner: Client
) -> None:
    page = state.text(owner, OVERVIEW)
    assert '<span class="h1 num">5</span> of 100 purchased' in page
    assert "95 available" in page
    assert "counted by GitHub" in page
    assert "Expected after every server&#x27;s next sync" in page
    assert 'aria-label="5 of 100 licenses consumed"' in page


def test_what_an_owner_does_next_is_one_click_away(
    token: Enterprise, estate: Enterprise, tokyo: Server, owner: Client, manager: Client
) -> None:
    """PRODUCT §5.3."""
    for client in (owner, manager):
        page = state.text(client, OVERVIEW)
        for link in ("licensing/check", "licensing/consumed.csv", f"servers/{tokyo.host}/license"):
            assert f'href="/enterprises/octo/{link}"' in page, link


def test_more_than_purchased_is_a_sentence_and_never_a_negative(
    token: Enterprise, estate: Enterprise, owner: Client
) -> None:
    from licensing.usecases import cloud, editions

    cloud.state_count(estate, 168, 100)
    editions.refresh_counts(estate)
    page = state.text(owner, OVERVIEW)
    assert "68 more than purchased" in page
    assert "−68" not in page
    assert "available" not in page.split("Needs attention")[0].replace("not available", "")


def test_a_metered_contract_has_nothing_available(
    token: Enterprise, estate: Enterprise, owner: Client
) -> None:
    Enterprise.objects.filter(pk=estate.pk).update(contract="metered")
    page = state.text(owner, OVERVIEW)
    assert "available" not in page
    assert "purchased" not in page.split("Servers</h2>")[0]
    assert 'aria-label="5 licenses consumed"' in page


def test_without_a_token_the_console_counts_and_says_so(
    octo: Enterprise, owner: Client, tokyo: Server
) -> None:
    state.picture(tokyo, ACCOUNTS)
    page = state.text(owner, OVERVIEW)
    assert "Counted by this console. GitHub&#x27;s count is not available." in page
    assert '<span class="h1 num">2</span>' in page
    assert "Not reported" in page


def test_with_the_token_alone_there_is_a_number_and_the_servers_github_knows(
    token: Enterprise, owner: Client
) -> None:
    drive.read_cloud(
        token, [drive.row("ann"), drive.row("", ["ghe-old.octo.example:1"], ["old@octo.example"])]
    )
    state.at_github(token, "ghe-old.octo.example", "ghe-new.octo.example")
    page = state.text(owner, OVERVIEW)
    assert '<span class="h1 num">2</span> of 100 purchased' in page
    assert "Known to GitHub only · 1 license" in page
    assert "ghe-new" in page
    assert "Synced just now" in page
    assert "/enterprises/octo/licensing/consumed?q=server:ghe-old.octo.example" in page
    assert "/enterprises/octo/servers/new?host=ghe-old.octo.example" in page


def test_until_github_s_report_is_read_no_number_is_made_up(token: Enterprise, owner: Client) -> None:
    runs.request(subject=token, trigger=SyncRun.Trigger.FIRST)
    page = state.text(owner, OVERVIEW)
    assert "license report has not been read yet" in page
    assert "license report is being read" in page
    assert "h1 num" not in page


def test_each_server_shows_both_clocks(token: Enterprise, owner: Client, estate: Enterprise) -> None:
    server = state.pulled(token, "ghe-osaka.octo.example")
    state.failed(server)
    state.at_github(token, server.host, date=timezone.now() - timedelta(days=26))
    page = state.text(owner, FLEET)
    row = next(part for part in page.split("<tr>") if "ghe-osaka" in part)
    assert "Failing" in row
    assert "Synced 26 days ago" in row
    assert "Label--attention" in row
    assert "Enabled" in row
    assert "state=disabled" in row
    other = next(part for part in page.split("<tr>") if "ghe-tokyo" in part)
    assert "Not connected" in other
    assert f"{TOKYO}/github-connect/enable" in other


def test_attention_is_five_at_most_and_the_rest_on_demand(token: Enterprise, owner: Client) -> None:
    for number in range(7):
        state.failed(state.pulled(token, f"ghe-{number}.octo.example"))
    looked(token)
    page = state.text(owner, OVERVIEW)
    assert page.count('<li><svg class="octicon octicon-x-circle') == 5
    assert ">2 more</a>" in page
    assert state.text(owner, f"{OVERVIEW}?all").count('<li><svg class="octicon octicon-x-circle') == 7


def test_most_licenses_at_stake_come_first(token: Enterprise) -> None:
    big, small = (state.pulled(token, f"ghe-{name}.octo.example") for name in ("big", "small"))
    state.picture(small, [drive.account(1, "one@octo.example")])
    state.picture(big, [drive.account(n, f"u{n}@octo.example") for n in range(1, 4)])
    for server in (big, small):
        state.failed(server)
    assert [item.who for item in items(token)] == ["ghe-big", "ghe-small"]
    assert items(token)[0].what.startswith("Failing since ")
    assert items(token)[0].what.endswith(": token revoked or expired")


def test_a_billing_manager_is_shown_no_deed_of_owners(token: Enterprise, manager: Client) -> None:
    state.failed(state.pulled(token, "ghe-osaka.octo.example"))
    assert [item.href for item in items(token, owner=False)] == [""]
    looked(token)
    page = state.text(manager, OVERVIEW)
    assert "/settings" not in page.split("</header>")[1].split("<footer")[0]
    assert "Refresh from GitHub" not in page
    assert "state=disabled" not in page


def test_a_small_fall_of_github_s_count_is_business_and_a_great_one_is_not(
    token: Enterprise, estate: Enterprise
) -> None:
    before = GitHubCount.objects.create(
        enterprise=estate, at=timezone.now() - timedelta(days=2), consumed=9, purchased=100
    )
    assert [item.key for item in items(estate) if item.key == "count_fell"] == []
    GitHubCount.objects.filter(pk=before.pk).update(consumed=1209)
    assert [item.what for item in items(estate) if item.key == "count_fell"] == [
        "GitHub's count fell by 1,204 since the day before"
    ]


def test_every_item_has_words_and_a_look() -> None:
    from ghconnect import wording
    from tests.unit.test_wording import UNKNOWN, keys_in

    keys = keys_in("licensing/rules/attention.py", r'Item\("([a-z_]+)"')
    keys |= rules.CONSOLE_VERBS.keys() | set(rules.GITHUB_KEYS.values())
    verbs = keys_in("licensing/rules/attention.py", r'"([a-z_]+)"\)\n') | set(rules.CONSOLE_VERBS.values())
    assert len(keys) > 14
    assert [key for key in keys if UNKNOWN in wording.attention(key)] == []
    assert [key for key in verbs - {"remedy"} if UNKNOWN in wording.verb(key)] == []


@pytest.mark.parametrize("url", [OVERVIEW, FLEET, "/enterprises"])
def test_three_servers_cost_no_more_queries_than_one(
    token: Enterprise, estate: Enterprise, owner: Client, url: str
) -> None:
    def grow(name: str) -> None:
        state.held(server := state.pulled(token, f"ghe-{name}.octo.example"), of=12)
        state.working(server, "fetch")
        state.failed(state.pulled(token, f"ghe-{name}-two.octo.example"))
        drive.server(token, f"ghe-{name}-three.octo.example")
        state.at_github(
            token,
            f"ghe-{name}.octo.example",
            f"gone-{name}.octo.example",
            date=timezone.now() - timedelta(days=30),
        )

    grow("a")
    state.text(owner, url)
    once = state.queries(lambda: state.text(owner, url))
    grow("b")
    grow("c")
    state.text(owner, url)  # what is worked out once an edition is worked out
    assert state.queries(lambda: state.text(owner, url)) == once


# --- the clocks ------------------------------------------------------------------------------------------------


def clock_of(server: Server) -> sides.Side:
    return clocks.one(Server.objects.select_related("enterprise").get(pk=server.pk)).console


def test_a_run_that_was_asked_to_wait_is_under_way_and_one_in_trouble_is_failing(octo: Enterprise) -> None:
    patient, troubled = (state.pulled(octo, f"ghe-{n}.octo.example") for n in "pt")
    runs.wait(state.working(patient, "fetch"), timedelta(minutes=1), "preparing", {"host": patient.host})
    runs.wait(state.working(troubled, "fetch"), timedelta(minutes=1), "timeout", {"host": troubled.host})
    assert clock_of(patient).key == "syncing"
    side = clock_of(troubled)
    assert side.key == "failing"
    assert "no answer" in side.sentence


def test_a_discarded_run_no_longer_holds_and_a_cancelled_one_says_nothing(octo: Enterprise) -> None:
    from ghconnect.models import User
    from licensing.usecases import held

    server = state.pulled(octo, "ghe-h.octo.example")
    run = state.held(server)
    assert clock_of(server).key == "held"
    assert clock_of(server).step is not None
    held.discard(run=run, by=User.objects.create_user("m@octo.example", "m"))
    assert clock_of(server).key == "fresh"
    runs.cancel_open(state.requested(server).server or server)
    assert clock_of(server).key == "fresh"


def test_data_is_never_younger_than_its_reading(octo: Enterprise, tokyo: Server) -> None:
    state.picture(tokyo, ACCOUNTS)
    now = timezone.now()
    read, ahead, behind = now - timedelta(days=4), now, now - timedelta(days=9)
    for observed, wanted in ((ahead, read), (behind, behind), (None, read)):
        ServerPicture.objects.filter(server=tokyo).update(observed_at=observed, last_success=read)
        assert clocks.data_of(ServerPicture.objects.get(server=tokyo)) == wanted
    assert clocks.data_of(None) is None


def test_refresh_asks_github_again_and_only_with_a_token(
    octo: Enterprise, owner: Client, manager: Client
) -> None:
    url = "/enterprises/octo/licensing/refresh"
    assert manager.post(url).status_code == 404
    assert owner.get(url).status_code == 405
    page = owner.post(url, follow=True)
    assert "There is no token" in page.content.decode()
    assert not SyncRun.objects.filter(enterprise=octo).exists()
    Enterprise.objects.filter(pk=octo.pk).update(token="sealed")
    assert owner.post(url).headers["Location"] == OVERVIEW
    assert SyncRun.objects.get(enterprise=octo).server is None

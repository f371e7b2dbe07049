"""GitHub Connect of a server: the tab, and the gate at every door of its page (ENGINEERING §13)."""

from collections.abc import Callable

import pytest
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.utils import timezone

from ghconnect.models import AuditEvent, ConnectedFeature, Connection, Server, User
from ghconnect.usecases import connect, features
from tests.support import estate as estates
from tests.support.estate import KEY, Estate

from .conftest import at, text

SignIn = Callable[[User], Client]
OFF, DISABLED, ENABLED = "off", "disabled", "enabled"
LABEL = "Server can sync user license count and usage"
OTHERS = (
    "Users can receive vulnerability alerts for open source code dependencies",
    "Users can easily upgrade to non-vulnerable open source code dependencies",
    "Users can utilize actions from GitHub.com in workflow runs",
    "Share server statistics with GitHub.com",
    "Users can search GitHub.com",
    "Users can search private repositories on GitHub.com",
    "Users can share contribution counts to GitHub.com",
)


def put(server: Server, state: str) -> None:
    """Bring a server to one of the three states of the gate."""
    if state != OFF:
        estates.connected(server, enabled=state == ENABLED)


def state_of(server: Server) -> str:
    if not Connection.objects.filter(server=server).exists():
        return OFF
    return ENABLED if features.is_enabled(server, KEY) else DISABLED


def cut(live: Connection) -> None:
    """Delete a connection behind Django's back."""
    Connection.objects.filter(pk=live.pk)._raw_delete("default")
    connection.check_constraints()


# Door of the page, the state before, the state after.
GATE = [
    ("connect_enable", {}, OFF, DISABLED),
    ("connect_enable", {}, DISABLED, DISABLED),
    ("connect_enable", {}, ENABLED, ENABLED),
    ("connect_disable", {}, OFF, OFF),
    ("connect_disable", {}, DISABLED, OFF),
    ("connect_disable", {}, ENABLED, OFF),
    ("feature_switch", {"state": "enabled"}, OFF, OFF),
    ("feature_switch", {"state": "enabled"}, DISABLED, ENABLED),
    ("feature_switch", {"state": "enabled"}, ENABLED, ENABLED),
    ("feature_switch", {"state": "disabled"}, OFF, OFF),
    ("feature_switch", {"state": "disabled"}, DISABLED, DISABLED),
    ("feature_switch", {"state": "disabled"}, ENABLED, DISABLED),
]


@pytest.mark.parametrize(("door", "given", "before", "after"), GATE)
def test_the_gate_at_each_door_of_the_page(
    octo: Estate, as_: SignIn, door: str, given: dict[str, str], before: str, after: str
) -> None:
    put(octo.server, before)
    key = (KEY,) if door == "feature_switch" else ()
    answer = as_(octo.owner).post(at(door, octo, *key), given, follow=True)
    assert state_of(octo.server) == after
    assert answer.redirect_chain == [(at("server_connect", octo), 302)]
    refused = door == "feature_switch" and before == OFF
    assert (text(answer).count("Enable GitHub Connect first.") > 1) == refused


@pytest.mark.parametrize("enabled", [True, False])
def test_the_gate_of_the_use_case(octo: Estate, enabled: bool) -> None:
    with pytest.raises(features.ConnectIsOff):
        features.switch(server=octo.server, key=KEY, enabled=enabled, by=octo.owner)
    assert state_of(octo.server) == OFF


def test_the_gate_of_the_database(octo: Estate) -> None:
    facts = {"key": KEY, "by_login": "mona", "at": timezone.now()}
    with pytest.raises(IntegrityError), transaction.atomic():
        ConnectedFeature.objects.create(connection=None, **facts)  # type: ignore[misc]
    live = connect.enable(server=octo.server, by=octo.owner)
    ConnectedFeature.objects.create(connection=live, **facts)
    with pytest.raises(IntegrityError), transaction.atomic():
        ConnectedFeature.objects.create(connection=live, **facts)
    with pytest.raises(IntegrityError), transaction.atomic():
        cut(live)


def test_enabling_again_does_not_switch_sync_on_by_itself(octo: Estate, as_: SignIn) -> None:
    client = as_(octo.owner)
    put(octo.server, ENABLED)
    client.post(at("connect_disable", octo))
    client.post(at("connect_enable", octo))
    assert state_of(octo.server) == DISABLED


def test_disabling_keeps_the_token_sealed_until_an_owner_deletes_it(octo: Estate, as_: SignIn) -> None:
    put(octo.server, ENABLED)
    Server.objects.filter(pk=octo.server.pk).update(token="sealed", way_in="pull")
    page = text(as_(octo.owner).get(at("connect_disable", octo)))
    assert "Its token stays sealed and unused until you delete it in Server settings." in page
    as_(octo.owner).post(at("connect_disable", octo))
    octo.server.refresh_from_db()
    assert octo.server.token == "sealed"


def test_before_it_is_enabled_the_dropdown_is_locked_and_says_why(octo: Estate, as_: SignIn) -> None:
    page = text(as_(octo.owner).get(at("server_connect", octo)))
    assert "GitHub Connect is not enabled yet" in page
    assert f'disabled aria-describedby="{KEY}-why"' in page
    assert "Enable GitHub Connect first." in page
    assert f'action="{at("feature_switch", octo, KEY)}"' not in page


def test_the_tab_lists_githubs_features_and_controls_one(octo: Estate, as_: SignIn) -> None:
    put(octo.server, ENABLED)
    page = text(as_(octo.owner).get(at("server_connect", octo)))
    places = [page.index(f"{label}</h2>") for label in (LABEL, *OTHERS)]
    assert places == sorted(places)
    assert page.count("Set on the instance. This console does not show or change it.") == len(OTHERS)
    assert page.count("data-menu id=") == 1
    assert page.count(f'aria-label="Open on the instance: {OTHERS[0]}"') == 1
    assert "enabled here by ghconnect" in page
    assert "sends nothing to GitHub" in page


def test_in_japanese_githubs_english_label_stands_below(octo: Estate, as_: SignIn) -> None:
    octo.owner.language = "ja"
    octo.owner.save()
    page = text(as_(octo.owner).get(at("server_connect", octo)))
    for label in (LABEL, *OTHERS):
        assert f'<p class="mb-0 color-fg-muted" lang="en">{label}</p>' in page
    assert "サーバーはユーザー ライセンス数と使用状況を同期できる" in page


def test_enabling_shows_the_account_with_connect_and_asks_for_no_token(octo: Estate, as_: SignIn) -> None:
    client = as_(octo.owner)
    chooser = text(client.get(at("connect_enable", octo)))
    assert 'href="?account=octo-corp" data-dialog="enable-connect"' in chooser
    assert 'type="password"' not in chooser
    assert "There is no token for this account yet" in chooser
    question = text(client.get(at("connect_enable", octo) + "?account=octo-corp"))
    assert "This console will be connected to octo-corp for ghe-tokyo.octo-corp.example." in question
    client.post(at("connect_enable", octo))
    live = Connection.objects.get(server=octo.server)
    assert (live.by, live.by_login) == (octo.owner, octo.owner.login)
    assert AuditEvent.objects.get(action="dotcom_connection.create").actor == octo.owner


def test_several_servers_connect_to_the_same_account(octo: Estate, as_: SignIn) -> None:
    second = estates.add_server(octo.enterprise, "ghe-osaka.octo-corp.example")
    client = as_(octo.owner)
    for server in (octo.server, second):
        client.post(at("connect_enable", Estate(octo.enterprise, server, octo.owner, octo.biller)))
    assert Connection.objects.filter(server__enterprise=octo.enterprise).count() == 2


@pytest.mark.parametrize("state", [OFF, DISABLED, ENABLED])
def test_a_billing_manager_reads_the_tab_and_has_no_control(octo: Estate, as_: SignIn, state: str) -> None:
    put(octo.server, state)
    page = text(as_(octo.biller).get(at("server_connect", octo)))
    assert LABEL in page
    assert "data-menu id=" not in page
    assert "/enable" not in page
    assert "/disable" not in page
    assert f'aria-describedby="{KEY}-why"' in page


@pytest.mark.parametrize(("state", "words"), [("enabled", "Enable"), ("disabled", "Disable")])
def test_without_javascript_the_switch_asks_on_a_page(
    octo: Estate, as_: SignIn, state: str, words: str
) -> None:
    put(octo.server, DISABLED if state == "enabled" else ENABLED)
    client = as_(octo.owner)
    tab = text(client.get(at("server_connect", octo)))
    address = f"{at('feature_switch', octo, KEY)}?state={state}"
    assert f'href="{address}" data-dialog="{KEY}-{state}"' in tab
    assert f'<dialog class="confirm" id="{KEY}-{state}"' in tab
    page = text(client.get(address))
    assert f"{words} license sync</h1>" in page
    assert f'<input type="hidden" name="state" value="{state}">' in page


def test_a_switch_this_console_does_not_perform_is_none(octo: Estate, as_: SignIn) -> None:
    put(octo.server, DISABLED)
    client = as_(octo.owner)
    assert (
        client.post(at("feature_switch", octo, "dependabot_alerts"), {"state": "enabled"}).status_code == 404
    )
    assert client.post(at("feature_switch", octo, KEY), {"state": "maybe"}).status_code == 400
    assert state_of(octo.server) == DISABLED


def test_a_broken_connection_says_why_and_where_to_mend_it(octo: Estate, as_: SignIn) -> None:
    put(octo.server, ENABLED)
    connect.mark_broken(server=octo.server, key="unauthorized", params={"host": octo.server.host})
    page = text(as_(octo.owner).get(at("server_connect", octo)))
    assert "rejected the token: expired or revoked" in page
    assert f'href="{at("server_settings", octo)}">Replace token</a>' in page
    assert state_of(octo.server) == ENABLED


def test_the_server_leads_to_its_tab(octo: Estate, as_: SignIn) -> None:
    answer = as_(octo.biller).get(at("server", octo))
    assert answer.headers["Location"] == at("server_connect", octo)


def test_the_header_leads_to_other_enterprises_and_servers(octo: Estate, as_: SignIn) -> None:
    estates.add_server(octo.enterprise, "ghe-osaka.octo-corp.example")
    page = text(as_(octo.owner).get(at("server_connect", octo)))
    assert 'href="/enterprises/octo-corp/servers/ghe-osaka.octo-corp.example/github-connect"' in page
    assert 'href="/enterprises"' in page
    assert 'href="/enterprises/octo-corp/servers/new"' in page

"""Adding a server, its settings, and its removal."""

from collections.abc import Callable

import pytest
from django.test import Client

from ghconnect.models import Server, ServerName, User
from ghconnect.seal import unseal
from ghconnect.usecases import servers
from licensing.models import Recount
from licensing.usecases import recounts
from tests.support.estate import Estate
from tests.support.sandbox import Sandbox

from .conftest import at, text

SignIn = Callable[[User], Client]


@pytest.fixture
def osaka(octo: Estate, pretend: Sandbox) -> Estate:
    """A server of the estate that this console reads."""
    row = pretend.server("osaka")
    server = servers.add(
        enterprise=octo.enterprise, host=row["host"], way_in="pull", token=row["token"], by=octo.owner
    )
    return Estate(octo.enterprise, server, octo.owner, octo.biller)


def test_a_server_is_checked_when_it_is_added_and_each_check_is_shown(
    octo: Estate, as_: SignIn, pretend: Sandbox
) -> None:
    row = pretend.server("osaka")
    given = {"host": f"https://{row['host'].upper()}/", "way_in": "pull", "token": row["token"]}
    answer = as_(octo.owner).post(at("server_new", octo, server=False), given, follow=True)
    page = text(answer)
    assert f"{row['host']} was added." in page
    assert "Found by name" in page
    assert "User report can be read" in page
    assert "Failed</span>" not in page
    assert "Next: connect this server to its account on GitHub." in page
    assert row["token"] not in page
    assert unseal(Server.objects.get(host=row["host"]).token) == row["token"]


def test_a_server_that_refuses_the_token_is_added_and_says_which_check_failed(
    octo: Estate, as_: SignIn, pretend: Sandbox
) -> None:
    given = {"host": pretend.server("osaka")["host"], "way_in": "pull", "token": "ghp_" + "x" * 36}
    page = text(as_(octo.owner).post(at("server_new", octo, server=False), given, follow=True))
    assert "Failed</span>" in page
    assert "rejected the token: expired or revoked" in page


def test_the_form_says_what_a_token_could_do_and_what_its_account_costs(octo: Estate, as_: SignIn) -> None:
    page = text(as_(octo.owner).get(at("server_new", octo, server=False)))
    assert (
        "A classic token with site_admin can change this instance. This console only reads with it." in page
    )
    assert (
        "The account of the token is a licensed user itself: give it the same primary email on every server"
        in page
    )


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"host": "10.0.0.5", "token": "ghp_" + "x" * 36}, "10.0.0.5 is an address. Write the host name"),
        ({"host": "github.com", "token": "ghp_" + "x" * 36}, "github.com belongs to GitHub."),
        ({"host": "ghe.example.com", "token": ""}, "Paste a token, or choose another way in."),
        ({"host": "ghe.example.com", "token": "short"}, "This is not a token"),
        (
            {"host": "ghe.example.com", "token": "ghp_" + "x" * 36, "ca_bundle": "no"},
            "This is not a CA certificate",
        ),
        ({"host": "ghe-tokyo.octo-corp.example", "token": "ghp_" + "x" * 36}, "in this enterprise already"),
        ({"host": "", "token": "ghp_" + "x" * 36}, "This field is required."),
    ],
)
def test_what_cannot_be_a_server_is_said_at_its_field(
    octo: Estate, as_: SignIn, given: dict[str, str], words: str
) -> None:
    page = text(as_(octo.owner).post(at("server_new", octo, server=False), {"way_in": "pull", **given}))
    assert words in page
    assert given["token"] == "" or given["token"] not in page
    assert Server.objects.count() == 1


def test_a_server_that_sends_its_file_needs_no_token_and_shows_where_to_make_one(
    octo: Estate, as_: SignIn
) -> None:
    client = as_(octo.owner)
    assert 'value="push"' in text(client.get(at("server_new", octo, server=False)))
    given = {"host": "ghe.example.com", "way_in": "push", "token": "ghp_" + "x" * 36}
    page = text(client.post(at("server_new", octo, server=False), given, follow=True))
    added = Server.objects.get(host="ghe.example.com")
    assert (added.way_in, added.token) == ("push", "")
    assert "Create push token" in page


def test_a_server_whose_file_is_uploaded_needs_no_token_and_is_not_called(octo: Estate, as_: SignIn) -> None:
    given = {"host": "ghe-plant.octo-corp.example", "way_in": "upload", "token": "ghp_" + "x" * 36}
    page = text(as_(octo.owner).post(at("server_new", octo, server=False), given, follow=True))
    assert "An owner uploads a file" in page
    assert Server.objects.get(host="ghe-plant.octo-corp.example").token == ""


def test_the_token_is_replaced_only_by_one_the_server_takes(
    osaka: Estate, as_: SignIn, pretend: Sandbox
) -> None:
    client, address = as_(osaka.owner), at("server_settings", osaka)
    page = text(client.post(address, {"deed": "token", "token": "ghp_" + "y" * 36}))
    assert "refuses this token. Nothing was changed." in page
    assert "What the new token was told" in page
    osaka.server.refresh_from_db()
    assert unseal(osaka.server.token) == pretend.server("osaka")["token"]
    page = text(
        client.post(address, {"deed": "token", "token": pretend.server("osaka")["token"]}, follow=True)
    )
    assert "is replaced." in page


def test_the_token_is_deleted_after_a_question(osaka: Estate, as_: SignIn) -> None:
    client = as_(osaka.owner)
    assert "until it is revoked there" in text(client.get(at("server_token_delete", osaka)))
    client.post(at("server_token_delete", osaka))
    osaka.server.refresh_from_db()
    assert osaka.server.token == ""
    assert "There is no token for this server." in text(client.get(at("server_settings", osaka)))


def test_checking_again_says_what_changed(osaka: Estate, as_: SignIn, pretend: Sandbox) -> None:
    servers.delete_token(server=osaka.server, by=osaka.owner)
    page = text(as_(osaka.owner).post(at("server_settings", osaka), {"deed": "check"}, follow=True))
    assert "There is no token for" in page


def test_settings_are_kept_and_wrong_ones_said(octo: Estate, as_: SignIn) -> None:
    client, address = as_(octo.owner), at("server_settings", octo)
    given = {
        "deed": "change",
        "way_in": "upload",
        "managed_by": "scim",
        "quiet_from": "22:00",
        "quiet_to": "06:00",
        "web_url": "https://ghe.example.com",
    }
    assert "are saved." in text(client.post(address, given, follow=True))
    octo.server.refresh_from_db()
    assert (octo.server.managed_by, octo.server.web_url) == ("scim", "https://ghe.example.com")
    assert octo.server.quiet_from is not None
    assert octo.server.quiet_from.hour == 22
    assert "Give both hours, or neither." in text(client.post(address, {**given, "quiet_to": ""}))
    assert "This is not a CA certificate" in text(client.post(address, {**given, "ca_bundle": "none"}))
    assert "Enter a valid URL." in text(client.post(address, {**given, "web_url": "javascript:alert(1)"}))
    octo.server.refresh_from_db()
    assert octo.server.ca_bundle == ""


def test_a_renamed_server_keeps_its_old_name_in_the_list(octo: Estate, as_: SignIn) -> None:
    client, address = as_(octo.owner), at("server_settings", octo)
    answer = client.post(address, {"deed": "rename", "host": "ghe-new.octo-corp.example"}, follow=True)
    assert answer.redirect_chain[0][0] == "/enterprises/octo-corp/servers/ghe-new.octo-corp.example/settings"
    assert "ghe-tokyo.octo-corp.example" in text(answer)
    assert ServerName.objects.filter(server=octo.server).count() == 2
    assert client.get(address).status_code == 404


def test_a_server_is_removed_only_when_its_host_is_typed(octo: Estate, as_: SignIn) -> None:
    client, address = as_(octo.owner), at("server_remove", octo)
    page = text(client.get(address))
    assert "Type ghe-tokyo.octo-corp.example to confirm" in page
    assert "GitHub goes on counting its users." in page
    assert "Nothing was removed." in text(client.post(address, {"typed": "ghe-osaka"}))
    assert "Nothing was removed." in text(client.post(address))
    assert Server.objects.count() == 1
    answer = client.post(address, {"typed": " GHE-Tokyo.octo-corp.example"})
    assert answer.headers["Location"] == "/enterprises/octo-corp"
    assert "is being removed" in text(client.get(answer.headers["Location"]))
    assert recounts.perform(recount_id=Recount.objects.get().pk)
    assert not Server.objects.exists()


def test_a_form_that_names_no_deed_does_nothing(octo: Estate, as_: SignIn) -> None:
    assert as_(octo.owner).post(at("server_settings", octo), {"deed": "burn"}).status_code == 400
    assert as_(octo.owner).post(at("server_settings", octo)).status_code == 400

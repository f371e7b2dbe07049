"""The list of enterprises, adding one, and its settings."""

import re
from collections.abc import Callable

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from pytest_django import Settings

from ghconnect import summaries
from ghconnect.models import AuditEvent, Enterprise, Membership, Role, User
from ghconnect.seal import unseal
from ghconnect.usecases import access, enterprises
from tests.support import estate as estates
from tests.support.environment import free_port
from tests.support.estate import Estate
from tests.support.sandbox import Sandbox

from .conftest import at, text

SignIn = Callable[[User], Client]


def queries(client: Client, url: str) -> int:
    with CaptureQueriesContext(
        connection,
    ) as captured:
        assert client.get(url).status_code == 200
    return len(captured)


def given(pretend: Sandbox, **other: str) -> dict[str, str]:
    facts = pretend.world["enterprise"]
    return {"slug": facts["slug"], "host": facts["host"], "token": facts["token"], **other}


def without_token(page: str) -> str:
    return re.sub(r'name="csrfmiddlewaretoken" value="\w+"', "", page)


def test_whoever_proves_an_account_by_its_token_adds_it_and_owns_it(
    db: None, as_: SignIn, pretend: Sandbox
) -> None:
    user = estates.person("mona")
    answer = as_(user).post("/enterprises/new", given(pretend), follow=True)
    assert answer.redirect_chain == [("/enterprises/octo-corp/settings/github", 302)]
    page = text(answer)
    assert "License report can be read" in page
    assert "read:enterprise" in page
    assert given(pretend)["token"] not in page
    added = Enterprise.objects.get()
    assert unseal(added.token) == given(pretend)["token"]
    assert Membership.objects.get(enterprise=added).user == user


def test_an_account_that_is_not_proven_is_not_added_and_each_check_says_why(
    db: None, as_: SignIn, pretend: Sandbox
) -> None:
    page = text(as_(estates.person("eve")).post("/enterprises/new", given(pretend, token="ghp_" + "x" * 36)))
    assert "Nothing was added" in page
    assert "Failed</span>" in page
    assert "Not checked" in page
    assert not Enterprise.objects.exists()


@pytest.mark.parametrize(
    ("other", "words"),
    [
        ({"slug": "octo corp"}, "This is not the name of an account."),
        ({"slug": "new"}, "This is not the name of an account."),
        ({"host": "example.com"}, "Enterprise accounts are on github.com"),
        ({"token": "short"}, "This is not a token"),
        ({"token": ""}, "This field is required."),
    ],
)
def test_what_cannot_be_an_account_is_said_at_its_field(
    db: None, as_: SignIn, pretend: Sandbox, other: dict[str, str], words: str
) -> None:
    page = text(as_(estates.person("eve")).post("/enterprises/new", given(pretend, **other)))
    assert words in page
    assert not Enterprise.objects.exists()


def test_only_an_operator_adds_an_account_without_a_token(db: None, as_: SignIn) -> None:
    facts = {"slug": "acme", "host": "github.com", "token": ""}
    as_(estates.person("root", operator=True)).post("/enterprises/new", facts)
    assert Enterprise.objects.get().slug == "acme"


def test_the_whole_address_of_an_account_is_taken_for_its_name(
    db: None, as_: SignIn, pretend: Sandbox
) -> None:
    address = "https://github.com/enterprises/Octo-Corp/people"
    as_(estates.person("mona")).post("/enterprises/new", given(pretend, slug=address))
    assert Enterprise.objects.get().slug == "octo-corp"


def test_a_way_that_is_closed_is_not_blamed_on_the_token(
    db: None, as_: SignIn, pretend: Sandbox, settings: Settings
) -> None:
    settings.GHCONNECT_RESOLVE = {
        **settings.GHCONNECT_RESOLVE,
        ("api.closed.ghe.com", 443): ("127.0.0.1", free_port()),
    }
    client = as_(estates.person("eve"))
    closed = text(client.post("/enterprises/new", given(pretend, host="closed.ghe.com")))
    assert "Nothing was added: this console does not get through to closed.ghe.com." in closed
    assert "this token does not read" not in closed
    refused = text(client.post("/enterprises/new", given(pretend, token="ghp_" + "x" * 36)))
    assert "Nothing was added: this token does not read the license report of that account." in refused


def test_a_scope_that_is_missing_is_told_of_the_token_at_its_host(
    db: None, as_: SignIn, pretend: Sandbox
) -> None:
    facts = given(pretend, token="ghp_PRETENDNoScope".ljust(40, "0"))
    page = text(as_(estates.person("eve")).post("/enterprises/new", facts))
    assert "The token lacks the scope read:enterprise; it has: repo." in page


def test_whoever_has_the_account_already_is_told_so(octo: Estate, as_: SignIn, pretend: Sandbox) -> None:
    Enterprise.objects.update(host=given(pretend)["host"])
    page = text(as_(octo.owner).post("/enterprises/new", given(pretend)))
    assert "You have this account here already." in page
    assert "Ask its owners" not in page


def test_an_account_is_here_once(octo: Estate, as_: SignIn, pretend: Sandbox) -> None:
    Enterprise.objects.update(host=given(pretend)["host"])
    page = text(as_(estates.person("eve")).post("/enterprises/new", given(pretend)))
    assert "This account is in this console already." in page


def test_only_whoever_can_read_an_account_learns_that_it_is_here(
    octo: Estate, as_: SignIn, pretend: Sandbox
) -> None:
    Enterprise.objects.update(host=given(pretend)["host"])
    facts = given(pretend, token="ghp_" + "x" * 36)
    client = as_(estates.person("eve"))
    there, nowhere = (
        text(client.post("/enterprises/new", {**facts, "slug": slug})) for slug in ("octo-corp", "octo-none")
    )
    assert "in this console already" not in there
    assert without_token(there) == without_token(nowhere).replace("octo-none", "octo-corp")


def test_the_list_shows_mine_alone_with_what_other_apps_know(octo: Estate, as_: SignIn) -> None:
    estates.estate("acme", "ghe.acme.example")
    page = text(as_(octo.biller).get("/enterprises"))
    assert "octo-corp" in page
    assert "acme" not in page
    assert ("Worst state" in page) == summaries.known()


def test_who_has_several_is_told_that_github_counts_each_by_itself(octo: Estate, as_: SignIn) -> None:
    words, client = "whoever is in two of them holds a license in both", as_(octo.owner)
    assert words not in text(client.get("/enterprises"))
    other = estates.estate("acme", "ghe.acme.example")
    access.grant(enterprise=other.enterprise, email=octo.owner.email, role=Role.OWNER, by=None)
    assert words in text(client.get("/enterprises"))


def test_the_list_costs_the_same_for_one_and_three(octo: Estate, as_: SignIn) -> None:
    client = as_(octo.owner)
    one = queries(client, "/enterprises")
    for slug in ("acme", "initech"):
        other = estates.estate(slug, f"ghe.{slug}.example")
        access.grant(enterprise=other.enterprise, email=octo.owner.email, role=Role.OWNER, by=None)
    assert queries(client, "/enterprises") == one


def test_the_home_leads_to_the_only_enterprise_else_to_the_list(octo: Estate, as_: SignIn) -> None:
    assert as_(octo.biller).get("/").headers["Location"] == "/enterprises/octo-corp"
    other = estates.estate("acme", "ghe.acme.example")
    access.grant(enterprise=other.enterprise, email=octo.biller.email, role=Role.OWNER, by=None)
    assert as_(octo.biller).get("/").headers["Location"] == "/enterprises"


def test_the_profile_is_kept_and_named_in_the_audit_log(octo: Estate, as_: SignIn) -> None:
    client, address = as_(octo.owner), at("enterprise_settings", octo, server=False)
    profile = {
        "name": "Octo Corporation",
        "contract": "volume",
        "managed_users": "yes",
        "renews_on": "2027-01-31",
        "price": "21.50",
        "currency": "eur",
        "time_zone": "Asia/Tokyo",
    }
    assert client.post(address, profile).headers["Location"] == address
    kept = Enterprise.objects.get()
    assert (kept.name, kept.contract, kept.price_cents, kept.currency) == (
        "Octo Corporation",
        "volume",
        2150,
        "EUR",
    )
    assert kept.managed_users == "yes"
    assert (str(kept.renews_on), kept.time_zone) == ("2027-01-31", "Asia/Tokyo")
    page = text(client.get(address))
    assert 'value="21.5' in page
    assert 'value="2027-01-31"' in page
    before = AuditEvent.objects.count()
    client.post(address, profile)
    assert AuditEvent.objects.count() == before
    assert "price_cents" in text(client.get(at("settings_audit_log", octo, server=False)))


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": " "},
        {"price": "-1"},
        {"currency": "euro"},
        {"time_zone": "Mars/Base"},
        {"contract": "x"},
        {"managed_users": "x"},
    ],
)
def test_a_wrong_value_of_the_profile_changes_nothing(
    octo: Estate, as_: SignIn, wrong: dict[str, str]
) -> None:
    profile = {"name": "New", "contract": "", "currency": "USD", "time_zone": "UTC", **wrong}
    page = as_(octo.owner).post(at("enterprise_settings", octo, server=False), profile)
    assert "FormControl-inlineValidation" in text(page)
    assert Enterprise.objects.get().name == "octo-corp"


def test_the_token_of_the_account_is_replaced_only_by_one_github_takes(
    octo: Estate, as_: SignIn, pretend: Sandbox
) -> None:
    facts = pretend.world["enterprise"]
    Enterprise.objects.filter(pk=octo.enterprise.pk).update(host=facts["host"])
    client, address = as_(octo.owner), at("settings_github", octo, server=False)
    assert "There is no token yet." in text(client.get(address))
    page = text(client.post(address, {"deed": "token", "token": "ghp_" + "x" * 36}))
    assert "GitHub refuses this token. Nothing was changed." in page
    assert "What the new token was told" in page
    assert Enterprise.objects.get().token == ""
    page = text(client.post(address, {"deed": "token", "token": facts["token"]}, follow=True))
    assert "The token is replaced." in page
    assert "classic" in page
    assert facts["token"] not in page
    assert "The token was checked." in text(client.post(address, {"deed": "check"}, follow=True))


def test_without_a_token_there_is_nothing_to_check(octo: Estate, as_: SignIn) -> None:
    address = at("settings_github", octo, server=False)
    assert "There is no token for github.com." in text(
        as_(octo.owner).post(address, {"deed": "check"}, follow=True)
    )


def test_the_audit_log_shows_this_enterprise_alone_page_by_page_at_one_cost(
    octo: Estate, as_: SignIn
) -> None:
    estates.estate("acme", "ghe.acme.example")
    client, address = as_(octo.owner), at("settings_audit_log", octo, server=False)
    few = queries(client, address)
    for number in range(60):
        enterprises.rename(enterprise=octo.enterprise, name=f"Octo {number}", by=octo.owner)
    assert queries(client, address) == few
    first = client.get(address)
    assert "acme" not in text(first)
    assert text(first).count('<th scope="row"><code>') == 50
    second = client.get(address + first.context["page"].next_url)
    assert "enterprise.add" in text(second)
    assert "enterprise.add" not in text(first)

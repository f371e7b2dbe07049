"""An organization that no enterprise owns, added by its address and read from pretend GitHub as an enterprise is."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.test import Client

from ghconnect.models import Enterprise, User
from ghconnect.usecases import tokens
from licensing.models import CloudFact, CloudPicture, CloudSource, LicenseRow, SyncRun
from licensing.usecases import runs, sync
from tests.integration.engine import drive
from tests.support.sandbox import Sandbox
from tests.support.stack import knowing

pytestmark = pytest.mark.django_db


@pytest.fixture
def owner(client: Client) -> User:
    made = User.objects.create_user("ines@octo-garden.example", "ines", name="Inês")
    client.force_login(made)
    return made


@pytest.fixture
def garden(client: Client, owner: User, sandbox: Sandbox) -> Iterator[Enterprise]:
    facts = sandbox.world["organization"]
    with knowing(sandbox):
        address = f"https://{facts['host']}/orgs/{facts['login']}/people"
        values = {"slug": address, "host": "github.com", "token": facts["token"]}
        answer = client.post("/enterprises/new", values)
        assert answer.status_code == 302, answer.content.decode()
        yield Enterprise.objects.get(slug=facts["login"])


def read(garden: Enterprise) -> SyncRun:
    run = runs.request(subject=garden, trigger=SyncRun.Trigger.MANUAL)
    done = sync.perform(run_id=run.pk)
    assert done is not None
    return done


def test_it_is_added_by_its_address_and_its_token_is_checked(garden: Enterprise) -> None:
    assert (garden.kind, garden.name, garden.host) == (
        "organization",
        "Octo Garden",
        "github.octo-corp.example",
    )
    checks = {check["key"]: check["ok"] for check in garden.checks}
    assert checks["report"]
    assert checks["scope"]
    assert checks["role"]
    assert checks["sync_status"] is None


def test_an_enterprise_may_have_the_same_name(client: Client, owner: User, sandbox: Sandbox) -> None:
    """GitHub lets it: the second one gets an address of its own here, and is asked for by its name there."""
    other = drive.enterprise("octo-garden", host="github.octo-corp.example")
    facts = sandbox.world["organization"]
    values = {"slug": facts["login"], "kind": "organization", "host": facts["host"], "token": facts["token"]}
    with knowing(sandbox):
        page = client.post("/enterprises/new", values, follow=True)
        made = Enterprise.objects.get(kind="organization")
        assert (made.slug, made.account, other.slug) == (
            "octo-garden_organization",
            "octo-garden",
            "octo-garden",
        )
        assert page.redirect_chain[-1][0] == "/enterprises/octo-garden_organization/settings/github"
        assert "Its name in this console is octo-garden_organization" in page.content.decode()
        assert read(made).state == SyncRun.State.PUBLISHED
        again = client.post("/enterprises/new", values)
    assert "You have this account here already." in again.content.decode()
    assert CloudPicture.objects.get(enterprise=made).consumed == 12
    assert made.web_url.endswith("/octo-garden")
    assert client.get("/enterprises/octo-garden").status_code == 404


def test_members_invitations_and_collaborators_of_private_repositories_fill_its_seats(
    garden: Enterprise,
) -> None:
    run = read(garden)
    assert run.state == SyncRun.State.PUBLISHED
    picture = CloudPicture.objects.get(enterprise=garden)
    assert (picture.consumed, picture.purchased, picture.rows) == (12, 15, 12)
    logins = set(LicenseRow.objects.filter(enterprise=garden).values_list("github_com_login", flat=True))
    assert {"ines-garden", "kim-outside", "new-gardener", "visitor@octo-partner.example"} <= logins
    assert not {"robin-public", "books@octo-partner.example"} & logins
    kim = LicenseRow.objects.get(github_com_login="kim-outside")
    assert kim.github_com_member_roles == ["octo-garden/seeds-private:Collaborator"]
    assert LicenseRow.objects.get(github_com_login="ines-garden").github_com_member_roles == [
        "octo-garden:Owner"
    ]
    assert LicenseRow.objects.filter(enterprise=garden, kind="invitation").count() == 2
    assert drive.totals(garden)["unexplained"] == 0
    assert CloudFact.objects.get(kind="domain").value == "octo-garden.example"
    assert read(garden).state == SyncRun.State.UNCHANGED
    drive.assert_sound(garden)


def test_its_members_are_matched_with_server_accounts_by_identity_and_verified_email(
    garden: Enterprise,
) -> None:
    read(garden)
    server = drive.server(garden, "ghe.octo-garden.example")
    accounts = [
        drive.account(1, "ines-garden@octo-garden.example"),
        drive.account(2, "tbecker@octo-garden.example"),
        drive.account(3, "nobody@octo-garden.example"),
    ]
    drive.read_server(server, accounts)
    rules = {number: rule for (_, number), (_, rule, *_) in drive.partition(garden).items()}
    assert rules == {1: "saml_name_id", 2: "verified_email", 3: "own_email"}
    assert drive.totals(garden)["expected"] == 13
    drive.assert_sound(garden)


def test_a_token_without_repo_counts_every_collaborator_and_says_so(
    garden: Enterprise, sandbox: Sandbox
) -> None:
    owner = User.objects.get(login="ines")
    tokens.replace_enterprise_token(enterprise=garden, token=sandbox.world["organization"]["less"], by=owner)
    garden.refresh_from_db()
    read(garden)
    assert LicenseRow.objects.filter(github_com_login="robin-public").exists()
    source = CloudSource.objects.get(enterprise=garden, name="collaborators")
    assert (source.state, source.params["scope"]) == ("scope", "repo")
    assert CloudSource.objects.get(enterprise=garden, name="domains").params["scope"] == "admin:org"


def test_more_collaborators_of_one_repository_than_a_page_holds_are_all_read(
    garden: Enterprise, sandbox: Sandbox
) -> None:
    sandbox.post_control("outside-collaborators", count=230)
    try:
        read(garden)
    finally:
        sandbox.post_control("outside-collaborators", count=0)
    rows = LicenseRow.objects.filter(github_com_login__startswith="outsider-")
    assert rows.count() == 230
    assert drive.totals(garden)["unexplained"] == 0


def test_its_pages_say_organization(client: Client, garden: Enterprise) -> None:
    read(garden)
    for page in (
        "",
        "/licensing",
        "/licensing/consumed",
        "/settings/github",
        "/settings/domains",
        "/github-connect",
    ):
        answer = client.get(f"/enterprises/{garden.slug}{page}")
        assert answer.status_code == 200, page
        main = answer.content.decode().partition("<main")[2].lower()
        assert "enterprise account" not in main, page
        assert "enterprise owner" not in main, page
    assert "Organization licensing" in client.get(f"/enterprises/{garden.slug}/licensing").content.decode()

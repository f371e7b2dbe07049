"""Roles by the page: given, changed, taken; the last owner stays."""

from collections.abc import Callable

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from ghconnect.models import Membership, Role, User
from ghconnect.usecases import access
from tests.support import estate as estates
from tests.support.estate import Estate

from .conftest import at, text

SignIn = Callable[[User], Client]


@pytest.fixture
def people(octo: Estate) -> str:
    return at("settings_people", octo, server=False)


def role(user: User) -> str:
    return Membership.objects.values_list("role", flat=True).get(user=user)


def test_a_role_is_changed_in_the_list(octo: Estate, as_: SignIn) -> None:
    as_(octo.owner).post(at("role", octo, octo.biller.login, server=False), {"role": "owner"})
    assert role(octo.biller) == Role.OWNER


def test_a_role_that_is_none_changes_nothing(octo: Estate, as_: SignIn) -> None:
    address = at("role", octo, octo.biller.login, server=False)
    assert as_(octo.owner).post(address, {"role": "emperor"}).status_code == 400
    assert role(octo.biller) == Role.BILLING_MANAGER


def test_a_role_is_taken_after_a_question(octo: Estate, as_: SignIn) -> None:
    client, address = as_(octo.owner), at("role_remove", octo, octo.biller.login, server=False)
    assert "can no longer open octo-corp in this console" in text(client.get(address))
    client.post(address)
    assert not Membership.objects.filter(user=octo.biller).exists()


@pytest.mark.parametrize(("door", "given"), [("role", {"role": "billing_manager"}), ("role_remove", {})])
def test_the_last_owner_stays(octo: Estate, as_: SignIn, door: str, given: dict[str, str]) -> None:
    page = text(as_(octo.owner).post(at(door, octo, octo.owner.login, server=False), given, follow=True))
    assert "This is the last owner." in page
    assert role(octo.owner) == Role.OWNER


@pytest.mark.parametrize(("door", "given"), [("role", {"role": "billing_manager"}), ("role_remove", {})])
def test_an_owner_who_steps_down_is_led_where_there_is_still_a_page(
    octo: Estate, as_: SignIn, door: str, given: dict[str, str]
) -> None:
    access.grant(enterprise=octo.enterprise, email=octo.biller.email, role="owner", by=None)
    answer = as_(octo.owner).post(at(door, octo, octo.owner.login, server=False), given, follow=True)
    assert answer.status_code == 200


def test_people_of_another_enterprise_are_not_to_be_changed_here(octo: Estate, as_: SignIn) -> None:
    other = estates.estate("acme", "ghe.acme.example")
    for door in ("role", "role_remove"):
        address = at(door, octo, other.biller.login, server=False)
        assert as_(octo.owner).post(address, {"role": "owner"}).status_code == 404
    assert role(other.biller) == Role.BILLING_MANAGER


def test_the_list_costs_the_same_for_one_and_three(octo: Estate, as_: SignIn, people: str) -> None:
    client = as_(octo.owner)

    def cost() -> int:
        with CaptureQueriesContext(connection) as captured:
            client.get(people)
        return len(captured)

    access.revoke(enterprise=octo.enterprise, user=octo.biller, by=octo.owner)
    one = cost()
    for login in ("hubot", "monalisa"):
        access.grant(enterprise=octo.enterprise, email=estates.person(login).email, role="owner", by=None)
    assert cost() == one


def test_a_person_chooses_how_to_see_the_console(octo: Estate, as_: SignIn) -> None:
    client = as_(octo.biller)
    given = {"name": "Finn Lee", "language": "ja", "time_zone": "Asia/Tokyo", "appearance": "dark"}
    page = text(client.post("/settings", given, follow=True))
    assert '<html lang="ja" data-color-mode="dark"' in page
    octo.biller.refresh_from_db()
    assert (octo.biller.name, octo.biller.time_zone) == ("Finn Lee", "Asia/Tokyo")
    client.post("/settings", {**given, "time_zone": "Mars/Base"})
    client.post("/settings", {**given, "appearance": "pink"})
    octo.biller.refresh_from_db()
    assert (octo.biller.time_zone, octo.biller.appearance) == ("Asia/Tokyo", "dark")


def test_nobody_takes_an_email_to_get_the_role_meant_for_whoever_has_it(octo: Estate, as_: SignIn) -> None:
    for deed in ("action_add", "action_primary"):
        as_(octo.biller).post("/email/", {deed: "", "email": "chief@octo-corp.example"})
    octo.biller.refresh_from_db()
    assert octo.biller.email == "biller-of-octo-corp@octo-corp.example"
    assert role(octo.biller) == Role.BILLING_MANAGER

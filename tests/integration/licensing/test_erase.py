"""Erase a person who has left: names go everywhere, numbers stay."""

import pytest
from django.test import Client

from ghconnect.models import Enterprise, Server
from licensing import as_of
from licensing.models import Account, Edition, Person
from tests.integration.engine import drive

pytestmark = [pytest.mark.django_db, pytest.mark.rows]


def test_somebody_who_left_is_erased_and_past_totals_stay(
    estate: Enterprise, tokyo: Server, owner: Client
) -> None:
    eve = Person.objects.get(name="eve")
    before = Edition.objects.get(number=estate.edition)
    url = f"/enterprises/octo/licensing/people/{eve.pk}/erase"
    assert "still has an account" in owner.post(url, follow=True).content.decode()
    drive.read_server(tokyo, [drive.account(2, "bob@octo.example", "bob-on-tokyo")])
    assert "Erase eve" in owner.get(url).content.decode()
    assert owner.post(url).status_code == 302
    assert not Account.objects.filter(login="eve").exists()
    assert not Account.objects.filter(key__startswith="eve").exists()
    assert not Person.objects.filter(name="eve").exists()
    found = as_of.people(estate, before)
    assert found.count() == before.totals["expected"]
    assert found.filter(name="").count() == 1


def test_a_billing_manager_erases_nobody(estate: Enterprise, manager: Client) -> None:
    eve = Person.objects.get(name="eve")
    assert manager.post(f"/enterprises/octo/licensing/people/{eve.pk}/erase").status_code == 404

"""Erase a person who has left: names go everywhere, numbers stay."""

import gzip

import pytest
from django.apps import apps
from django.test import Client

from ghconnect.models import Enterprise, Server
from ghconnect.records import SAML_NAME_ID, Identity
from licensing import as_of
from licensing.models import Account, Edition, Person, TwiceCandidate
from licensing.usecases import twice_find
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


def everything_said() -> str:
    """All rows of all tables, also what is compressed in them."""
    told = []
    for model in apps.get_models():
        for row in model._default_manager.values():
            told += [
                gzip.decompress(v) if isinstance(v, bytes) and v[:2] == b"\x1f\x8b" else v
                for v in row.values()
            ]
    return " ".join(map(str, told)).lower()


def test_held_runs_that_name_who_is_erased_are_discarded(
    octo: Enterprise, tokyo: Server, owner: Client
) -> None:
    """They hold the person's report, staged and as a copy; those that name nobody of the erased stay held."""
    zeb, crowd = "zebedee.quill@octo.example", [drive.account(n, f"u{n}@octo.example") for n in range(20, 50)]
    osaka = drive.server(octo, "ghe-osaka.octo.example")
    drive.read_cloud(octo, [drive.row(f"user{n}") for n in range(60)])
    drive.read_server(osaka, [drive.account(1, "one@octo.example")])
    drive.read_server(tokyo, [*crowd, drive.account(7, zeb, "Zebedee")])
    drive.read_server(tokyo, crowd)
    rows = [drive.row("zebq", [f"{tokyo.host}:7"], [zeb], github_com_name="Zebedee Quill")]
    held = [
        drive.read_server(tokyo, [drive.account(7, zeb, "Zebedee")], publish=False),
        drive.read_cloud(octo, rows, publish=False),
        drive.read_server(osaka, [], publish=False),
    ]
    assert [run.state for run in held] == ["held"] * 3
    gone = Person.objects.get(name="Zebedee")
    assert owner.post(f"/enterprises/octo/licensing/people/{gone.pk}/erase").status_code == 302
    for run in held:
        run.refresh_from_db()
    assert [run.state for run in held] == ["discarded", "discarded", "held"]
    said = everything_said()
    assert [word for word in ("zebedee", "quill", "zebq") if word in said] == []


def test_nothing_in_the_database_names_who_is_erased(octo: Enterprise, tokyo: Server, owner: Client) -> None:
    zeb = "zebedee.quill@octo.example"
    row = drive.row("zebq", [f"{tokyo.host}:7"], [zeb], github_com_name="Zebedee Quill")
    second = drive.account(8, "quill.z@octo.example", "zebq")
    drive.read_cloud(octo, [row, drive.row("ann")], [Identity("zebq", SAML_NAME_ID, zeb)])
    drive.read_server(tokyo, [drive.account(7, zeb, "zebedee"), second, drive.account(9, "bob@octo.example")])
    octo.refresh_from_db()
    assert twice_find.find(enterprise=octo)
    assert TwiceCandidate.objects.exists()
    saved = "/enterprises/octo/licensing/saved-views"
    for name, query in (("His", f"q=email:{zeb}"), ("Zebedee Quill", "q=x"), ("Kept", "q=zebra")):
        owner.post(saved, {"deed": "save", "name": name, "query": query})
    owner.post("/enterprises/octo/licensing/counted-twice/exclude", {"patterns": "zebq\nsvc-*"})
    people = list(
        Person.objects.filter(ended_edition=None).exclude(name__in=["Ann", "ann", "u9"]).order_by("pk")
    )
    drive.read_server(tokyo, [drive.account(9, "bob@octo.example")])
    page = f"/enterprises/octo/licensing/people/{people[0].pk}/erase"
    assert "report still lists one" in owner.post(page, follow=True).content.decode()
    drive.read_cloud(octo, [drive.row("ann")])
    assert "zebedee" in everything_said()
    for one in people:
        assert owner.post(f"/enterprises/octo/licensing/people/{one.pk}/erase").status_code == 302
    said = everything_said()
    assert [word for word in ("zebedee", "quill", "zebq") if word in said] == []
    assert "zebra" in said
    assert "svc-*" in said

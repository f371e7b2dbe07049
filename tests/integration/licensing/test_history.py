"""Who held a license on a past day: totals as shown then, and people that add up to them."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client

from ghconnect.models import Enterprise, Server
from licensing import as_of
from licensing.models import Edition, Person
from tests.integration.engine import drive

pytestmark = [pytest.mark.django_db, pytest.mark.rows]
PAGE = "/enterprises/octo/licensing/history"
TODAY = datetime(2026, 11, 20, 12, tzinfo=UTC)


def day_of(edition: Edition, days_ago: int) -> str:
    """Let an edition be of a day ago; returns that day."""
    at = TODAY - timedelta(days=days_ago)
    Edition.objects.filter(pk=edition.pk).update(at=at)
    return at.date().isoformat()


@pytest.fixture
def days(estate: Enterprise, tokyo: Server) -> list[str]:
    """Everybody leaves Tokyo: the days before and after, and one before anything was read."""
    drive.read_server(tokyo, [drive.account(2, "bob@octo.example", "bob-on-tokyo")])
    first, *between, last = Edition.objects.order_by("number")
    early = day_of(first, 10)
    before = [day_of(one, 5) for one in between][-1]
    return [early, before, day_of(last, 1), "2026-01-01"]


def told(client: Client, day: str) -> dict[str, object]:
    answer = client.get(f"{PAGE}.json?as_of={day}")
    found: dict[str, object] = json.loads(answer.getvalue())
    return found


def test_each_day_gives_the_totals_that_stood_and_as_many_people(days: list[str], manager: Client) -> None:
    early, before, after, never = days
    expected = [told(manager, day).get("expected") for day in (early, before, after)]
    people = [len(told(manager, day)["users"]) for day in (early, before, after, never)]  # type: ignore[arg-type]
    assert expected == people[:3]
    assert people[1] - people[2] == 2
    assert people[3] == 0


def test_a_day_between_is_that_of_the_last_publication(days: list[str], manager: Client) -> None:
    assert told(manager, "2026-11-17")["edition"] == told(manager, days[1])["edition"]


def test_the_page_says_who_and_how_many(days: list[str], manager: Client) -> None:
    page = manager.get(PAGE, {"as_of": days[1]}).content.decode()
    assert ">eve<" in page
    assert ">eve<" not in manager.get(PAGE, {"as_of": days[2]}).content.decode()
    assert "Nothing was published yet" in manager.get(PAGE, {"as_of": days[3]}).content.decode()
    assert (
        manager.get("/enterprises/octo/licensing", {"as_of": days[1]}).headers["Location"].endswith(days[1])
    )


def test_erased_people_stay_in_the_sum(days: list[str], manager: Client) -> None:
    Person.objects.filter(name="eve").update(name="", sort="", group="")
    page = manager.get(PAGE, {"as_of": days[1]}).content.decode()
    assert "1 of them erased" in page
    assert len(told(manager, days[1])["users"]) == told(manager, days[1])["expected"]  # type: ignore[arg-type]


def test_what_is_no_day_is_today_and_formulas_are_text(days: list[str], manager: Client) -> None:
    assert manager.get(PAGE, {"as_of": "'; drop"}).status_code == 200
    text = b"".join(manager.get(f"{PAGE}.csv", {"as_of": days[1]})).decode()
    assert "'=dan" in text
    assert manager.get(f"{PAGE}.exe").status_code == 404


def test_the_files_of_the_list_give_a_past_day_too(days: list[str], manager: Client) -> None:
    where = "/enterprises/octo/licensing/consumed"
    told_of = json.loads(manager.get(f"{where}.json", {"as_of": days[1]}).getvalue())
    assert told_of == told(manager, days[1])
    page = manager.get(PAGE, {"as_of": days[1]}).context["shown"]
    assert {name: told_of[name] for name in page.totals} == page.totals
    lines = manager.get(f"{where}.csv", {"as_of": days[1]}).getvalue().decode("utf-8-sig").splitlines()
    assert len(lines) == len(told_of["users"]) + 2
    for ending, more in (("xlsx", {}), ("csv", {"q": "ann"}), ("json", {"view": "expected"})):
        assert manager.get(f"{where}.{ending}", {"as_of": days[1], **more}).status_code == 400
    assert manager.get(where, {"as_of": days[1]}).headers["Location"] == f"{PAGE}?as_of={days[1]}"


def test_people_of_a_day_are_found_without_walking_seats_for_each(days: list[str]) -> None:
    last = Edition.objects.latest("number")
    assert "CORRELATED" not in as_of.people(last.enterprise, last).explain()

"""What needs somebody is kept in a table: one open row for each thing, the same one when it comes back."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from unittest import mock

import pytest
from django.test import Client
from django.utils import timezone

from ghconnect.models import Enterprise, Server
from licensing import attention
from licensing.models import Alert, AlertDelivery, Alerting, AlertReceiver, AttentionItem
from licensing.usecases import alerts
from licensing.usecases import attention as refresh
from tests.integration.engine import drive

from . import state


@pytest.fixture
def osaka(octo: Enterprise) -> Server:
    return state.pulled(octo, "ghe-osaka.octo.example")


@pytest.fixture
def told(octo: Enterprise) -> Enterprise:
    AlertReceiver.objects.create(
        enterprise=octo, kind="mail", target="ops@octo.example", shown="ops@octo.example"
    )
    return octo


def look(of: Enterprise) -> list[AttentionItem]:
    assert refresh.refresh(enterprise=of)
    return list(AttentionItem.objects.filter(enterprise=of, cleared_at=None).order_by("pk"))


def mend(server: Server) -> None:
    drive.read_server(server, [drive.account(1, "ann@octo.example")])


def events(of: Enterprise) -> list[str]:
    return list(Alert.objects.filter(enterprise=of).order_by("pk").values_list("event", flat=True))


@pytest.fixture
def hours() -> Iterator[list[float]]:
    """Let real time be so many hours later for the table."""
    later = [0.0]
    real = timezone.now
    ahead = mock.Mock(side_effect=lambda: real() + timedelta(hours=later[0]))
    with mock.patch("licensing.usecases.attention.timezone.now", ahead):
        yield later


def test_one_open_row_for_each_key_and_subject(octo: Enterprise, osaka: Server) -> None:
    state.failed(osaka)
    (first,) = [row for row in look(octo) if row.key == "failing"]
    state.failed(osaka)
    (again,) = [row for row in look(octo) if row.key == "failing"]
    assert again.pk == first.pk
    assert (first.params["n"], again.params["n"]) == (1, 2)
    assert again.since == first.since


def test_what_is_over_is_looked_at_where_it_was(told: Enterprise, osaka: Server) -> None:
    """Not where somebody mends GitHub's side, which was never the trouble."""
    Alerting.objects.update_or_create(enterprise=told, defaults={"console_url": "https://c.example"})
    state.failed(osaka)
    look(told)
    mend(osaka)
    look(told)
    cleared = Alert.objects.get(event="attention.cleared")
    assert cleared.link == "https://c.example/enterprises/octo/servers/ghe-osaka.octo.example/license"


def test_what_came_back_within_a_day_is_the_same_item(
    told: Enterprise, osaka: Server, hours: list[float]
) -> None:
    state.failed(osaka)
    (first,) = look(told)
    mend(osaka)
    assert look(told) == []
    assert events(told) == ["attention.opened", "attention.cleared"]
    state.failed(osaka)
    (same,) = look(told)
    assert (same.pk, same.opened_at) == (first.pk, first.opened_at)
    assert len(events(told)) == 2, "an item that flutters is a nag"
    hours[0] = 1.1
    look(told)
    look(told)
    assert events(told)[2:] == ["attention.opened"]


def test_after_a_day_it_is_another_item(octo: Enterprise, osaka: Server, hours: list[float]) -> None:
    state.failed(osaka)
    (first,) = look(octo)
    mend(osaka)
    look(octo)
    hours[0] = 24.1
    state.failed(osaka)
    (other,) = look(octo)
    assert other.pk != first.pk


def test_no_daily_nag(told: Enterprise, osaka: Server, hours: list[float]) -> None:
    state.failed(osaka)
    for day in range(10):
        hours[0] = 24 * day
        look(told)
    assert events(told) == ["attention.opened"]


def test_alerts_are_written_with_the_rows_or_not_at_all(told: Enterprise, osaka: Server) -> None:
    state.failed(osaka)
    with (
        mock.patch.object(AlertDelivery.objects, "bulk_create", side_effect=RuntimeError("power cut")),
        pytest.raises(RuntimeError),
    ):
        refresh.refresh(enterprise=told)
    assert not AttentionItem.objects.exists()
    assert not Alert.objects.exists()
    look(told)
    assert events(told) == ["attention.opened"]


def test_facts_older_than_the_table_are_read_again(octo: Enterprise, osaka: Server) -> None:
    state.failed(osaka)
    gathered = attention.gather
    raced: list[bool] = []

    def slow(*args: object) -> attention.Gathered:
        found = gathered(*args)  # type: ignore[arg-type]
        if not raced:
            raced.append(True)
            mend(osaka)
            assert refresh.refresh(enterprise=octo)
        return found

    with mock.patch.object(attention, "gather", slow):
        assert refresh.refresh(enterprise=octo)
    assert not AttentionItem.objects.filter(cleared_at=None).exists()


def test_the_page_and_the_command_read_the_table(octo: Enterprise, osaka: Server, owner: Client) -> None:
    state.failed(osaka)
    look(octo)
    assert "Failing since" in state.text(owner, "/enterprises/octo")
    AttentionItem.objects.update(cleared_at=timezone.now())
    assert "Nothing needs you now" in state.text(owner, "/enterprises/octo")


def test_words_follow_the_language_of_alerts(told: Enterprise, osaka: Server) -> None:
    alerts.alerting(told)
    Alerting.objects.update(language="ja", console_url="https://console.example/")
    state.failed(osaka)
    look(told)
    alert = Alert.objects.get()
    assert "Failing" not in alert.text
    assert alert.link.startswith("https://console.example/enterprises/octo/servers/ghe-osaka")


def test_close_to_the_limit_by_the_enterprise_s_own_measure(octo: Enterprise) -> None:
    octo.token = "sealed"
    octo.save()
    drive.read_cloud(octo, [drive.row(f"u{n}") for n in range(90)])
    assert [row.key for row in look(octo)] == []
    Alerting.objects.update(near_percent=90)
    assert [(row.key, row.params) for row in look(octo)] == [("limit_near", {"n": 10, "m": 100})]

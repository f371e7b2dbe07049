"""Server statistics: read where GitHub has them, shown as evidence, counted in nothing."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime, timedelta

from django.test import Client

from ghconnect import clock
from ghconnect.models import Enterprise, Server
from ghconnect.records import ServerStatistics as Day
from licensing.models import CloudPicture, ServerStatistics
from licensing.usecases import statistics
from tests.integration.engine import drive

from .conftest import TOKYO

PAGE = f"/enterprises/octo/servers/{TOKYO}/statistics"
NOON = datetime(2026, 11, 20, 23, 59, 59, tzinfo=UTC)


def day(back: int = 0, host: str = TOKYO, **facts: object) -> Day:
    told = {
        "server_id": "s-1", "version": "3.19.2", "features": ("license_usage_sync", "content_analysis"),
        "dormant_users": 4, "dormancy_threshold": "90 days", "total_users": 96, "admin_users": 2, "suspended_users": 5,
    }  # fmt: skip
    return Day(host=host, collected_at=NOON - timedelta(days=back), **{**told, **facts})  # type: ignore[arg-type]


def test_what_a_server_shares_is_shown_and_given_as_csv(
    octo: Enterprise, tokyo: Server, manager: Client
) -> None:
    statistics.keep(enterprise=octo, found=[day(1, total_users=90), day(0, version="=3.19")])
    shown = manager.get(PAGE).content.decode()
    assert '<code lang="en">license_usage_sync</code> Server can sync user license count and usage' in shown
    assert '<code lang="en">content_analysis</code>' in shown
    assert "Users: 96, +6 since" in shown
    found = list(csv.reader(io.StringIO(manager.get(f"{PAGE}.csv").content.decode())))
    assert found[0][4] == "ghes_version"
    assert [row[7] for row in found[1:]] == ["90", "96"]
    assert found[2][4] == "'=3.19"


def test_each_day_is_kept_once_by_its_newest_word_and_under_any_name(octo: Enterprise, tokyo: Server) -> None:
    statistics.keep(enterprise=octo, found=[day(total_users=1), day(host="ghe-elsewhere.example")])
    statistics.keep(enterprise=octo, found=[day(host=TOKYO.upper(), total_users=2)])
    rows = [(row.host, row.server_id, row.total_users) for row in ServerStatistics.objects.order_by("host")]
    assert rows == [("ghe-elsewhere.example", None, 96), (TOKYO, tokyo.pk, 2)]


def test_where_nothing_is_shared_the_page_says_where_to_share_it(tokyo: Server, owner: Client) -> None:
    shown = owner.get(PAGE).content.decode()
    assert "GitHub has no statistics of ghe-tokyo" in shown
    assert "is off on the instance" in shown
    assert len(owner.get(f"{PAGE}.csv").content.decode().splitlines()) == 1


def test_it_is_asked_for_once_a_day(octo: Enterprise) -> None:
    assert not statistics.read(enterprise_id=octo.pk), "without a token nothing is asked"
    assert statistics._due(octo)
    statistics.keep(enterprise=octo, found=[])
    assert not statistics._due(octo)
    CloudPicture.objects.update(statistics_read_at=clock.now(octo) - timedelta(hours=21))
    assert statistics._due(octo)


def test_no_number_of_the_console_moves_by_it(estate: Enterprise, tokyo: Server) -> None:
    before = drive.totals(estate), drive.bridge(estate)
    statistics.keep(enterprise=estate, found=[day(total_users=9000)])
    assert (drive.totals(estate), drive.bridge(estate)) == before


def test_the_connect_tab_leads_to_it(tokyo: Server, owner: Client, stranger: Client) -> None:
    tab = owner.get(f"/enterprises/octo/servers/{TOKYO}/github-connect").content.decode()
    assert f'href="{PAGE}">What GitHub has received' in tab
    assert stranger.get(PAGE).status_code == 404

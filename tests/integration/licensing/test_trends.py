"""Pictures over time: what they draw is what was published, with a table, a CSV and words for each."""

from __future__ import annotations

import csv
import io
import re
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from ghconnect.models import Enterprise, Server
from licensing import pictures, trends
from licensing.models import Edition, GitHubCount, SyncRun
from licensing.trends import Series, Span
from tests.integration.engine import drive

PAGE = "/enterprises/octo/licensing/trends"
NAMES = ["licenses", "kinds", "servers", "weeks", "by-server", "by-organization"]


def page(client: Client, query: str = "") -> str:
    answer = client.get(f"{PAGE}{query}")
    assert answer.status_code == 200
    return str(answer.content.decode())


def rows(client: Client, name: str) -> list[list[str]]:
    answer = client.get(f"{PAGE}/{name}.csv?range=all")
    assert answer.status_code == 200
    assert answer.headers["Content-Disposition"].startswith(f'attachment; filename="octo-{name}-')
    return list(csv.reader(io.StringIO(answer.content.decode())))


def days_ago(of: Enterprise, days: int) -> None:
    """Let everything so far have happened so many days ago."""
    ago = timedelta(days=days)
    for edition in Edition.objects.filter(enterprise=of):
        Edition.objects.filter(pk=edition.pk).update(at=edition.at - ago)
    for count in GitHubCount.objects.filter(enterprise=of):
        GitHubCount.objects.filter(pk=count.pk).update(at=count.at - ago)
    for run in SyncRun.objects.filter(enterprise=of).exclude(finished_at=None):
        SyncRun.objects.filter(pk=run.pk).update(finished_at=(run.finished_at or run.requested_at) - ago)


def test_day_one_says_when_each_picture_begins(octo: Enterprise, owner: Client) -> None:
    shown = page(owner)
    assert '<svg class="chart' not in shown
    assert "The line begins with GitHub's first license report" in shown
    assert "Nobody came or left in this range." in shown
    assert "No server has been read yet." in shown
    for name in NAMES:
        assert len(rows(owner, name)) <= 1 + (name == "weeks")


def test_the_first_point_is_a_line_under_one_day() -> None:
    end = datetime(2026, 11, 24, 12, tzinfo=UTC)
    first = Series("counted", "Counted", [(end - timedelta(seconds=12), 236)])
    of = Span("all", end - timedelta(minutes=1), end)
    for drawing in pictures.lines("licenses", "Licenses", [first], of).drawings:
        assert [word.text for word in drawing.words if "2026" in word.text] == ["24 Nov 2026"]
        begins, ends = re.findall(r"[MH](\d+(?:\.\d+)?)", drawing.paths[0][1])
        assert float(ends) - float(begins) > drawing.box.across / 6


def test_years_are_drawn_no_finer_than_is_seen_and_their_table_holds_the_newest() -> None:
    end, day = datetime(2026, 11, 24, 12, tzinfo=UTC), timedelta(days=1)
    points: list[tuple[datetime, float | None]] = [(end - day * n, 5000 - n) for n in range(3650, -1, -1)]
    of = Span("all", points[0][0], end)
    picture = pictures.lines("licenses", "Licenses", [Series("counted", "Counted", points)], of)
    for drawing in picture.drawings:
        assert drawing.paths[0][1].count("H") <= drawing.box.across / 2 + 2
    assert [row[1] for row in picture.rows] == [f"{5000 - n:,}" for n in range(len(picture.rows))]
    assert picture.more == len(points) - len(picture.rows)


def test_each_picture_has_words_a_table_and_a_file(estate: Enterprise, owner: Client) -> None:
    shown = page(owner)
    for name in ["licenses", "kinds", "servers", "by-server", "by-organization"]:
        assert f'aria-describedby="c-{name}-words"' in shown
        assert f'id="c-{name}-words"' in shown
        assert f"/trends/{name}.csv?range=12m" in shown
    assert shown.count("Show as a table") >= 5
    assert "Counted by GitHub: 5, the same since" in shown


def test_the_lines_are_githubs_count_and_the_editions(estate: Enterprise, owner: Client) -> None:
    found = rows(owner, "licenses")
    assert found[0] == ["at", "counted", "expected", "purchased"]
    assert found[-1][1:3] == ["5", "6"]
    kinds = rows(owner, "kinds")
    assert sum(int(cell) for cell in kinds[-1][1:]) == 5
    assert rows(owner, "servers")[-1][1:] == ["3"]
    assert rows(owner, "by-server")[1:] == [["ghe-tokyo", "3"]]


def test_who_comes_and_goes_is_counted_by_week_and_the_first_reading_apart(
    estate: Enterprise, tokyo: Server, owner: Client
) -> None:
    days_ago(estate, 30)
    drive.read_server(
        tokyo,
        [
            drive.account(2, "bob@octo.example", "bob-on-tokyo"),
            drive.account(4, "dan@octo.example", "=dan"),
            drive.account(6, "fay@octo.example", "fay"),
            drive.account(7, "gil@octo.example", "gil"),
        ],
    )
    found = [[int(cell) for cell in row[1:]] for row in rows(owner, "weeks")[1:]]
    assert found[0][0] == 0
    assert found[0][2] == 7
    assert found[-1] == [2, 1, 0]
    assert sum(row[0] - row[1] + row[2] for row in found) == drive.totals(estate)["expected"]
    assert "2 people got a license since" in page(owner, "?range=30d")


def test_a_shorter_range_begins_with_what_stood_then(estate: Enterprise, tokyo: Server) -> None:
    days_ago(estate, 200)
    of = trends.span(estate, "90d")
    counted, expected, _purchased = trends.licenses(estate, of)
    assert [value for _at, value in counted.points] == [5]
    assert counted.points[0][0] == of.start == expected.points[0][0]
    assert (of.end - of.start).days == 90
    assert trends.servers(estate, of)[0].points == [(of.start, 3)]
    assert trends.span(estate, "for ever").key == "12m"


def test_organizations_are_those_githubs_rows_name(octo: Enterprise, owner: Client) -> None:
    drive.read_cloud(
        octo,
        [
            drive.row("ann", github_com_member_roles=("octo-labs:Member", "octo-core:Owner")),
            drive.row("bob", github_com_member_roles=("octo-labs:Member", "octo-labs:Owner")),
            drive.row("cat", github_com_member_roles=("octo-core/fw:Collaborator",)),
            drive.row("dan", github_com_member_roles=("=cmd()|x:Member",)),
        ],
    )
    assert rows(owner, "by-organization")[1:] == [["octo-core", "2"], ["octo-labs", "2"], ["'=cmd()|x", "1"]]


def test_billing_managers_see_it_and_nobody_else(
    estate: Enterprise, manager: Client, stranger: Client
) -> None:
    assert "Licenses over time" in page(manager)
    assert stranger.get(PAGE).status_code == 404
    assert stranger.get(f"{PAGE}/licenses.csv").status_code == 404


def test_an_unknown_picture_has_no_file(estate: Enterprise, owner: Client) -> None:
    assert owner.get(f"{PAGE}/moon.csv").status_code == 404


@pytest.mark.parametrize("more", [1, 4])
def test_queries_do_not_grow_with_history(
    estate: Enterprise, tokyo: Server, owner: Client, more: int
) -> None:
    for n in range(more):
        accounts = [drive.account(each, f"u{each}@octo.example") for each in range(10, 14 + n)]
        drive.read_server(tokyo, accounts)
        days_ago(estate, 3)
    page(owner)
    with CaptureQueriesContext(
        connection,
    ) as asked:
        page(owner)
    assert len(asked) <= 32


def test_a_strip_tells_how_the_syncs_went_without_colours(
    estate: Enterprise, tokyo: Server, owner: Client
) -> None:
    drive.read_server(tokyo, [drive.account(n, f"u{n}@octo.example") for n in range(10, 30)])
    drive.read_server(tokyo, [drive.account(10, "u10@octo.example")], publish=False)
    shown = page(owner)
    assert 'aria-label="ghe-tokyo: Held 1, Published 2"' in shown
    assert re.findall(r'<rect class="(run-\w+)"[^>]* height="(\d+)"', shown) == [
        ("run-success", "24"),
        ("run-success", "24"),
        ("run-severe", "16"),
    ]
    assert rows(owner, "syncs")[1][:4:3] == ["ghe-tokyo.octo.example", "published"]
    fleet = owner.get("/enterprises/octo/github-connect").content.decode()
    assert 'aria-label="ghe-tokyo: Held 1, Published 2"' in fleet

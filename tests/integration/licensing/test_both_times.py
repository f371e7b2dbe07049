"""Both times on every figure: GitHub's and this console's, on every page and in every answer that counts licenses."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from django.test import Client
from django.urls import reverse

from ghconnect.models import Enterprise, Server
from licensing.models import (
    CloudPicture,
    Edition,
    GitHubSync,
    Person,
    ServerPicture,
    ServerStatistics,
    SyncRun,
)
from licensing.usecases import editions
from tests.integration.api.caller import V1, Script, token
from tests.integration.test_every_url import PLACED

from .conftest import TOKYO

pytestmark = pytest.mark.django_db
COUNTED = datetime(2026, 11, 20, 6, 1, tzinfo=UTC)
READ = datetime(2026, 11, 22, 7, 2, tzinfo=UTC)
SYNCED = datetime(2026, 11, 19, 8, 3, tzinfo=UTC)
# What a page with a figure has: a number of what is counted here, or a place for one.
FIGURE = re.compile(
    r"\b\d[\d,]* (?:of \d+ )?(?:consumed |more )?(?:licenses?|accounts?|people|person|users?|addresses|members)\b"
    r'|class="(?:num|stat-row|bridge|Counter)\b|class="text-right[^>]*>\d|<dd>\d'
)
# Figures of nothing that GitHub or this console counted: how many rows a file or a deed would have.
NO_COUNT = {
    "server_data": "what was read last is a report of a size, and says of when",
    "server_github_syncs": "days between GitHub's syncs, each with GitHub's time and when it was seen here",
}
# Pages besides those of the URLs alone.
MORE = ("/licensing/consumed?view=expected", "/licensing/difference?line=new_since")


@pytest.fixture
def dated(estate: Enterprise, tokyo: Server) -> Enterprise:
    """Every moment is one nobody else has."""
    estate.token = "t"
    estate.save()
    CloudPicture.objects.filter(enterprise=estate).update(
        counted_at=COUNTED, rows_at=COUNTED, statistics_read_at=READ
    )
    ServerPicture.objects.filter(server=tokyo).update(last_success=READ, observed_at=READ, age_known=True)
    GitHubSync.objects.create(
        enterprise=estate,
        host=TOKYO,
        server=tokyo,
        date=SYNCED,
        status="success",
        newest=True,
        first_seen_at=SYNCED,
        checked_at=SYNCED,
    )
    ServerStatistics.objects.create(
        enterprise=estate, server=tokyo, host=TOKYO, day=SYNCED.date(), collected_at=SYNCED, total_users=4
    )
    editions.refresh_counts(estate)
    SyncRun.objects.filter(enterprise=estate).update(observed_at=READ)
    for edition in Edition.objects.filter(enterprise=estate):
        Edition.objects.filter(pk=edition.pk).update(
            at=READ, totals={**edition.totals, "counted_at": COUNTED.isoformat()}
        )
    return estate


def test_a_page_with_figures_tells_both_times(
    dated: Enterprise, owner: Client, subtests: pytest.Subtests
) -> None:
    """Every page of the enterprise that has one, so that a new page does too."""
    told = {}
    for name, path in [*_pages(dated), *((more, f"/enterprises/octo{more}") for more in MORE)]:
        main = _main(owner, path)
        if main and (name in WITH_FIGURES or (FIGURE.search(main) and name not in NO_COUNT)):
            told[name] = {datetime.fromisoformat(at) for at in re.findall(r'<time datetime="([^"]+)"', main)}
    for name, times in told.items():
        with subtests.test(page=name):
            # Of the page of a server GitHub's time may be that of its own sync of the server.
            assert READ in times
            assert {COUNTED, SYNCED} & times
    assert told.keys() >= WITH_FIGURES, WITH_FIGURES - told.keys()


# Pages that have figures whatever is found by chance; without this the test above could find none and pass.
WITH_FIGURES = {
    "overview",
    "fleet",
    "licensing",
    "consumed",
    "difference",
    "renewal",
    "counted_twice",
    "history",
    "trends",
    "person",
    "server_license",
    "server_sync",
    "server_syncs",
    "server_statistics",
    "server_users",
    "cloud_sync",
    "enterprises",
}


def _pages(of: Enterprise) -> Iterator[tuple[str, str]]:
    """The list of enterprises, and every address below one."""
    bob = Person.objects.get(enterprise=of, sort__startswith="bob")
    values = {
        "slug": "octo",
        "host": TOKYO,
        "pk": bob.pk,
        "number": 1,
        "key": "license_usage_sync",
        "login": "mona",
    }
    yield "enterprises", "/enterprises"
    for address in PLACED:
        if address.parameters <= values.keys():
            yield address.name, reverse(address.name, kwargs={n: values[n] for n in address.parameters})


def _main(owner: Client, path: str) -> str:
    """What a page itself says; "" of what is no page."""
    answer = owner.get(path)
    if answer.status_code != 200 or not answer.headers["Content-Type"].startswith("text/html"):
        return ""
    return answer.getvalue().decode().partition("<main")[2].partition("</main>")[0]


def test_the_box_of_a_server_tells_all_three(dated: Enterprise, owner: Client) -> None:
    """When it was read here, when GitHub itself synced it, and when GitHub counted."""
    box = _main(owner, f"/enterprises/octo/servers/{TOKYO}/license").split('id="user-licenses"')[1]
    times = set(re.findall(r'datetime="([^"]+)"', box.split("</section>")[0]))
    assert {at.isoformat() for at in (READ, SYNCED, COUNTED)} <= times


def test_an_answer_with_figures_tells_both_times(dated: Enterprise, owner: Client) -> None:
    bob = Person.objects.get(enterprise=dated, sort__startswith="bob")
    script, github, console = Script(token(dated)), "2026-11-20T06:01:00Z", "2026-11-22T07:02:00Z"
    for path in (f"{V1}/people/{bob.pk}", f"/enterprises/octo/licensing/people/{bob.pk}.json"):
        told = script.json(path) if path.startswith(V1) else owner.get(path).json()
        assert told["as_of"] == {"github": github, "console": console}, path
    for path in (f"{V1}/bridge", f"{V1}/enterprise"):
        told = script.json(path)
        assert (told["counted_at"], told["console_at"]) == (github, console), path
    for ending in ("csv", "json", "xlsx"):
        text = owner.get(f"/enterprises/octo/licensing/consumed.{ending}").getvalue()
        if ending != "xlsx":  # a workbook is told of in test_lists
            assert github.encode() in text
            assert console.encode() in text
    day = json.loads(owner.get("/enterprises/octo/licensing/history.json").getvalue())
    assert (day["counted_at"], day["published_at"]) == (COUNTED.isoformat(), console)

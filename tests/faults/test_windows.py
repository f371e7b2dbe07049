"""A report of more pages than an hour has requests: read in several hours, its worker killed in the middle."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from ghconnect.models import Enterprise
from licensing.models import CloudPicture, LicenseRow, SyncRun
from licensing.usecases import runs
from tests.faults import promise, tally
from tests.faults.console import Console, enterprise_with_token, give_back
from tests.integration.engine import drive
from tests.support.stack import eventually

pytestmark = [pytest.mark.timeout(600), pytest.mark.skipif(not tally.FULL, reason="for the table")]
PEOPLE = 3000
# Of 15 requests one is left to others: the report alone takes three windows.
HOUR, REQUESTS = 4, 15
# Each pause is half a minute, though the hour is over sooner.
WITHIN = 200


@pytest.fixture
def large(console: Console) -> Iterator[Enterprise]:
    """Pretend GitHub with more people, and few requests in a short hour."""
    small = console.sandbox.world["people"]
    console.sandbox.post_control("reset", people=PEOPLE)
    console.sandbox.post_control("settings", rate_limit=REQUESTS, rate_seconds=HOUR)
    made = enterprise_with_token(console)
    Enterprise.objects.filter(pk=made.pk).update(sandbox=False)
    yield made
    give_back(made)
    console.sandbox.post_control("reset", people=small)


def asked(console: Console) -> int:
    """How often a page of the report was asked for."""
    counts: dict[str, int] = console.sandbox.get("/served.json")
    return sum(n for path, n in counts.items() if path.endswith("/consumed-licenses"))


def windows(run: SyncRun) -> int:
    """How often it was taken up once its report is whole; 0 before."""
    run.refresh_from_db()
    whole = run.reading is None or run.reading["part"] != "report"
    return run.attempt if whole else 0


def test_each_page_is_asked_for_about_once(console: Console, large: Enterprise) -> None:
    line = tally.line("GitHub's report over several hours' requests, its worker killed in the middle")
    before = asked(console)
    console.arm("kill=fetch:kept")
    run = runs.request(subject=large, trigger=SyncRun.Trigger.MANUAL)
    console.struck()
    died = time.monotonic()
    eventually(lambda: windows(run) >= 3, within=WITHIN, what="the report is read")
    console.sandbox.post_control("settings", rate_limit=100 * REQUESTS)
    good = promise.over(run, within=WITHIN)
    pages = asked(console) - before
    rows = LicenseRow.objects.filter(enterprise=large)
    counted: int = console.sandbox.get("/world.json")["licenses"]
    picture = CloudPicture.objects.get(enterprise=large)
    drive.assert_sound(large)
    line.add(
        slowest=time.monotonic() - died,
        lost=not good,
        doubled=promise.doubled(large),
        stuck=promise.stuck(large),
        wrong=abs(counted - rows.filter(counted=True).count()) + abs(counted - (picture.consumed or 0)),
    )
    assert not line.broken, line
    assert "drifting" not in run.counts
    assert run.counts["pages"] == -(-rows.count() // 100)
    # Once more each time it goes on, and once where GitHub refused.
    assert run.counts["pages"] < pages <= run.counts["pages"] + 6

"""SIGKILL at each step of what is no pull: GitHub's report, a file, a contract that changes, a server that goes."""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterator

import pytest

from ghconnect.models import Enterprise, Server, User
from ghconnect.usecases import enterprises, servers
from licensing.models import AttentionItem, CloudPicture, Edition, LicenseRow, Recount, SyncRun
from licensing.usecases import runs, upload
from tests.faults import promise, tally
from tests.faults.console import RECOVERY, Console, enterprise_with_token, give_back
from tests.faults.test_kills import POINTS
from tests.integration.engine import drive
from tests.support.stack import eventually

pytestmark = pytest.mark.timeout(1500)
RECOUNT = ("recount:claimed", "recount:before-fence", "recount:after")
OF_FILE = tuple(point for point in POINTS if not point.startswith("fetch:"))
_numbers = itertools.count(1)


@pytest.fixture(scope="module")
def of(console: Console) -> Iterator[Enterprise]:
    """Pretend GitHub's enterprise, its report read."""
    console.sandbox.post_control("repair")
    made = enterprise_with_token(console)
    # Nobody watches it, so that no run but ours is asked for.
    Enterprise.objects.filter(pk=made.pk).update(sandbox=False)
    assert promise.over(refresh(made), within=3 * RECOVERY)
    yield made
    give_back(made)


def refresh(of: Enterprise) -> SyncRun:
    """Press "Refresh"."""
    return runs.request(subject=of, trigger=SyncRun.Trigger.MANUAL)


@pytest.mark.skipif(not tally.FULL, reason="for the table")
@pytest.mark.parametrize("point", POINTS)
def test_a_read_of_githubs_report_goes_on(console: Console, of: Enterprise, point: str) -> None:
    line = tally.line(f"GitHub's report: SIGKILL of the process at {point}")
    for _ in range(2):
        somebody_new_at_github(console)
        before = Edition.objects.filter(enterprise=of).count()
        console.arm(f"kill={point}")
        run = refresh(of)
        console.struck()
        died = time.monotonic()
        good = promise.over(run, within=2 * RECOVERY)
        once = Edition.objects.filter(enterprise=of).count() == before + 1
        line.add(
            slowest=time.monotonic() - died,
            lost=not good,
            doubled=promise.doubled(of) + (good and not once),
            stuck=promise.stuck(of),
            wrong=off(console, of),
        )
    assert not line.broken, line


def somebody_new_at_github(console: Console) -> None:
    """Nagoya has a new person, and sends it to GitHub: the report has another row."""
    name = f"cloud-{next(_numbers)}"
    facts = {"login": name, "email": f"{name}@octo-corp.example"}
    console.sandbox.post_control("add-account", host="nagoya", **facts)
    console.sandbox.post_control("sync-now", host="nagoya")


def off(console: Console, of: Enterprise) -> int:
    """Count rows and licenses other than pretend GitHub has them, and sums that do not fit."""
    counted: int = console.sandbox.get("/world.json")["licenses"]
    picture = CloudPicture.objects.get(enterprise=of)
    rows = LicenseRow.objects.filter(enterprise=of, counted=True).count()
    drive.assert_sound(of)
    return abs(counted - (picture.consumed or 0)) + abs(counted - rows)


@pytest.mark.skipif(not tally.FULL, reason="for the table")
@pytest.mark.parametrize("point", OF_FILE)
def test_a_file_is_published_once(console: Console, point: str) -> None:
    """The file is in the database before its run is: whoever takes the run over reads it again."""
    line = tally.line(f"a file: SIGKILL of the process at {point}")
    server = drive.server(drive.enterprise(), "ghe-file.example.com")
    for size in (3, 4):
        console.arm(f"kill={point}")
        people = [drive.account(n, f"f{n}@x.example") for n in range(1, size + 1)]
        run = upload.receive(
            server=server, body=[drive.report(people)], file_name="all_users.csv", by=None
        ).run
        console.struck()
        died = time.monotonic()
        good = promise.over(run, within=RECOVERY)
        seats = drive.totals(server.enterprise)["expected"] if good else 0
        line.add(
            slowest=time.monotonic() - died,
            lost=not good,
            doubled=promise.doubled(server.enterprise),
            stuck=promise.stuck(server.enterprise),
            wrong=abs(seats - size) if good else 0,
        )
    assert not line.broken, line


@pytest.mark.skipif(not tally.FULL, reason="for the table")
@pytest.mark.parametrize("point", RECOUNT)
def test_a_contract_counts_everybody_once(console: Console, of: Enterprise, point: str) -> None:
    line = tally.line(f"another contract: SIGKILL of the process at {point}")
    by = User.objects.create_user(f"{point}@octo-corp.example", f"by-{next(_numbers)}")
    for contract in ("metered", "volume"):
        before = Edition.objects.filter(enterprise=of).count()
        console.arm(f"kill={point}")
        enterprises.set_contract(enterprise=of, contract=contract, renews_on=None, by=by)
        took, good = after_the_death(console, of)
        of.refresh_from_db()
        count_recount(line, of, took, good and of.contract == contract, before)
    assert not line.broken, line


@pytest.mark.skipif(not tally.FULL, reason="for the table")
def test_a_contract_that_kills_every_worker_is_given_up(console: Console, of: Enterprise) -> None:
    """Five workers die at it; it is given up and says so, the numbers stay, and asking again counts everybody."""
    line = tally.line("another contract that kills its worker again and again")
    before = Edition.objects.filter(enterprise=of).count()
    for n in range(runs.MAX_TAKEOVERS):
        console.arm("kill=recount:before-fence")
        if not n:
            enterprises.set_contract(enterprise=of, contract="metered", renews_on=None, by=None)
        console.struck(within=RECOVERY)
    died = time.monotonic()
    given_up = Recount.objects.given_up().filter(enterprise=of, error_key="worker_died")
    eventually(given_up.exists, within=RECOVERY)
    took = time.monotonic() - died
    says = AttentionItem.objects.filter(enterprise=of, key="uncounted_contract", cleared_at=None)
    eventually(says.exists, within=RECOVERY)
    same = Edition.objects.filter(enterprise=of).count() == before
    enterprises.set_contract(enterprise=of, contract="metered", renews_on=None, by=None)
    open_ones = Recount.objects.filter(enterprise=of, done_at=None)
    eventually(lambda: not open_ones.exists(), within=RECOVERY)
    of.refresh_from_db()
    count_recount(line, of, took, same and of.contract == "metered", before)
    enterprises.set_contract(enterprise=of, contract="volume", renews_on=None, by=None)
    eventually(lambda: not open_ones.exists(), within=RECOVERY)
    assert not line.broken, line


@pytest.mark.parametrize("point", RECOUNT if tally.FULL else RECOUNT[1:2])
def test_a_server_that_goes_is_counted_out_once(console: Console, point: str) -> None:
    line = tally.line(f"a server removed: SIGKILL of the process at {point}")
    for _ in range(tally.times(1, 2)):
        server = console.connect(drive.enterprise(), "osaka")
        of = server.enterprise
        assert promise.over(SyncRun.objects.get(server=server), within=RECOVERY)
        before = Edition.objects.filter(enterprise=of).count()
        console.arm(f"kill={point}")
        servers.ask_to_remove(server=server, by=None)
        took, good = after_the_death(console, of)
        gone = not Server.objects.filter(pk=server.pk).exists() and not drive.totals(of)["expected"]
        count_recount(line, of, took, good and gone, before)
    assert not line.broken, line


def after_the_death(console: Console, of: Enterprise) -> tuple[float, bool]:
    """Return how long another worker took to end what was asked for, and whether it did."""
    console.struck()
    died = time.monotonic()
    left = Recount.objects.filter(enterprise=of, done_at=None)
    try:
        eventually(lambda: not left.exists(), within=RECOVERY)
    except AssertionError:
        return time.monotonic() - died, False
    return time.monotonic() - died, True


def count_recount(line: tally.Line, of: Enterprise, took: float, good: bool, before: int) -> None:
    """Write down one try: one edition says it, and no more."""
    editions = Edition.objects.filter(enterprise=of).count() - before
    left = Recount.objects.filter(enterprise=of, done_at=None).count()
    line.add(slowest=took, lost=not good, doubled=promise.doubled(of) + max(0, editions - 1), stuck=left)
    drive.assert_sound(of)

"""`sync_licenses` and `sync_status`: exit codes and lines for a person and a cron job."""

from __future__ import annotations

import io
import json
import time
from collections.abc import Callable
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from ghconnect.models import Enterprise, Server
from ghconnect.usecases import connect
from licensing.management.commands import sync_licenses
from licensing.models import SyncRun
from licensing.usecases import runs
from tests.integration.engine import drive

from . import state

HOST = "ghe-osaka.octo.example"
OK, FAILED, WRONG, HELD, IMPATIENT = range(5)


@pytest.fixture
def osaka(octo: Enterprise) -> Server:
    return state.pulled(octo, HOST)


def command(*words: str, **options: Any) -> tuple[int, str, str]:
    """Run a command; returns its exit code, what it said, and its complaints."""
    out, err = io.StringIO(), io.StringIO()
    try:
        call_command(*words, stdout=out, stderr=err, **options)
    except SystemExit as end:
        return int(end.code or 0), out.getvalue(), err.getvalue()
    except CommandError as error:
        return error.returncode, out.getvalue(), str(error)
    raise AssertionError("the command told no exit code")


@pytest.fixture
def worker(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[SyncRun], None]], None]:
    """Let something happen to the runs while the command sleeps, as a worker beside it would."""

    def give(deed: Callable[[SyncRun], None]) -> None:
        def sleep(_: float) -> None:
            for run in SyncRun.objects.filter(state__in=SyncRun.OPEN):
                deed(run)

        monkeypatch.setattr(time, "sleep", sleep)

    return give


def step_by_step(run: SyncRun, end: Callable[[SyncRun], None]) -> None:
    """Bring a run one step further; `end` is what happens at the last."""
    if run.state == SyncRun.State.QUEUED:
        claimed = runs.claim(run.pk)
        assert claimed is not None
        runs.save(claimed, step="fetch", fetched=96)
    elif run.step == "fetch":
        runs.save(run, step="compare", fetch_complete=True)
    else:
        end(run)


def test_a_named_server_is_asked_for_and_said(osaka: Server) -> None:
    code, out, err = command("sync_licenses", "ghe-osaka")
    assert (code, err) == (OK, "")
    assert out == "ghe-osaka #1: queued\n"
    assert SyncRun.objects.get(server=osaka).trigger == "manual"


def test_without_a_name_every_enabled_server_that_is_read(
    octo: Enterprise, osaka: Server, tokyo: Server
) -> None:
    state.pulled(octo, "ghe-off.octo.example", enabled=False)
    connect.enable(server=tokyo, by=None)
    code, out, _ = command("sync_licenses")
    assert (code, out) == (OK, "ghe-osaka #1: queued\n")
    assert command("sync_licenses", "--enterprise", "octo")[0] == OK
    assert SyncRun.objects.count() == 1


def test_the_gate_refuses_with_the_reason(octo: Enterprise, osaka: Server, tokyo: Server) -> None:
    disabled = state.pulled(octo, "ghe-off.octo.example", enabled=False)
    connect.disable(server=osaka, by=None)
    code, out, err = command("sync_licenses", "ghe-osaka", "ghe-off", "ghe-tokyo")
    assert (code, out) == (FAILED, "")
    assert err.splitlines() == [
        f"{HOST}: refused, GitHub Connect is not enabled",
        f"{disabled.host}: refused, license sync is Disabled",
        f"{tokyo.host}: refused, this console takes its file and does not read it",
    ]
    assert not SyncRun.objects.exists()


@pytest.mark.parametrize("words", [("nosuch",), ("--enterprise", "nosuch")])
@pytest.mark.parametrize("name", ["sync_licenses", "sync_status"])
def test_a_name_nobody_knows_is_a_wrong_argument(osaka: Server, name: str, words: tuple[str, ...]) -> None:
    code, _, err = command(name, *words)
    assert code == WRONG
    assert "nosuch" in err
    assert HOST in err or "Known: octo" in err


def test_waiting_follows_the_run_step_by_step(
    osaka: Server, worker: Callable[[Callable[[SyncRun], None]], None]
) -> None:
    def publish(run: SyncRun) -> None:
        runs.save(
            run, state="published", counts={"added": 3, "gone": 1, "changed": 2}, seconds={"fetch": 2.4}
        )

    worker(lambda run: step_by_step(run, publish))
    code, out, err = command("sync_licenses", "ghe-osaka", "--wait")
    assert (code, err) == (OK, "")
    assert out.splitlines() == [
        "ghe-osaka #1: queued",
        "ghe-osaka #1: Waits for a worker.",
        "ghe-osaka #1: Step 1 of 5, 96 accounts read",
        "ghe-osaka #1: Step 3 of 5, 96 accounts read",
        "ghe-osaka #1: published, 96 accounts, +3 −1 · 2 changed, 2.4 s",
    ]


def test_a_failure_is_told_on_standard_error_with_its_code(
    osaka: Server, worker: Callable[[Callable[[SyncRun], None]], None]
) -> None:
    worker(lambda run: step_by_step(run, lambda run: runs.fail(run, "unauthorized", {"host": HOST})))
    code, out, err = command("sync_licenses", "--wait", verbosity=0)
    assert (code, out) == (FAILED, "")
    assert err == f"ghe-osaka #1: {HOST} rejected the token: expired or revoked. Replace the token.\n"


def test_a_held_run_has_a_code_of_its_own(
    osaka: Server, worker: Callable[[Callable[[SyncRun], None]], None]
) -> None:
    holds = [{"key": "stop_consuming", "params": {"n": 41, "m": 44, "limit": 5}}]

    def hold(run: SyncRun) -> None:
        runs.hold(run, holds, {"gone": 41, "stopping": 38, "accounts": 44, "releases": 12})

    worker(lambda run: step_by_step(run, hold))
    code, _, err = command("sync_licenses", "--wait")
    assert code == HELD
    assert "would remove 41 of 44 accounts (12 licenses)" in err


def test_patience_ends(osaka: Server) -> None:
    code, _, err = command("sync_licenses", "--wait", "--patience", "0")
    assert code == IMPATIENT
    assert "1 not over yet" in err


def test_a_failure_weighs_more_than_a_hold_and_a_hold_more_than_waiting() -> None:
    worst = sync_licenses.Command()._worst
    assert worst([OK, HELD, FAILED, IMPATIENT]) == FAILED
    assert worst([OK, IMPATIENT, HELD]) == HELD
    assert worst([IMPATIENT, OK]) == IMPATIENT
    assert worst([]) == OK


# --- sync_status -----------------------------------------------------------------------------------------------


def test_all_well_is_code_0(octo: Enterprise, osaka: Server) -> None:
    state.picture(osaka, [drive.account(1, "ann@octo.example")])
    code, out, _ = command("sync_status")
    assert code == OK
    assert out.splitlines()[0] == "octo: 1 expected"
    assert "Up to date just now" in out
    assert "GitHub: Not reported" in out


def test_what_needs_somebody_is_code_1_with_its_words(octo: Enterprise, osaka: Server) -> None:
    good = state.pulled(octo, "ghe-good.octo.example")
    state.picture(good, [drive.account(1, "ann@octo.example")])
    state.failed(osaka)
    code, out, _ = command("sync_status")
    assert code == 1
    assert any(line.startswith(f"! {HOST}: Failing since ") for line in out.splitlines())
    told = json.loads(command("sync_status", "--json")[1])["enterprises"][0]["servers"]
    assert [(each["host"], each["failures"], bool(each["failing_since"])) for each in told] == [
        (good.host, 0, False),
        (HOST, 1, True),
    ]
    state.requested(good)
    assert "  waiting: 1 syncs, the oldest for " in command("sync_status")[1]
    assert command("sync_status", "ghe-good")[0] == OK
    assert command("sync_status", "ghe-osaka", verbosity=0) == (1, "", "")


def test_json_holds_what_the_lines_say(estate: Enterprise) -> None:
    Enterprise.objects.filter(pk=estate.pk).update(token="sealed")
    code, out, _ = command("sync_status", "--json")
    told = json.loads(out)["enterprises"][0]
    assert (told["counted_by_github"], told["expected"]) == (5, 6)
    assert told["known_to_github_only"] == ["ghe-old.octo.example"]
    assert [item["key"] for item in told["attention"]] == ["unknown_server"]
    assert told["servers"][0]["console"]["state"] == "disconnected"
    assert told["backlog"] == {"queued": 0, "oldest_seconds": 0.0, "alerts": 0}
    assert code == 1

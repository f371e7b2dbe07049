"""Press Sync now and watch it finish: step by step, without scripts, and when the server refuses."""

from __future__ import annotations

import re
import socket
import time
from collections.abc import Callable, Iterator

import pytest
from celery import current_app
from playwright.sync_api import Locator, Page, Response, expect

from ghconnect.models import Server, User
from ghconnect.usecases import connect, features
from licensing.models import SyncRun
from tests.support import stack as stacks
from tests.support.estate import KEY
from tests.support.processes import running
from tests.support.sandbox import Sandbox
from tests.support.stack import Stack, eventually

from .conftest import Look, Octo, settled

SLOW = ",".join(
    f"sleep={point}@1.5" for point in ("fetch:before", "stage:after", "compare:after", "guard:after")
)


@pytest.fixture
def synced(octo: Octo, tokyo: Server) -> Server:
    """Let the server be connected and read once."""
    connect.enable(server=tokyo, by=octo.owner)
    features.switch(server=tokyo, key=KEY, enabled=True, by=octo.owner)
    settled(octo.enterprise)
    return tokyo


@pytest.fixture
def slow_worker(stack: Stack) -> Iterator[None]:
    """Let a worker that stops for a second at each step take the place of the stack's."""
    control, queue = current_app.control, current_app.conf.task_default_queue
    stacks_own = [f"worker@{socket.gethostname()}"]
    assert control.cancel_consumer(queue, destination=stacks_own, reply=True, timeout=10)
    environment = {**stack.environment, "GHCONNECT_FAULTS": SLOW}
    with stacks.worker(stack.folder, environment, name="slow") as slow:
        slow.await_words("ready.")
        yield
    assert control.add_consumer(queue, destination=stacks_own, reply=True, timeout=10)


@pytest.fixture
def beat(stack: Stack) -> Iterator[None]:
    """Let the worker be rung every second, as beat does: it goes on with a run that waits."""
    environment = {**stack.environment, "GHCONNECT_SWEEP_SECONDS": "1"}
    command = f"celery --quiet -A ghconnect beat --schedule {stack.folder / 'beat-schedule'}"
    with running("beat", *command.split(), folder=stack.folder, environment=environment):
        yield


def test_sync_now_is_watched_step_by_step(
    page: Page, octo: Octo, synced: Server, slow_worker: None, sign_in: Callable[[User], None], look: Look
) -> None:
    looks: list[Response] = []
    page.on("response", lambda answer: looks.append(answer) if "/license/progress" in answer.url else None)
    sign_in(octo.owner)
    page.goto(f"{octo.url}/servers/{synced.host}/license")
    section = page.get_by_role("region", name="License sync")
    section.get_by_role("button", name="Sync now").click()

    expect(section.get_by_role("button", name="Sync now")).to_be_disabled()
    expect(section.get_by_role("progressbar", name="License sync")).to_be_visible()
    look(page)
    page.locator("#sync-refresh").focus()
    steps = watched(page, section)
    assert steps == sorted(steps)
    assert len(set(steps)) >= 3, f"the page showed steps {steps}"
    expect(section.get_by_role("progressbar")).to_have_count(0)
    # The link that had the focus is gone with the run; the focus is not lost to the top of the page.
    expect(section.get_by_role("heading", name="License sync")).to_be_focused()
    runs = page.get_by_role("region", name="Recent syncs").get_by_role("row")
    expect(runs.filter(has_text=f"Sync now · {octo.owner.login}")).to_contain_text("Unchanged")
    look(page)

    seen = len(looks)
    page.wait_for_timeout(2500)  # longer than the pause between two looks at a run that moves
    assert len(looks) == seen, "the page goes on asking though the run is over"


def watched(page: Page, section: Locator) -> list[int]:
    """Look on until the run is over, touching nothing; return the numbers of the steps that were shown."""
    shown, deadline = [], time.monotonic() + 30
    while not section.get_by_text("Up to date").is_visible():
        assert time.monotonic() < deadline, section.inner_text()
        step = re.search(r"Step (\d) of 5", section.get_by_role("status").inner_text())
        shown += [int(step[1])] if step else []
        page.wait_for_timeout(150)
    return shown


@pytest.mark.parametrize("javascript", [False])
def test_sync_now_ends_in_view_without_scripts(
    page: Page, octo: Octo, synced: Server, sandbox: Sandbox, beat: None, sign_in: Callable[[User], None]
) -> None:
    sandbox.post_control("settings", report_seconds=4)
    sandbox.post_control("suspend", host="tokyo", login="fatima-zahra")  # so that a report is made anew
    sign_in(octo.owner)
    page.goto(f"{octo.url}/servers/{synced.host}/license")
    section = page.get_by_role("region", name="License sync")
    section.get_by_role("button", name="Sync now").click()

    expect(section.get_by_role("progressbar", name="License sync")).to_be_visible()
    waiting = SyncRun.objects.filter(server=synced, state=SyncRun.State.WAITING)
    eventually(waiting.exists, what="the server prepares its report")
    section.get_by_role("link", name="Refresh").click()
    expect(section).to_contain_text(f"{synced.host} is still preparing its report")
    # Nobody presses anything: the page loads itself again.
    expect(section.get_by_text("Up to date")).to_be_visible(timeout=25_000)
    expect(section.get_by_role("button", name="Sync now")).to_be_enabled()


def test_a_server_that_refuses_says_so_and_what_to_do(
    page: Page, octo: Octo, synced: Server, sandbox: Sandbox, sign_in: Callable[[User], None], look: Look
) -> None:
    sandbox.post_control("break", host="tokyo", kind="token_revoked")
    sign_in(octo.owner)
    page.goto(f"{octo.url}/servers/{synced.host}/license")
    section = page.get_by_role("region", name="License sync")
    section.get_by_role("button", name="Sync now").click()

    expect(section.get_by_role("status")).to_contain_text("Failing", timeout=15_000)
    expect(section.get_by_role("status")).to_contain_text("token revoked or expired. Data of")
    words = f"{synced.host} rejected the token: expired or revoked."
    expect(page.get_by_role("region", name="Recent syncs")).to_contain_text(words)
    look(page)
    section.get_by_role("link", name="Replace token").click()
    expect(page.get_by_label("New token")).to_be_visible()
    eventually(lambda: SyncRun.objects.filter(server=synced, state=SyncRun.State.FAILED).exists())

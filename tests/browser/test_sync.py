"""Press Sync now and watch it finish: step by step, without scripts, and when the server refuses."""

from __future__ import annotations

import re
import socket
import time
from collections.abc import Callable, Iterator

import pytest
from celery import current_app
from playwright.sync_api import Browser, Locator, Page, expect

from ghconnect.models import Membership, Role, Server, User
from ghconnect.usecases import connect, features
from licensing.looking import PAUSES
from licensing.models import SyncRun
from licensing.usecases import runs
from tests.support import stack as stacks
from tests.support.estate import KEY
from tests.support.processes import running
from tests.support.sandbox import Sandbox
from tests.support.stack import Stack, eventually

from .conftest import Look, Octo, settled

SLOW = ",".join(
    f"sleep={point}@1.5" for point in ("fetch:before", "stage:after", "compare:after", "guard:after")
)

# Keeps in `told` what a screen reader is given to say: the words of a live region whenever they change or come.
LISTEN = """addEventListener('DOMContentLoaded', () => {
  const live = '[role=status], [role=alert], [role=log], [aria-live], output';
  window.told = [];
  new MutationObserver((changes) => {
    const regions = new Set(changes.flatMap(({target, addedNodes}) => [
      (target.nodeType === 1 ? target : target.parentElement)?.closest(live),
      ...[...addedNodes].filter((node) => node.nodeType === 1)
        .flatMap((node) => [node.matches(live) ? node : null, ...node.querySelectorAll(live)]),
    ]));
    regions.forEach((region) => { if (region?.textContent.trim()) told.push(region.textContent.trim()); });
  }).observe(document.body, {subtree: true, childList: true, characterData: true});
})"""


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


@pytest.fixture
def endless(synced: Server, sandbox: Sandbox) -> Iterator[None]:
    """Let the server prepare its next report for a day."""
    sandbox.post_control("settings", report_seconds=86400)
    sandbox.post_control("suspend", host="tokyo", login="fatima-zahra")  # so that a report is made anew
    yield
    runs.cancel_open(synced)


@pytest.fixture
def other_owner(octo: Octo, browser: Browser, stack: Stack, sign_in: Callable[..., None]) -> Iterator[Page]:
    """Open the browser of a second owner of the enterprise."""
    ada = User.objects.create_user(f"ada-{octo.owner.login}@octo.example", f"ada-{octo.owner.login}")
    Membership.objects.create(user=ada, enterprise=octo.enterprise, role=Role.OWNER)
    with browser.new_context(base_url=stack.url, locale="en-US", timezone_id="UTC") as context:
        sign_in(ada, context)
        yield context.new_page()


def test_sync_now_is_watched_step_by_step(
    page: Page,
    octo: Octo,
    synced: Server,
    slow_worker: None,
    other_owner: Page,
    sign_in: Callable[[User], None],
    look: Look,
) -> None:
    page.add_init_script(LISTEN)
    sign_in(octo.owner)
    page.goto(f"{octo.url}/servers/{synced.host}/license")
    section = page.get_by_role("region", name="License sync")
    section.get_by_role("button", name="Sync now").click()

    expect(section.get_by_role("button", name="Sync now")).to_be_disabled()
    expect(section.get_by_role("progressbar", name="License sync")).to_be_visible()
    second_tab = page.context.new_page()
    second_tab.goto(page.url)
    run = SyncRun.objects.filter(server=synced).latest("number")
    other_owner.goto(f"{octo.url}/servers/{synced.host}/license/syncs/{run.number}")
    other_owner.locator("#run-refresh").focus()
    page.locator("#sync-refresh").focus()
    shown = watched(section, page, second_tab, other_owner)
    assert all(steps == sorted(steps) and len(set(steps)) >= 3 for steps in shown), f"they showed {shown}"
    expect(section.get_by_role("progressbar")).to_have_count(0)
    # The link that had the focus is gone with the run; the focus is not lost to the top of the page.
    expect(section.get_by_role("heading", name="License sync")).to_be_focused()
    rows = page.get_by_role("region", name="Recent syncs").get_by_role("row")
    ended = rows.filter(has_text=f"Sync now · {octo.owner.login}")
    expect(ended).to_contain_text("Unchanged")
    look(page)
    the_same_end(SyncRun.objects.get(pk=run.pk).fetched, ended, second_tab, other_owner)

    hears_each_step_once(page.evaluate("told"))
    for watching in (page, second_tab, other_owner):
        expect(watching.locator("[hx-get]")).to_have_count(0)  # the run is over, so nobody asks for more


def hears_each_step_once(told: list[str]) -> None:
    """What a screen reader says while a run goes on: each step, and the end."""
    assert told[-1].startswith("Up to date. Synced ")
    assert all(words.startswith("Syncing") for words in told[:-1])
    assert 3 <= len(told) <= 6, f"it says {told}"
    assert len(set(told)) == len(told), f"it says a step twice: {told}"


def test_a_page_looks_ever_later_tells_nothing_new_aloud_and_ends(
    page: Page, octo: Octo, synced: Server, endless: None, sign_in: Callable[[User], None]
) -> None:
    """The browser's clock is wound on by hand, so that minutes pass at once."""
    sign_in(octo.owner)
    page.add_init_script(LISTEN)
    page.clock.install()
    page.goto(f"{octo.url}/servers/{synced.host}/license")
    page.get_by_role("button", name="Sync now").click()
    waiting = SyncRun.objects.filter(server=synced, state=SyncRun.State.WAITING)
    eventually(waiting.exists, what="the server prepares its report")
    page.reload()

    section, looks = page.locator("#license-sync"), looks_of(page)
    expect(section).to_contain_text("still preparing its report")
    for quiet, pause in enumerate(PAUSES):
        expect(section).to_have_attribute("hx-trigger", f"load delay:{pause}s")
        page.clock.run_for(pause * 1000 - 100)
        assert len(looks) == quiet, f"it looks before {pause} s are over"
        with page.expect_response(lambda answer: "mark=" in answer.url):
            page.clock.run_for(200)
        page.wait_for_function("quiet => !document.querySelector(`[hx-get*='quiet=${quiet}']`)", arg=quiet)
        page.clock.run_for(50)  # htmx lets what it put in settle for a moment
    expect(section).to_contain_text("this page no longer looks by itself")
    page.clock.run_for(3_600_000)
    assert len(looks) == len(PAUSES)
    assert page.evaluate("told") == []


def looks_of(page: Page) -> list[str]:
    """Return a list that grows by each look a page takes by itself."""
    looks: list[str] = []
    page.on("request", lambda asked: looks.append(asked.url) if "mark=" in asked.url else None)
    return looks


def the_same_end(accounts: int, ended: Locator, second_tab: Page, run_page: Page) -> None:
    """Every page says how the run ended, and what it counted."""
    expect(ended).to_contain_text(f"{accounts}")
    row = second_tab.get_by_role("region", name="Recent syncs").get_by_role("row").nth(1)
    expect(row).to_have_text(ended.inner_text(), use_inner_text=True)
    expect(run_page.get_by_role("heading", level=1)).to_contain_text("Unchanged")
    steps = run_page.get_by_role("region", name="Steps")
    expect(steps).to_contain_text(f"{accounts} accounts")
    expect(steps.get_by_role("heading", name="Steps")).to_be_focused()


def watched(section: Locator, *pages: Page) -> list[list[int]]:
    """Look on until the run is over, touching nothing; return the numbers of the steps that each page showed."""
    shown: list[list[int]] = [[] for _ in pages]
    deadline = time.monotonic() + 30
    while not (section.get_by_text("Up to date").is_visible() and all(map(is_over, pages))):
        assert time.monotonic() < deadline, section.inner_text()
        for steps, page in zip(shown, pages, strict=True):
            step = re.search(r"Step (\d) of 5", page.locator("main").inner_text())
            steps += [int(step[1])] if step else []
        pages[0].wait_for_timeout(100)
    return shown


def is_over(page: Page) -> bool:
    """Whether a page shows no run under way any more."""
    return page.get_by_role("progressbar").count() == 0


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

    expect(section).to_contain_text("token revoked or expired. Data of", timeout=15_000)
    expect(page.locator("#said")).to_contain_text("Failing. Failing since")
    words = f"{synced.host} rejected the token: expired or revoked."
    expect(page.get_by_role("region", name="Recent syncs")).to_contain_text(words)
    look(page)
    section.get_by_role("link", name="Replace token").click()
    expect(page.get_by_label("New token")).to_be_visible()
    eventually(lambda: SyncRun.objects.filter(server=synced, state=SyncRun.State.FAILED).exists())

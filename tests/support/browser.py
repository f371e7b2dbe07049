"""Chromium from the operating system, driven by Playwright; nothing is downloaded."""

import os
import shutil
from collections.abc import Callable, Iterator

import pytest
from django.conf import settings
from django.test import Client
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from ghconnect.models import User
from tests.support.stack import Stack

ARGUMENTS = [
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    # The browser too speaks to this machine alone.
    "--host-resolver-rules=MAP localhost 127.0.0.1, MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
]
MISSING = "NO BROWSER TEST HAS RUN: Chromium is not installed (Debian: apt install chromium fonts-noto-cjk)"
missing = pytest.StashKey[bool]()


@pytest.fixture(scope="session")
def browser(request: pytest.FixtureRequest) -> Iterator[Browser]:
    """Run one Chromium for all tests. Without one they are skipped loudly, and fail where CI is set."""
    path = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if path is None:
        request.config.stash[missing] = True
        (pytest.fail if os.environ.get("CI") else pytest.skip)(MISSING)
    # Playwright's synchronous door keeps an event loop in this thread; no Django code runs inside it.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    root = ["--no-sandbox"] if os.geteuid() == 0 else []
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=path, args=[*ARGUMENTS, *root])
        yield chromium
        chromium.close()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Say loudly at the end that browser tests did not run."""
    if config.stash.get(missing, False):
        terminalreporter.section("WARNING", sep="!", red=True, bold=True)
        terminalreporter.line(MISSING, red=True, bold=True)


@pytest.fixture
def javascript() -> bool:
    """Say whether pages may run scripts; a test that wants to do without parametrizes it."""
    return True


@pytest.fixture
def context(browser: Browser, stack: Stack, javascript: bool) -> Iterator[BrowserContext]:
    """Open a fresh browser profile whose relative addresses lead to the stack."""
    profile = browser.new_context(
        base_url=stack.url,
        locale="en-US",
        timezone_id="UTC",
        viewport={"width": 1280, "height": 900},
        java_script_enabled=javascript,
    )
    yield profile
    profile.close()


@pytest.fixture
def page_errors() -> list[str]:
    """Collect script errors and what the content security policy refuses; a test may look and clear it."""
    return []


@pytest.fixture
def page(context: BrowserContext, page_errors: list[str]) -> Iterator[Page]:
    """Open a page. The test fails when `page_errors` holds something at its end."""
    opened = context.new_page()
    opened.on("pageerror", lambda error: page_errors.append(str(error)))
    opened.on("console", lambda line: page_errors.append(line.text) if line.type == "error" else None)
    yield opened
    # A page that answers 4xx on purpose is reported by Chromium too; the test itself looks at its status.
    assert [error for error in page_errors if not error.startswith("Failed to load resource")] == []


@pytest.fixture
def sign_in(context: BrowserContext, stack: Stack) -> Callable[..., None]:
    """Return a function that gives a person's session to the browser, or to another `context`, without the form."""

    def give(user: User, context: BrowserContext = context) -> None:
        client = Client()
        client.force_login(user)
        name = settings.SESSION_COOKIE_NAME
        context.add_cookies([{"name": name, "value": client.cookies[name].value, "url": stack.url}])

    return give

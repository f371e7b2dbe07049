"""Opens a page as somebody sees it, and notes what is wrong with it at once."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import Browser, BrowserContext, Page

from tools import pages, second_step, states
from tools.console import Console

THEMES: dict[str, dict[str, Any]] = {
    "light": {"color_scheme": "light", "contrast": "no-preference", "forced_colors": "none"},
    "dark": {"color_scheme": "dark", "contrast": "no-preference", "forced_colors": "none"},
    "light, high contrast": {"color_scheme": "light", "contrast": "more", "forced_colors": "none"},
    "dark, high contrast": {"color_scheme": "dark", "contrast": "more", "forced_colors": "none"},
    "forced colors": {"color_scheme": "light", "contrast": "no-preference", "forced_colors": "active"},
}
NEW = "ghe-new.octo-corp.example"


def prepare(console: Console, browser: Browser) -> None:
    """Bring a console of our own into the states of its `own` pages, as an owner and pretend GitHub can."""
    context = console.context(browser, pages.OWNER)
    page = context.new_page()
    page.goto(f"{pages.E}/servers/new")
    page.get_by_label("Host name").fill(NEW)
    page.get_by_label("An owner uploads a file").check()
    page.get_by_role("button", name="Add server").click()
    add_garden(page)
    start_sync(page)
    context.close()
    second_step.prepare(console, browser)
    told = states.rows(console.folder)
    for login, session in told["sessions"].items():
        context = browser.new_context()
        context.add_cookies([{"name": told["cookie"], "value": session, "url": console.url}])
        console.sessions[login] = context.storage_state()
        context.close()
    console.places |= told["places"]
    forget(console, browser)
    console.passwords |= dict.fromkeys((*told["sessions"], pages.FORGETFUL), "")


def forget(console: Console, browser: Browser) -> None:
    """Follow the link of a mail to where a new password is set; the browser keeps the link's secret."""
    context = browser.new_context(base_url=console.url)
    page = context.new_page()
    page.goto(console.places["reset"])
    console.places["reset"] = urlsplit(page.url).path
    console.sessions[pages.FORGETFUL] = context.storage_state()
    context.close()


def add_garden(page: Page) -> None:
    """Add the second account of the sandbox, whose token pretend GitHub shows."""
    page.goto(_pretend_github(page))
    token = re.search(r"ghp_PRETENDOctoGarden\w+", page.content())
    assert token is not None
    page.goto("/enterprises/new")
    page.get_by_label("Account", exact=True).fill("octo-garden")
    page.get_by_label("Kind of account").select_option(label="Organization")
    page.get_by_label("GitHub", exact=True).fill("github.octo-corp.example")
    page.get_by_label("Token").fill(token[0])
    page.get_by_role("button", name="Add enterprise account").click()


def start_sync(page: Page) -> None:
    """Let a sync begin whose server prepares its report for longer than anybody looks."""
    page.request.post(f"{_pretend_github(page)}/control/settings", data={"report_seconds": 86400})
    page.goto(f"{pages.server('osaka')}/license")
    page.get_by_role("button", name="Sync now").click()
    page.get_by_text("still preparing its report").first.wait_for()


def _pretend_github(page: Page) -> str:
    """Return the address of pretend GitHub, as every page of the sandbox links it."""
    page.goto(pages.E)
    return str(page.get_by_role("link", name="Pretend GitHub").get_attribute("href"))


def shown(console: Console) -> list[pages.Page]:
    """Return the pages that this console has and its people can open."""
    return [
        replace(page, path=page.path.format(**console.places)) if page.own else page
        for page in pages.PAGES
        if (console.own or not page.own) and (not page.who or page.who in console.passwords)
    ]


@contextmanager
def opened(context: BrowserContext, page: pages.Page) -> Iterator[tuple[Page, list[str]]]:
    """Open a page; gives it with the list that its errors are added to."""
    errors: list[str] = []
    tab = context.new_page()
    # A part that renews itself would change under who looks.
    tab.add_init_script("addEventListener('htmx:beforeRequest', (event) => event.preventDefault())")
    tab.on("pageerror", lambda error: errors.append(f"script: {error}"))
    tab.on("console", lambda line: errors.append(f"console: {line.text}") if _is_ours(line, tab) else None)
    answer = tab.goto(page.path)
    if page.follow:
        with tab.expect_navigation():
            tab.get_by_role("main").get_by_role("link", name=page.follow).first.click()
    elif answer is None or answer.status != page.status:
        errors.append(f"answers {answer.status if answer else 'nothing'}")
    elif urlsplit(tab.url).path != urlsplit(page.path).path:
        errors.append(f"leads to {tab.url}")
    yield tab, errors
    tab.close()


def settled(tab: Page) -> None:
    """Wait until colours have faded over."""
    tab.evaluate("""() => new Promise(requestAnimationFrame)
      .then(() => document.getAnimations().filter((each) => each.effect.getComputedTiming().endTime < Infinity))
      .then((fading) => Promise.allSettled(fading.map((each) => each.finished)))
      .then(() => null)""")


def _is_ours(line: object, tab: Page) -> bool:
    """An error page is a failed load of itself; what it loads must not fail."""
    return line.type == "error" and line.location["url"] != tab.url  # type: ignore[attr-defined]


def too_wide(tab: Page) -> list[str]:
    """Tell whether the page scrolls sideways."""
    wide = tab.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth")
    return ["wider than the window"] if wide else []

"""axe on every page: four themes, two widths, menus and dialogs shut and open. Writes docs/proof/a11y.md.

make a11y                     a console is started for it
CONSOLE_URL=http://127.0.0.1:8000 CONSOLE_LOGIN=mona CONSOLE_PASSWORD=… make a11y
"""

from __future__ import annotations

import itertools
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from playwright.sync_api import Browser, Locator
from playwright.sync_api import Page as Tab

from tools import axe, look
from tools.console import ROOT, Console, chromium, console
from tools.pages import Page

TABLE = ROOT / "docs/proof/a11y.md"
WIDTHS = (1280, 390)
THEMES: dict[str, dict[str, Any]] = {
    "light": {"color_scheme": "light", "contrast": "no-preference"},
    "dark": {"color_scheme": "dark", "contrast": "no-preference"},
    "light, high contrast": {"color_scheme": "light", "contrast": "more"},
    "dark, high contrast": {"color_scheme": "dark", "contrast": "more"},
}
MENUS = "details[data-menu] > summary"
ROW_MENUS = "button[popovertarget]"
DIALOGS = "a[data-dialog]"


@dataclass
class Result:
    """What was found on one page: how often axe ran, and a line for each fault."""

    page: Page
    runs: int = 0
    open_things: int = 0
    faults: dict[tuple[str, int], list[str]] = field(default_factory=dict)

    def note(self, theme: str, width: int, what: str, found: list[str]) -> None:
        """Keep what one run of axe found."""
        self.runs += 1
        self.faults.setdefault((theme, width), []).extend(f"{what}: {line}" for line in found)


def main() -> int:
    """Look at everything, write the table, print faults; 1 when there are some."""
    begun = time.monotonic()
    with console() as shown, chromium() as browser:
        if shown.own:
            look.prepare(shown, browser)
        results = [audited(shown, browser, page) for page in look.shown(shown)]
    lines = [
        f"{result.page.name}, {theme}, {width} px, {line}"
        for result in results
        for (theme, width), found in result.faults.items()
        for line in found
    ]
    TABLE.parent.mkdir(parents=True, exist_ok=True)
    TABLE.write_text(table(results, time.monotonic() - begun))
    print("\n".join([*lines, f"{TABLE}: {len(lines)} faults"]))
    return 1 if lines else 0


def audited(shown: Console, browser: Browser, page: Page) -> Result:
    """Look at one page in every theme and width."""
    result = Result(page)
    for width in WIDTHS:
        context = shown.context(browser, page.who, viewport={"width": width, "height": 900})
        with look.opened(context, page) as (tab, errors):
            result.faults[("light", width)] = [*errors, *look.too_wide(tab)]
            for theme, media in THEMES.items():
                tab.emulate_media(**media)
                tab.wait_for_timeout(120)  # colours fade over
                result.note(theme, width, "page", axe.violations(tab))
                for what, found in opened(tab, header=page.header):
                    result.note(theme, width, what, found)
                    result.open_things += theme == "light" and width == WIDTHS[0]
        context.close()
    print(f"{page.name}: {result.runs} runs, {sum(map(len, result.faults.values()))} faults", flush=True)
    return result


def opened(tab: Tab, *, header: bool) -> Iterator[tuple[str, list[str]]]:
    """Open one menu or dialog after the other: (its name, what axe found in it). Of row menus the first alone."""
    within = tab.locator("body") if header else tab.locator("main")
    for at in range(within.locator(MENUS).count()):
        summary = within.locator(MENUS).nth(at)
        if summary.is_visible():
            yield from menu(tab, summary)
    for opener in [*within.locator(ROW_MENUS).all()[:1], *visible(within.locator(DIALOGS))]:
        yield from thing(tab, opener)


def visible(locator: Locator) -> list[Locator]:
    """Return those that can be pressed now."""
    return [each for each in locator.all() if each.is_visible()]


def menu(tab: Tab, summary: Locator) -> Iterator[tuple[str, list[str]]]:
    """Open a menu; then each dialog that a choice of it asks with."""
    name = summary.inner_text().strip() or summary.get_attribute("aria-label") or "menu"
    summary.click()
    yield name, axe.violations(tab)
    asking = summary.locator("xpath=..").locator(DIALOGS)
    count = asking.count()
    tab.keyboard.press("Escape")
    for at in range(count):
        summary.click()
        yield from thing(tab, asking.nth(at))


def thing(tab: Tab, opener: Locator) -> Iterator[tuple[str, list[str]]]:
    """Open a dialog or a row's menu, look, and close it by Escape."""
    name = opener.get_attribute("aria-label") or opener.inner_text().strip()
    opener.click()
    if not tab.locator("dialog[open], :popover-open").count():
        yield name, ["does not open"]
        return
    yield name, axe.violations(tab)
    tab.keyboard.press("Escape")
    if tab.locator("dialog[open], :popover-open").count():
        yield name, ["Escape does not close it"]


def table(results: list[Result], seconds: float) -> str:
    """Return the report as Markdown."""
    looks = list(itertools.product(WIDTHS, THEMES))
    total = sum(len(lines) for result in results for lines in result.faults.values())
    head = ["Page", "Opened there", *(f"{width} {theme}" for width, theme in looks)]
    rows = [
        [result.page.name, str(result.open_things), *(_count(result, theme, width) for width, theme in looks)]
        for result in results
    ]
    runs, day = sum(result.runs for result in results), f"{datetime.now(UTC):%d %b %Y}"
    return "\n".join(
        [
            "# Accessibility of every page",
            "",
            f"Written by `make a11y` on {day}: {len(results)} pages, {runs} runs of axe in {seconds / 60:.0f} minutes,",
            f"**{total} faults**.",
            "",
            f"Rules: {', '.join(axe.RULES)}.",
            "Each page is looked at with everything shut, then with each of its menus and dialogs open (of menus that",
            "every row of a table has, the first). A page that scrolls sideways, an error in the browser's console and",
            "a dialog that Escape does not close are faults too. Figures are faults of a page in one look.",
            "",
            *(f"| {' | '.join(cells)} |" for cells in [head, ["---"] * len(head), *rows]),
            "",
        ]
    )


def _count(result: Result, theme: str, width: int) -> str:
    return str(len(result.faults.get((theme, width), [])))


if __name__ == "__main__":
    sys.exit(main())

"""axe on every page: themes, forced colors, two widths, menus and dialogs shut and open. Writes docs/proof/a11y.md.

make a11y                     a console is started for it
CONSOLE_URL=http://127.0.0.1:8000 CONSOLE_LOGIN=mona CONSOLE_PASSWORD=… make a11y
"""

from __future__ import annotations

import itertools
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from playwright.sync_api import Browser, Locator
from playwright.sync_api import Page as Tab

from tools import axe, look
from tools.console import ROOT, Console, chromium, console
from tools.pages import Page

TABLE = ROOT / "docs/proof/a11y.md"
WIDTHS = (1280, 390)
WIDEST = 2560
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
    undecided: set[str] = field(default_factory=set)

    def note(
        self, theme: str, width: int, what: str, found: list[str], undecided: Sequence[str] = ()
    ) -> None:
        """Keep what one run of axe found."""
        self.runs += 1
        self.undecided.update(undecided)
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
    lines += sorted(
        {
            f"{result.page.name}: nobody has looked at {found}"
            for result in results
            for found in result.undecided
            if found.partition(": ")[0] not in LOOKED_AT
        }
    )
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
            for theme, media in look.THEMES.items():
                tab.emulate_media(**media)
                look.settled(tab)
                result.note(theme, width, "page", *axe.results(tab))
                for what, found in opened(tab, header=page.header):
                    result.note(theme, width, what, found)
                    result.open_things += theme == "light" and width == WIDTHS[0]
            if width == max(WIDTHS):
                tab.set_viewport_size({"width": WIDEST, "height": 900})
                result.faults[("light", width)] += look.too_wide(tab)
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
    looks = list(itertools.product(WIDTHS, look.THEMES))
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
            f"a dialog that Escape does not close are faults too; sideways also at {WIDEST} px. Figures are faults of",
            "a page in one look.",
            "",
            *(f"| {' | '.join(cells)} |" for cells in [head, ["---"] * len(head), *rows]),
            "",
            *undecided(results),
        ]
    )


# What axe leaves to people ("incomplete"): contrasts of flashes and chart words were computed in every theme, the rest
# is explained from what it is about.
LOOKED_AT: dict[str, str] = {
    f"color-contrast, {why}": seen
    for why, seen in (
        (
            "bgGradient",
            "Primer lays one flat color over a flash as a gradient of equal ends; computed of it: at least 4.5:1 in "
            "every theme (links 4.53 in light, 5.47 in dark; words above 13).",
        ),
        (
            "imgNode",
            "Words in a picture, muted on the box; computed: 6.11 in light, 6.5 in dark, 8.7 and more in high "
            "contrast, 21 in forced colors.",
        ),
        (
            "equalRatio",
            "A button whose colors the system replaces (forced colors); computed: black on white, 21:1.",
        ),
        ("shortTextContent", "One figure, dash or dot, in the colors of the words beside it."),
        ("nonBmp", "A sign such as a dash or an arrow, in the colors of the words beside it."),
        ("pseudoContent", "A counter whose ring is drawn before it; the figure stands on its flat color."),
        ("bgOverlap", "A bar over its track, with its figure beside it, not on it."),
        ("elmPartiallyObscured", "Scrolled to its edge within its own region; whole when scrolled to."),
    )
}


def undecided(results: list[Result]) -> list[str]:
    """Return the list of what axe could not decide, by rule, with what people saw there."""
    places: dict[str, list[str]] = {}
    for result in results:
        for found in sorted(result.undecided):
            rule, _, target = found.partition(": ")
            places.setdefault(rule, []).append(f"{result.page.name}: `{target}`")
    lines = [
        f"| {rule} | {len(found)} | {LOOKED_AT.get(rule, '**not looked at yet**')} | {'; '.join(found[:3])} |"
        for rule, found in sorted(places.items())
    ]
    head = ["| Rule | places | what was seen | for instance |", "| --- | --- | --- | --- |"]
    return ["## What axe could not decide", "", *(head + lines if lines else ["Nothing."]), ""]


def _count(result: Result, theme: str, width: int) -> str:
    return str(len(result.faults.get((theme, width), [])))


if __name__ == "__main__":
    sys.exit(main())

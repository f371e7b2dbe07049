"""How long the server takes for each page, how large it is, and whether anything moves: writes docs/proof/pages.md.

make speed                    a console is started for it
CONSOLE_URL=http://127.0.0.1:8000 CONSOLE_LOGIN=mona CONSOLE_PASSWORD=… make speed
"""

from __future__ import annotations

import gzip
import statistics
import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from playwright.sync_api import Browser

from tools import look
from tools.console import ROOT, Console, chromium, console
from tools.pages import Page

TABLE = ROOT / "docs/proof/pages.md"
TIMES, MOST_MS, MOST_SHIFT = 7, 200, 0.0
OWN = ("app.css", "app.js", "passkeys.js")
# What the browser itself measured of the load: milliseconds to the first byte and to the first paint.
MEASURED = """() => new Promise((done) => {
  let shift = 0;
  new PerformanceObserver((list) => list.getEntries().forEach((each) => { shift += each.value; }))
    .observe({type: 'layout-shift', buffered: true});
  setTimeout(() => {
    const load = performance.getEntriesByType('navigation')[0];
    const paint = performance.getEntriesByName('first-contentful-paint')[0];
    done({server: load.responseStart - load.requestStart, paint: paint ? paint.startTime : 0,
          bytes: load.encodedBodySize, shift});
  }, 120);
})"""


@dataclass
class Result:
    """One page: median milliseconds of the server, milliseconds to the first paint, bytes, layout shift."""

    page: Page
    server: float
    paint: float
    size: int
    shift: float

    @property
    def is_slow(self) -> bool:
        """Whether it misses the mark."""
        return self.server > MOST_MS or self.shift > MOST_SHIFT


def main() -> int:
    """Measure every page, write the table; 1 when one misses the mark."""
    with console() as shown, chromium() as browser:
        if shown.own:
            look.prepare(shown, browser)
        results = [measured(shown, browser, page) for page in look.shown(shown)]
    TABLE.write_text(table(results))
    slow = [result.page.name for result in results if result.is_slow]
    print("\n".join([*slow, f"{TABLE}: {len(slow)} pages miss the mark"]))
    return 1 if slow else 0


def measured(shown: Console, browser: Browser, page: Page) -> Result:
    """Open one page some times in a warm browser."""
    context = shown.context(browser, page.who, viewport={"width": 1280, "height": 900})
    found: list[dict[str, Any]] = []
    with look.opened(context, page) as (tab, _errors):
        for _ in range(TIMES):
            tab.reload()
            found.append(tab.evaluate(MEASURED))
    context.close()
    middle = {name: statistics.median(each[name] for each in found) for name in ("server", "paint", "bytes")}
    shift = max(each["shift"] for each in found)
    return Result(page, middle["server"], middle["paint"], int(middle["bytes"]), round(shift, 4))


def table(results: list[Result]) -> str:
    """Return the report as Markdown."""
    own = {name: len(gzip.compress((ROOT / "static" / name).read_bytes(), 9)) for name in OWN}
    worst = max(result.server for result in results)
    return "\n".join(
        [
            "# Speed of every page",
            "",
            f"Written by `make speed` on {datetime.now(UTC):%d %b %Y}: the storyline's estate, SQLite, Chromium.",
            f"Median of {TIMES} loads: the server takes at most **{worst:.0f} ms** (mark: {MOST_MS} ms).",
            f"Layout shift of any page: {max(result.shift for result in results):g} (mark: 0).",
            f"Our own CSS and JS, compressed: {sum(own.values()) / 1024:.1f} KiB (mark: 30 KiB).",
            "",
            "| Page | server, ms | first paint, ms | HTML, bytes | layout shift |",
            "| --- | --- | --- | --- | --- |",
            *(
                f"| {each.page.name} | {each.server:.0f} | {each.paint:.0f} | {each.size:,} | {each.shift:g} |"
                for each in results
            ),
            "",
        ]
    )


if __name__ == "__main__":
    sys.exit(main())

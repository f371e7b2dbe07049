"""Pictures of every page: light and dark, 1280 and 390 px wide; and the README's picture.

    make screenshots                     a console is started for it
    CONSOLE_URL=http://127.0.0.1:8000 CONSOLE_LOGIN=mona CONSOLE_PASSWORD=… make screenshots

Pictures go to var/screenshots, the README's to docs/overview.png. Needs Debian's Chromium; nothing is downloaded.
Exits 1 when a page has an error in its console (so also one of the Content-Security-Policy) or scrolls sideways.
"""

from __future__ import annotations

import argparse
import itertools
import re
import sys
from pathlib import Path

from playwright.sync_api import Browser

from tools import look, pages, png
from tools.console import CHROMIUM, ROOT, Console, chromium, console

README = ROOT / "docs/overview.png"


def main() -> int:
    """Take the pictures and print what is wrong, one line each."""
    given = arguments()
    given.out.mkdir(parents=True, exist_ok=True)
    with console() as shown, chromium(given.chromium) as browser:
        if shown.own:
            readme(shown, browser)
            look.prepare(shown, browser)
        wrong = [line for scheme, width in LOOKS for line in pictures(shown, browser, scheme, width, given)]
    print("\n".join([*wrong, f"{given.out}: {len(wrong)} problems"]))
    return 1 if wrong else 0


LOOKS = tuple(itertools.product(("light", "dark"), (1280, 390)))


def arguments() -> argparse.Namespace:
    """Read where pictures go, and which pages are wanted."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("names", nargs="*", help="words in the names of the pages wanted (default: all)")
    parser.add_argument("--out", type=Path, default=ROOT / "var/screenshots")
    parser.add_argument("--language", default="en")
    parser.add_argument("--chromium", default=CHROMIUM)
    return parser.parse_args()


def pictures(
    shown: Console, browser: Browser, scheme: str, width: int, given: argparse.Namespace
) -> list[str]:
    """Take the picture of each page in one look; return what is wrong."""
    wrong = []
    size = {"width": width, "height": 900}
    for page in look.shown(shown):
        if given.names and not any(word.lower() in page.name.lower() for word in given.names):
            continue
        context = shown.context(browser, page.who, viewport=size, color_scheme=scheme, locale=given.language)
        name = f"{re.sub(r'[^a-z0-9]+', '-', page.name.lower()).strip('-')}-{given.language}-{scheme}-{width}"
        with look.opened(context, page) as (tab, errors):
            tab.screenshot(path=given.out / f"{name}.png", full_page=True)
            wrong += [f"{name}: {error}" for error in [*errors, *look.too_wide(tab)]]
        context.close()
    return wrong


def readme(shown: Console, browser: Browser) -> None:
    """Take the picture of the overview that the README shows, small enough for a repository."""
    size = {"width": 1280, "height": 900}
    context = shown.context(browser, pages.OWNER, viewport=size, color_scheme="light")
    tab = context.new_page()
    tab.goto(pages.E)
    README.parent.mkdir(exist_ok=True)
    README.write_bytes(png.smaller(tab.screenshot(full_page=True)))
    context.close()


if __name__ == "__main__":
    sys.exit(main())

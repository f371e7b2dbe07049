"""Pictures of every page in every theme, small enough for the repository, and the README's own.

    make screenshots                     a console is started for it
    CONSOLE_URL=http://127.0.0.1:8000 CONSOLE_LOGIN=mona CONSOLE_PASSWORD=… make screenshots

They go to docs/screenshots as WebP, at half size but for those the README shows. Needs Debian's Chromium; nothing is
downloaded. Exits 1 when a page has an error in its console (so also one of the Content-Security-Policy), scrolls
sideways, or all of them together are too large.
"""

from __future__ import annotations

import argparse
import base64
import re
import sys
from pathlib import Path

from playwright.sync_api import Browser
from playwright.sync_api import Page as Tab

from tools import look
from tools.console import CHROMIUM, ROOT, Console, chromium, console
from tools.pages import Page

OUT = ROOT / "docs/screenshots"
MOST_BYTES = 3_000_000
TALLEST = 900
# Width, scale of the picture, and the themes it is taken in.
LOOKS: tuple[tuple[int, float, tuple[str, ...]], ...] = (
    (1280, 0.43, ("light", "dark", "light, high contrast", "dark, high contrast")),
    (390, 0.5, ("light",)),
)
README = {"Overview": "light", "Trends": "light", "GitHub Connect, connected": "dark"}


def main() -> int:
    """Take the pictures and print what is wrong, one line each."""
    given = arguments()
    given.out.mkdir(parents=True, exist_ok=True)
    with console() as shown, chromium(given.chromium) as browser:
        if shown.own:
            look.prepare(shown, browser)
        wanted = [page for page in look.shown(shown) if is_wanted(page, given.names)]
        wrong = [line for page in wanted for line in pictures(shown, browser, page, given)]
    (given.out / "README.md").write_text(index(given.out))
    size = sum(file.stat().st_size for file in given.out.glob("*.webp"))
    if size > MOST_BYTES:
        wrong.append(f"{size:,} bytes in all, more than {MOST_BYTES:,}")
    print("\n".join([*wrong, f"{given.out}: {size:,} bytes, {len(wrong)} problems"]))
    return 1 if wrong else 0


def arguments() -> argparse.Namespace:
    """Read where pictures go, and which pages are wanted."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("names", nargs="*", help="words in the names of the pages wanted (default: all)")
    parser.add_argument("--out", type=Path, default=OUT)
    parser.add_argument("--language", default="en")
    parser.add_argument("--chromium", default=CHROMIUM)
    return parser.parse_args()


def is_wanted(page: Page, names: list[str]) -> bool:
    """Tell whether the page was asked for."""
    return not names or any(word.lower() in page.name.lower() for word in names)


def pictures(shown: Console, browser: Browser, page: Page, given: argparse.Namespace) -> list[str]:
    """Take the pictures of one page; return what is wrong with it."""
    wrong = []
    for width, scale, themes in LOOKS:
        size = {"width": width, "height": 900}
        context = shown.context(browser, page.who, viewport=size, locale=given.language)
        with look.opened(context, page) as (tab, errors):
            for theme in themes:
                tab.emulate_media(**look.THEMES[theme])
                look.settled(tab)
                file = given.out / f"{slug(page.name)}-{width}-{slug(theme)}.webp"
                file.write_bytes(webp(tab, width, scale))
                if width == 1280 and README.get(page.name) == theme:
                    (given.out / f"readme-{slug(page.name)}.webp").write_bytes(webp(tab, width, 1))
            wrong += [f"{page.name}, {width} px: {error}" for error in [*errors, *look.too_wide(tab)]]
        context.close()
    return wrong


def webp(tab: Tab, width: int, scale: float) -> bytes:
    """Return the whole page as WebP, cut where it is very tall."""
    height = min(tab.evaluate("document.documentElement.scrollHeight"), TALLEST)
    clip = {"x": 0, "y": 0, "width": width, "height": height, "scale": scale}
    session = tab.context.new_cdp_session(tab)
    wanted = {
        "format": "webp",
        "quality": 10 if scale < 1 else 60,
        "captureBeyondViewport": True,
        "clip": clip,
    }
    return base64.b64decode(session.send("Page.captureScreenshot", wanted)["data"])


def slug(name: str) -> str:
    """Return a name as part of a file's name."""
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")


def index(folder: Path) -> str:
    """Return a list of all pictures, by page."""
    lines = ["# Every page, in every theme", "", "Made by `make screenshots`, with the sandbox's people.", ""]
    files = sorted(folder.glob("*.webp"))
    for page in look.pages.PAGES:
        links = [
            f"[{file.stem.removeprefix(slug(page.name) + '-')}]({file.name})"
            for file in files
            if re.fullmatch(rf"{re.escape(slug(page.name))}-(1280|390)-[a-z-]+\.webp", file.name)
        ]
        lines += [f"- {page.name}: {' · '.join(links)}"] if links else []
    return "\n".join([*lines, ""])


if __name__ == "__main__":
    sys.exit(main())

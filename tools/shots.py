#!/usr/bin/env python3
"""Pictures of pages in a real browser: light and dark, 1280 and 390 px wide; and accessibility rules.

    python tools/shots.py --base http://127.0.0.1:8000 --login mona --password … --out shots -- PATH [PATH …]

A PATH may end in `@selector`: it is clicked before the picture, to open a menu or a dialog. Needs Debian's
Chromium (/usr/bin/chromium); nothing is downloaded. Exits 1 when a page has an axe violation, a console
error (so also one of the Content-Security-Policy) or overflows sideways.
"""

from __future__ import annotations

import argparse
import importlib.resources
import itertools
import os
import pathlib
import re
import sys
from typing import Any

from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
CHROMIUM_ARGS = [
    *("--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"),
    *("--disable-component-update", "--disable-sync"),
    # Chromium's own sandbox does not start as root (containers, CI).
    *(["--no-sandbox"] if os.geteuid() == 0 else []),
]
Finding = dict[str, Any]


def main() -> int:
    """Take the pictures and print what is wrong, one line each."""
    given = _arguments()
    out = pathlib.Path(given.out)
    out.mkdir(parents=True, exist_ok=True)
    wrong = 0
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=given.chromium, args=CHROMIUM_ARGS)
        state = _signed_in(browser, given) if given.login else None
        looks = itertools.product(given.languages, given.schemes, given.contrasts, given.widths)
        for language, scheme, contrast, width in looks:
            context = browser.new_context(
                viewport={"width": width, "height": 900},
                color_scheme=scheme,
                contrast=contrast,
                locale=language,
                storage_state=state,
                reduced_motion="reduce",
            )
            _speak(context, given.base, language)
            for address in given.paths:
                more = "-contrast" if contrast == "more" else ""
                name = f"{_file_name(address)}-{language}-{scheme}{more}-{width}"
                wrong += _picture(context, given.base, address, out / f"{name}.png", axe=not given.no_axe)
            context.close()
        browser.close()
    print(f"{out}: {wrong} problems")
    return 1 if wrong else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("paths", nargs="+")
    parser.add_argument("--base", required=True)
    parser.add_argument("--login", default="")
    parser.add_argument("--password", default="")
    parser.add_argument("--out", default="shots")
    parser.add_argument("--languages", nargs="+", default=["en"])
    parser.add_argument("--schemes", nargs="+", default=["light", "dark"])
    parser.add_argument("--contrasts", nargs="+", default=["no-preference"], help="no-preference, more")
    parser.add_argument("--widths", nargs="+", type=int, default=[1280, 390])
    parser.add_argument("--no-axe", action="store_true")
    parser.add_argument("--chromium", default="/usr/bin/chromium")
    return parser.parse_args()


def _signed_in(browser: Browser, given: argparse.Namespace) -> Any:
    """Sign in once by the real form and return the cookies."""
    context = browser.new_context()
    page = context.new_page()
    page.goto(f"{given.base}/login/")
    page.fill("input[name=login]", given.login)
    page.fill("input[name=password]", given.password)
    page.click("main button[type=submit]")
    if "/login" in page.url:
        sys.exit(f"Sign-in as {given.login} was refused.")
    state = context.storage_state()
    context.close()
    return state


def _speak(context: BrowserContext, base: str, language: str) -> None:
    """Choose the language by the page's own switch: a person's choice goes before the browser's."""
    page = context.new_page()
    page.goto(f"{base}/about")
    button = page.locator(f"button[name=language][value={language}]").first
    if button.count():
        page.evaluate("document.querySelectorAll('details').forEach((d) => { d.open = true; })")
        button.click()
        page.wait_for_load_state()
    page.close()


def _picture(context: BrowserContext, base: str, address: str, file: pathlib.Path, *, axe: bool) -> int:
    """Open one page, take its picture, and return how many things are wrong with it."""
    path, _, selector = address.partition("@")
    page, errors = context.new_page(), []
    # An error page is a failed load of itself; what it loads must not fail.
    page.on(
        "console",
        lambda message: (
            errors.append(message.text)
            if message.type == "error" and message.location["url"] != page.url
            else None
        ),
    )
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(base + path)
    if selector:
        page.locator(selector).first.click()
        page.wait_for_timeout(200)
    page.screenshot(path=file, full_page=not selector)
    findings = [*(f"console: {text}" for text in errors), *_overflow(page), *(_axe(page) if axe else [])]
    for finding in findings:
        print(f"{file.stem}: {finding}")
    page.close()
    return len(findings)


def _overflow(page: Page) -> list[str]:
    wide = page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth")
    return ["wider than the window"] if wide else []


def _axe(page: Page) -> list[str]:
    source = importlib.resources.files("axe_playwright_python") / "axe.min.js"
    page.evaluate(source.read_text(encoding="utf-8"))
    # With a menu or dialog open it alone is looked at: what it covers was looked at without it.
    answer = page.evaluate(
        "(rules) => { const open = document.querySelector('dialog[open], details[open], :popover-open');"
        " return axe.run(open || document, {runOnly: rules}); }",
        RULES,
    )
    return [
        f"axe {found['id']}: {found['help']}; {' | '.join(node['html'][:120] for node in found['nodes'][:3])}"
        for found in answer["violations"]
    ]


def _file_name(address: str) -> str:
    return re.sub(r"[^\w.]+", "-", address).strip("-") or "root"


if __name__ == "__main__":
    sys.exit(main())

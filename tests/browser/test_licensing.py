"""Read who consumes a license and take the list home, as a billing manager of the storyline's enterprise."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, expect

from ghconnect.models import User

from .conftest import Look, Octo

COUNTED, SERVER_ONLY = 236, 38  # PRODUCT §4.3
# PRODUCT §5.4: the sandbox's line above all, five items, six servers and one that GitHub alone knows.
ESSENTIALS = (
    ".sandbox",
    "main .btn",
    "section:has(#h-count) .h1",
    ".bar",
    ".bridge-total",
    "section:has(#h-count)",
    ".attention li:nth-child(5) .btn",
    ".data-table tbody tr:nth-child(6)",
)
BOTTOMS = f"""() => Object.fromEntries({json.dumps(ESSENTIALS)}.map(
    (what) => [what, document.querySelector(what)?.getBoundingClientRect().bottom ?? 0]))"""
SignIn = Callable[[User], None]


def test_a_billing_manager_reads_who_consumes_a_license(
    page: Page, storyline: Octo, sign_in: SignIn, look: Look
) -> None:
    sign_in(storyline.biller)
    page.goto("/")
    expect(page).to_have_url(re.compile(f"{storyline.url}$"))
    expect(page.get_by_role("region", name="Consumed licenses")).to_contain_text(
        f"{COUNTED} of 250 purchased"
    )
    tabs = page.get_by_role("navigation", name="Enterprise")
    expect(tabs.get_by_role("link", name="Settings")).to_have_count(0)
    look(page)

    tabs.get_by_role("link", name="Licensing").click()
    expect(page.get_by_role("region", name="Enterprise Cloud")).to_contain_text(f"{COUNTED} consumed")
    look(page)
    page.get_by_role("navigation", name="Licensing").get_by_role("link", name="Consumed licenses").click()
    expect(page.get_by_role("heading", name=f"{COUNTED} licenses")).to_be_visible()
    look(page)

    page.get_by_role("searchbox", name="Search this list").fill("Jane Doe")
    page.get_by_role("main").get_by_role("button", name="Search").click()
    page.get_by_role("link", name="Jane Doe").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Jane Doe")
    expect(page.get_by_role("main")).to_contain_text("One license.")
    look(page)


def test_the_overview_s_essentials_are_seen_without_scrolling(
    page: Page, storyline: Octo, sign_in: SignIn
) -> None:
    sign_in(storyline.owner)
    page.set_viewport_size({"width": 1280, "height": 800})
    for language in ("ja", "en"):
        User.objects.filter(pk=storyline.owner.pk).update(language=language)
        page.goto(storyline.url)
        expect(page.locator("html")).to_have_attribute("lang", language)
        bottoms = page.evaluate(BOTTOMS)
        assert len(bottoms) == len(ESSENTIALS)
        assert {what: bottom for what, bottom in bottoms.items() if not 0 < bottom <= 800} == {}


def test_filters_and_row_menus_need_no_mouse_and_hold_still_when_asked(
    page: Page, storyline: Octo, sign_in: SignIn
) -> None:
    sign_in(storyline.owner)
    page.emulate_media(reduced_motion="reduce")
    page.goto(f"{storyline.url}/licensing/consumed")
    menus = page.locator("main details[data-menu]")
    assert menus.count() >= 9
    for menu in (menus.first, menus.last):
        menu.locator("summary").focus()
        page.keyboard.press("Enter")
        expect(menu).to_have_attribute("open", "")
        page.keyboard.press("ArrowDown")
        expect(menu.locator("a, button:not([disabled])").first).to_be_focused()
        expect(menu.locator(".SelectMenu-modal")).to_have_css("animation-name", "none")
        page.keyboard.press("Escape")
        expect(menu).not_to_have_attribute("open", "")
    row = page.locator("button[popovertarget]").first
    row.focus()
    page.keyboard.press("Enter")
    choices = page.locator(":popover-open a")
    expect(choices.first).to_be_visible()
    page.keyboard.press("Tab")
    expect(choices.first).to_be_focused()
    page.keyboard.press("Escape")
    expect(choices).to_have_count(0)
    expect(row).to_be_focused()


def test_files_hold_what_the_page_shows(
    page: Page, storyline: Octo, sign_in: SignIn, look: Look, tmp_path: Path
) -> None:
    sign_in(storyline.biller)
    page.goto(f"{storyline.url}/licensing/consumed")
    expect(page.get_by_role("heading", name=f"{COUNTED} licenses")).to_be_visible()
    lines, told = csv_of(page, tmp_path), json_of(page, tmp_path)
    assert (len(lines), told["total_seats_consumed"], told["users_listed"]) == (COUNTED,) * 3
    assert [line["GitHub com login"] for line in lines] == [
        user["github_com_login"] for user in told["users"]
    ]

    page.keyboard.press("/")
    expect(page.get_by_role("searchbox", name="Search consumed licenses")).to_be_focused()
    page.keyboard.type("is:server")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name=f"{SERVER_ONLY} of {COUNTED} licenses")).to_be_visible()
    assert len(csv_of(page, tmp_path)) == json_of(page, tmp_path)["users_listed"] == SERVER_ONLY
    look(page)


def csv_of(page: Page, folder: Path) -> list[dict[str, str]]:
    """Download the CSV report; its last line, which tells the count, is checked and left out."""
    file = downloaded(page, "Download CSV report", folder / "report.csv")
    *lines, last = csv.DictReader(file.read_text(encoding="utf-8-sig").splitlines())
    assert last["GitHub com login"].startswith(f"# {len(lines)} licenses; ")
    return lines


def json_of(page: Page, folder: Path) -> dict[str, Any]:
    """Download the JSON."""
    told: dict[str, Any] = json.loads(downloaded(page, "JSON", folder / "report.json").read_text())
    return told


def downloaded(page: Page, link: str, to: Path) -> Path:
    """Press a link that gives a file, and keep the file."""
    with page.expect_download() as waiting:
        page.get_by_role("main").get_by_role("link", name=link).click()
    waiting.value.save_as(to)
    return to

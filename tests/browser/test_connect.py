"""Connect a server, then switch license sync on: the gate holds until GitHub Connect is enabled."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

import pytest
from playwright.sync_api import Locator, Page, expect

from ghconnect.models import Server, User
from tests.support.sandbox import Sandbox

from .conftest import Look, Octo, settled

SignIn = Callable[[User], None]


@dataclass(frozen=True)
class Words:
    """What a person reads on the way (PRODUCT §6)."""

    feature: str
    not_yet: str
    gate: str
    enabled: str
    disabled: str
    enable_connect: str
    disable_connect: str
    connect: str
    enable_sync: str
    enable: str
    cancel: str


ENGLISH = Words(
    feature="Server can sync user license count and usage",
    not_yet="GitHub Connect is not enabled yet",
    gate="Enable GitHub Connect first.",
    enabled="Enabled",
    disabled="Disabled",
    enable_connect="Enable GitHub Connect",
    disable_connect="Disable GitHub Connect",
    connect="Connect",
    enable_sync="Enable license sync",
    enable="Enable",
    cancel="Cancel",
)
JAPANESE = Words(
    feature="サーバーはユーザー ライセンス数と使用状況を同期できる",
    not_yet="GitHub Connect はまだ有効になっていません",
    gate="先に GitHub Connect を有効にしてください。",
    enabled="有効",
    disabled="無効",
    enable_connect="GitHub Connect を有効にする",
    disable_connect="GitHub Connect を無効にする",
    connect="接続",
    enable_sync="ライセンス同期を有効にする",
    enable="有効にする",
    cancel="キャンセル",
)


def test_a_server_is_added_checked_and_connected(
    page: Page, octo: Octo, sandbox: Sandbox, sign_in: SignIn, look: Look
) -> None:
    facts = sandbox.server("tokyo")
    sign_in(octo.owner)
    page.goto(octo.url)
    page.get_by_role("navigation", name="Enterprise").get_by_role("link", name="GitHub Connect").click()
    page.get_by_role("main").get_by_role("link", name="Add a server").first.click()
    look(page)

    add_server(page, facts["host"], token_of(sandbox, "NotSiteAdmin"))
    checks = page.get_by_role("region", name="Checks")
    words = f"The account fatima-zahra is not a site administrator on {facts['host']}"
    expect(checks.get_by_role("listitem").filter(has_text="Failed")).to_contain_text(words)
    look(page)

    page.get_by_label("New token").fill(facts["token"])
    page.get_by_role("button", name="Replace token").click()
    expect(checks.get_by_role("listitem").filter(has_text="Failed")).to_have_count(0)
    expect(checks.get_by_role("listitem").filter(has_text="User report can be read")).to_contain_text("OK")

    page.get_by_role("navigation", name="Server").get_by_role("link", name="GitHub Connect").click()
    connect(page, ENGLISH, octo, look)
    account = page.get_by_role("region", name=octo.enterprise.slug)
    expect(account).to_contain_text(f"enabled here by {octo.owner.login}")
    page.goto(f"{octo.url}/github-connect")
    row = page.get_by_role("region", name="Servers").get_by_role("row", name=re.compile("ghe-tokyo"))
    expect(row).to_contain_text("Connected")
    look(page)


@pytest.mark.parametrize(("language", "words"), [("en", ENGLISH), ("ja", JAPANESE)], ids=["en", "ja"])
def test_the_switch_is_locked_until_github_connect_is_enabled(
    page: Page, octo: Octo, tokyo: Server, sign_in: SignIn, look: Look, language: str, words: Words
) -> None:
    sign_in(octo.owner)
    page.goto(f"{octo.url}/servers/{tokyo.host}/github-connect")
    if language == "ja":
        page.locator("summary", has_text=f"Account menu for {octo.owner.login}").click()
        page.get_by_role("button", name="日本語").click()
    expect(page.locator("html")).to_have_attribute("lang", language)

    expect_locked(page, words)
    look(page)
    connect(page, words, octo, look)
    expect(dropdown(page, words, words.disabled)).to_be_visible()

    choose(page, words, words.disabled, words.enabled)
    asks(page, words, words.enable_sync, look)
    choose(page, words, words.disabled, words.enabled)
    page.get_by_role("dialog").get_by_role("button", name=words.enable, exact=True).click()
    expect(page.get_by_role("status").filter(has_text=words.feature)).to_be_visible()
    expect(dropdown(page, words, words.enabled)).to_be_visible()
    look(page)

    page.get_by_role("link", name=words.disable_connect).click()
    asks(page, words, words.disable_connect, look)
    page.get_by_role("link", name=words.disable_connect).click()
    page.get_by_role("dialog").get_by_role("button", name=words.disable_connect).click()
    expect_locked(page, words)
    connect(page, words, octo, look)
    expect(dropdown(page, words, words.disabled)).to_be_visible()
    settled(octo.enterprise)


def add_server(page: Page, host: str, token: str) -> None:
    """Fill in the form; the server's settings open with what the checks say."""
    page.get_by_label("Host name").fill(host)
    page.get_by_label("Token").fill(token)
    page.get_by_role("button", name="Add server").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Server settings")


def connect(page: Page, words: Words, octo: Octo, look: Look) -> None:
    """Enable GitHub Connect: the one account with Connect, its question, and the answer."""
    page.get_by_role("link", name=words.enable_connect).click()
    look(page)
    account = page.get_by_role("link", name=f"{words.connect}: {octo.enterprise.slug}")
    account.click()
    asks(page, words, words.enable_connect, look)
    expect(account).to_be_focused()
    account.click()
    page.get_by_role("dialog").get_by_role("button", name=words.enable_connect).click()
    expect(page.get_by_role("link", name=words.disable_connect)).to_be_visible()


def asks(page: Page, words: Words, title: str, look: Look) -> None:
    """A dialog asks: the keyboard is at Cancel, and Escape changes nothing."""
    dialog = page.get_by_role("dialog", name=title)
    expect(dialog.get_by_role("button", name=words.cancel)).to_be_focused()
    look(page)
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()


def expect_locked(page: Page, words: Words) -> None:
    """The first row's control cannot be used, and says why."""
    expect(page.get_by_role("heading", name=words.not_yet)).to_be_visible()
    control = page.get_by_role("button", name=f"{words.feature}: {words.disabled}")
    expect(control).to_be_disabled()
    expect(control).to_have_accessible_description(words.gate)


def dropdown(page: Page, words: Words, state: str) -> Locator:
    """The row's dropdown, which says the state in effect."""
    return page.get_by_text(f"{words.feature}: {state}")


def choose(page: Page, words: Words, before: str, after: str) -> None:
    """Open the dropdown and choose."""
    dropdown(page, words, before).click()
    page.get_by_role("region", name=words.feature).get_by_role("link", name=re.compile(f"^{after}")).click()


def token_of(sandbox: Sandbox, part: str) -> str:
    """One of the tokens that show what goes wrong."""
    return next(str(row["token"]) for row in sandbox.world["wrong_tokens"] if part in row["token"])


@pytest.mark.parametrize("on", [True, False], ids=["on", "off"])
def test_the_slash_leads_to_the_search_unless_character_keys_are_off(
    page: Page, octo: Octo, sign_in: Callable[[User], None], on: bool
) -> None:
    User.objects.filter(pk=octo.owner.pk).update(shortcuts=on)
    sign_in(octo.owner)
    page.goto(octo.url)
    page.keyboard.press("/")
    search = page.get_by_role("searchbox", name="Search consumed licenses")
    expect(search).to_be_focused() if on else expect(search).not_to_be_focused()
    # A phone, or a desk at four times its size: a link stands for the field.
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(octo.url)
    page.keyboard.press("/")
    expect(page.locator("#q")).to_be_focused() if on else expect(page).to_have_url(re.compile(f"{octo.url}$"))


def test_every_menu_opens_moves_and_closes_by_keyboard(
    page: Page, octo: Octo, tokyo: Server, sign_in: Callable[[User], None]
) -> None:
    sign_in(octo.owner)
    page.goto(f"{octo.url}/servers/{tokyo.host}/github-connect")
    menus = page.locator("details[data-menu]")
    assert menus.count() >= 3
    for menu in menus.all():
        menu.locator("summary").focus()
        page.keyboard.press("Enter")
        expect(menu).to_have_attribute("open", "")
        page.keyboard.press("ArrowDown")
        expect(menu.locator("a, button").first).to_be_focused()
        page.keyboard.press("Escape")
        expect(menu).not_to_have_attribute("open", "")
        expect(menu.locator("summary")).to_be_focused()

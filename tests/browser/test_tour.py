"""Walk the tour on the storyline, in either language, until GitHub's own word moves the number (PRODUCT §4.4)."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

import pytest
from playwright.sync_api import Page, expect

from ghconnect.models import User
from tests.support.sandbox import Sandbox

from .conftest import Look, Octo

SignIn = Callable[[User], None]


@dataclass(frozen=True)
class Words:
    """What a newcomer reads on the way."""

    language: str
    overview: str
    licenses: str
    attention: str
    seen: str
    why: str
    twice: str
    discard: str
    discard_short: str


ENGLISH = Words(
    language="en",
    overview="Overview",
    licenses="Consumed licenses",
    attention="Needs attention",
    seen="of 7 steps seen",
    why="Why this license?",
    twice="Counted twice",
    discard="Discard sync #3",
    discard_short="Discard",
)
JAPANESE = Words(
    language="ja",
    overview="概要",
    licenses="使用済みライセンス",
    attention="対応が必要な項目",
    seen="7 ステップ中",
    why="このライセンスが使用されている理由",
    twice="二重に数えられている可能性",
    discard="同期 #3 を破棄",
    discard_short="破棄",
)


@pytest.mark.parametrize("words", [ENGLISH, JAPANESE], ids=["en", "ja"])
def test_a_newcomer_reads_the_number_the_clocks_and_a_license(
    page: Page, storyline: Octo, sign_in: SignIn, look: Look, words: Words
) -> None:
    User.objects.filter(pk=storyline.owner.pk).update(language=words.language)
    sign_in(storyline.owner)
    tour(page, words)
    look(page)

    page.get_by_role("main").get_by_role("link", name=words.overview).first.click()
    count = page.get_by_role("region", name=words.licenses)
    for figure in ("236", "237", "佐藤 健二"):
        expect(count).to_contain_text(figure)
    attention = page.get_by_role("region", name=words.attention)
    for server in ("ghe-berlin", "ghe-nagoya", "ghe-osaka", "ghe-plant", "ghe-old"):
        expect(attention).to_contain_text(server)
    look(page)

    tour(page, words)
    page.get_by_role("main").get_by_role("link", name="Jane Doe").click()
    expect(page.get_by_role("main")).to_contain_text(words.why)
    expect(page.get_by_role("main")).to_contain_text("jane.doe@octo-corp.example")
    look(page)

    tour(page, words)
    page.get_by_role("main").get_by_role("link", name=words.twice).click()
    expect(page.get_by_role("main")).to_contain_text("3,780 USD")
    look(page)
    tour(page, words)
    expect(page.get_by_role("status").filter(has_text=words.seen)).to_be_visible()


def test_a_held_sync_is_discarded_in_japanese(
    page: Page, storyline: Octo, sign_in: SignIn, look: Look
) -> None:
    User.objects.filter(pk=storyline.owner.pk).update(language="ja")
    sign_in(storyline.owner)
    page.goto(f"{storyline.url}/servers/ghe-berlin.octo-corp.example/license/syncs/3")
    expect(page.get_by_role("main")).to_contain_text("44 アカウント中 41 件")
    page.get_by_role("main").get_by_text(JAPANESE.discard, exact=True).first.click()
    dialog = page.get_by_role("dialog", name=JAPANESE.discard)
    look(page)
    dialog.get_by_role("button", name=JAPANESE.discard_short, exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("破棄")


def test_github_joins_kenji_when_osaka_itself_syncs(
    page: Page, storyline: Octo, sandbox: Sandbox, sign_in: SignIn
) -> None:
    User.objects.filter(pk=storyline.owner.pk).update(language="en")
    sign_in(storyline.owner)
    page.goto("/tour")
    page.get_by_role("main").get_by_role("link", name="License of pretend ghe-osaka").click()
    expect(page).to_have_url(re.compile(re.escape(sandbox.pages_url)))
    page.get_by_role("button", name="Sync now").click()

    page.goto(storyline.url)
    page.get_by_role("button", name="Refresh from GitHub").click()
    count = page.get_by_role("region", name="Consumed licenses")
    for _ in range(40):
        # GitHub's count is shown at once, its rows when they are read.
        if count.get_by_text("238").count() and not count.get_by_text("Kenji Sato").count():
            break
        page.wait_for_timeout(500)
        page.goto(storyline.url)
    expect(count).to_contain_text("238 of 250 purchased")
    expect(count).to_contain_text("237")
    expect(count).not_to_contain_text("Kenji Sato")


def tour(page: Page, words: Words) -> None:
    """Open the tour in the language."""
    page.goto("/tour")
    expect(page.locator("html")).to_have_attribute("lang", words.language)

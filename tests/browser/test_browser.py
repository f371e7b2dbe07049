"""The browser of the harness: it shows our pages, and a page's errors fail the test."""

import re
from collections.abc import Callable

from playwright.sync_api import Page, expect

from ghconnect.models import User
from tests.support.stack import eventually


def test_the_sign_in_page_opens(page: Page) -> None:
    answer = page.goto("/login/")
    assert answer is not None
    assert answer.status == 200
    expect(page.get_by_role("button", name="Sign in", exact=True)).to_be_visible()


def test_a_session_can_be_given(page: Page, sign_in: Callable[[User], None]) -> None:
    sign_in(User.objects.create_user("browser@octo-corp.example", "browser", None))
    page.goto("/login/")
    expect(page).not_to_have_url(re.compile("/login/$"))


def test_inline_script_is_refused_and_seen(page: Page, page_errors: list[str]) -> None:
    page.goto("/login/")
    page.evaluate("document.body.setAttribute('onclick', 'document.title = `run`')")
    page.locator("body").click(position={"x": 1, "y": 1})
    eventually(
        lambda: page.evaluate("1") and any("Content Security Policy" in error for error in page_errors),
        within=5,
    )
    assert page.title() != "run"
    page_errors.clear()


def test_scripts_that_throw_are_seen(page: Page, page_errors: list[str]) -> None:
    page.goto("/login/")
    page.evaluate("setTimeout(() => { throw new Error('planted') }, 0)")
    eventually(lambda: page.evaluate("1") and page_errors, within=5)
    assert "planted" in page_errors.pop()

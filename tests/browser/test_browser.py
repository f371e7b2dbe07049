"""The browser of the harness: it shows our pages, and a page's errors fail the test."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from ghconnect.models import User


def test_the_sign_in_page_opens(page: Page) -> None:
    answer = page.goto("/login/")
    assert answer is not None
    assert answer.status == 200
    expect(page.get_by_role("button", name="Sign in")).to_be_visible()


def test_a_session_can_be_given(page: Page, sign_in: Callable[[User], None]) -> None:
    sign_in(User.objects.create_user("browser@octo-corp.example", "browser", None))
    page.goto("/login/")
    expect(page).not_to_have_url(lambda url: url.endswith("/login/"))


@pytest.mark.xfail(
    strict=True, raises=AssertionError, reason="the page's fixture refuses what the policy refuses"
)
def test_inline_script_is_an_error(page: Page) -> None:
    page.goto("/login/")
    page.evaluate("document.body.setAttribute('onclick', 'alert(1)')")
    page.locator("body").click()

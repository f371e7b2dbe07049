"""Let the server send its file, and Add server usage: a token seen once, and a file dropped on its form."""

from __future__ import annotations

import uuid
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from ghconnect.models import User
from tests.integration.engine import drive
from tests.support import estate as estates
from tests.support.estate import Estate
from tests.support.stack import Stack

from .conftest import Look

SignIn = Callable[[User], None]
DROP = """(form, text) => {
  const data = new DataTransfer();
  data.items.add(new File([text], 'all_users.csv', {type: 'text/csv'}));
  for (const name of ['dragover', 'drop'])
    form.querySelector('label').dispatchEvent(
      new DragEvent(name, {bubbles: true, cancelable: true, dataTransfer: data}));
}"""


@pytest.fixture
def octo(stack: Stack) -> Estate:
    unique = uuid.uuid4().hex[:8]
    return estates.estate(f"push-{unique}", f"ghe-push-{unique}.octo-corp.example")


def test_a_push_token_is_made_shown_once_and_revoked(
    page: Page, octo: Estate, sign_in: SignIn, look: Look
) -> None:
    sign_in(octo.owner)
    settings = f"/enterprises/{octo.enterprise.slug}/servers/{octo.server.host}/settings"
    page.goto(settings)
    page.get_by_role("button", name="Create push token").click()
    made = page.get_by_role("region", name="New push token", exact=True).get_by_text("ghct_")
    text = made.inner_text()
    assert len(text) == 41
    expect(page.get_by_role("heading", name="2. Save the script")).to_be_visible()
    look(page)
    page.goto(settings)
    expect(page.get_by_text(f"{text[:9]}…").first).to_be_visible()
    assert text not in page.content()
    look(page)
    page.get_by_role("link", name=f"Revoke {text[:9]}").click()
    dialog = page.get_by_role("dialog", name=f"Revoke {text[:9]}")
    expect(dialog.get_by_role("button", name="Cancel")).to_be_focused()
    dialog.get_by_role("button", name="Revoke").click()
    expect(page.get_by_text(f"{text[:9]}… is revoked.")).to_be_visible()


def test_a_file_may_be_dropped_anywhere_on_the_form(page: Page, octo: Estate, sign_in: SignIn) -> None:
    sign_in(octo.owner)
    page.goto(f"/enterprises/{octo.enterprise.slug}/licensing/upload?server={octo.server.host}")
    form = page.locator("form", has=page.get_by_label("File"))
    form.evaluate(DROP, drive.report([drive.account(1, "a@octo.example")]).decode())
    page.get_by_role("button", name="Add server usage").click()
    expect(page.get_by_role("heading", name="What was understood")).to_be_visible()
    expect(page.get_by_text("all_users.csv, the report of all users")).to_be_visible()

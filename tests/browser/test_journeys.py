"""Each kind of person, on a desk and a phone, with and without scripts, in both languages: `make journeys`.

The whole table takes minutes, so it stands outside `make test`, whose other journeys each walk one way.
Everything is found by address and role, so that one walk serves both languages.
"""

from __future__ import annotations

import os
import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from django.conf import settings
from playwright.sync_api import BrowserContext, Locator, Page, expect

from ghconnect.models import Server, User
from licensing.models import SyncRun
from tests.support.stack import eventually
from tools import axe

from .conftest import Octo

if os.environ.get("JOURNEYS") != "all":
    pytest.skip("the whole table: make journeys", allow_module_level=True)

TABLE = Path(settings.BASE_DIR) / "docs/proof/journeys.md"
WIDTHS, LANGUAGES = (1280, 390), ("en", "ja")
TOO_WIDE = "document.documentElement.scrollWidth > document.documentElement.clientWidth"
REPORTED = """addEventListener('securitypolicyviolation', (event) => {
  console.error(`Content Security Policy: ${event.violatedDirective} ${event.blockedURI}`);
});"""
walked: list[tuple[str, int, bool, str, int]] = []
each_look = [
    pytest.mark.parametrize("width", WIDTHS, ids=lambda width: f"{width}px"),
    pytest.mark.parametrize("javascript", [True, False], ids=["scripts", "no-scripts"]),
    pytest.mark.parametrize("language", LANGUAGES),
]


@pytest.fixture(scope="module", autouse=True)
def table() -> Iterator[None]:
    """Write what was walked."""
    yield
    lines = [
        "# Journeys",
        "",
        f"Written by `make journeys` on {datetime.now(UTC):%d %b %Y}: {len(walked)} walks, each without an error in",
        "the browser's console, a report of the Content-Security-Policy, or a page that scrolls sideways; with",
        "scripts, axe finds nothing on any page of the walk.",
        "",
        "| who | width | scripts | language | pages |",
        "| --- | --- | --- | --- | --- |",
        *(
            f"| {who} | {width} | {'yes' if scripts else 'no'} | {language} | {pages} |"
            for who, width, scripts, language, pages in sorted(walked)
        ),
        "",
    ]
    TABLE.write_text("\n".join(lines))


class Walk:
    """One person's way: opens and presses, and looks at every page it comes to."""

    def __init__(self, page: Page, of: Octo, javascript: bool) -> None:
        self.page, self.url, self.javascript, self.pages = page, of.url, javascript, 0
        self.main = page.locator("main")

    def go(self, path: str = "") -> None:
        """Open an address of the enterprise."""
        self.page.goto(f"{self.url}{path}")
        self.looked()

    def follow(self, href: str, *, within: str = "body") -> None:
        """Press the link that leads to an address that ends so."""
        links = self.page.locator(within).locator(f'a[href$="{href}"]')
        self.press(next((link for link in links.all() if link.is_visible()), links.first))

    def press(self, button: Locator) -> None:
        """Press something that leads to a page."""
        button.click()
        self.page.wait_for_load_state()
        self.looked()

    def looked(self) -> None:
        """Look at the page as it stands."""
        self.pages += 1
        expect(self.page.locator("h1")).to_have_count(1)
        assert not self.page.evaluate(TOO_WIDE), self.page.url
        if self.javascript:
            assert axe.violations(self.page) == [], self.page.url


@pytest.fixture
def person(storyline: Octo, language: str) -> Iterator[Callable[[str], User]]:
    """Give somebody who may see what the role says, in the language."""
    made: list[User] = []

    def give(role: str) -> User:
        name = f"{role}-{uuid.uuid4().hex[:8]}"
        user = User.objects.create_user(f"{name}@octo.example", name, language=language)
        if role != "stranger":
            storyline.enterprise.memberships.create(user=user, role=role)
        made.append(user)
        return user

    yield give
    for user in made:
        user.memberships.all().delete()


@pytest.fixture
def walk(context: BrowserContext, page: Page, storyline: Octo, javascript: bool, width: int) -> Walk:
    """Begin at the given width, with a collector of what the policy reports."""
    page.set_viewport_size({"width": width, "height": 900})
    if javascript:
        page.add_init_script(REPORTED)
    return Walk(page, storyline, javascript)


def settled(server: Server) -> bool:
    return not SyncRun.objects.filter(server=server, state__in=SyncRun.OPEN).exists()


@pytest.mark.usefixtures("language")
class TestJourneys:
    pytestmark = each_look

    def test_an_owner(
        self, walk: Walk, person: Callable[[str], User], sign_in: Callable[[User], None],
        storyline: Octo, width: int, javascript: bool, language: str, context: BrowserContext,
    ) -> None:  # fmt: skip
        sign_in(person("owner"))
        tokyo = Server.objects.get(enterprise=storyline.enterprise, host__startswith="ghe-tokyo")
        at = f"/servers/{tokyo.host}"
        walk.go()
        expect(walk.page.locator("html")).to_have_attribute("lang", language)
        expect(walk.main).to_contain_text("236")
        for path in ("/licensing", "/licensing/trends", "/licensing/consumed", "/licensing/counted-twice"):
            walk.follow(path)
        walk.go("/licensing/trends")
        walk.main.locator("details summary").first.click()
        expect(walk.main.locator("details table").first).to_be_visible()
        walk.looked()
        switched_off_and_on(walk, at)
        walk.follow(f"{at}/license", within="header")
        walk.press(walk.page.locator("#sync-now"))
        other = context.new_page()
        other.goto(walk.page.url)
        expect(other.locator("#license-sync")).to_be_visible()
        other.close()
        eventually(lambda: settled(tokyo), what="the sync ends")
        walk.go(f"{at}/license/syncs")
        walk.go(f"{at}/statistics")
        walk.go("/settings/audit-log")
        walk.go("/settings")
        walked.append(("owner", width, javascript, language, walk.pages))

    def test_a_billing_manager(
        self, walk: Walk, person: Callable[[str], User], sign_in: Callable[[User], None],
        storyline: Octo, width: int, javascript: bool, language: str,
    ) -> None:  # fmt: skip
        sign_in(person("billing_manager"))
        walk.go()
        for path in ("/licensing", "/licensing/difference", "/licensing/trends", "/licensing/consumed"):
            walk.follow(path)
        walk.main.locator("#q").fill("jane")
        walk.press(walk.main.locator("form[role=search] button"))
        walk.press(walk.main.get_by_role("link", name="Jane Doe").first)
        walk.go("/github-connect")
        host = Server.objects.filter(enterprise=storyline.enterprise).order_by("host")[0].host
        walk.follow(f"/servers/{host}/github-connect", within="main")
        expect(walk.main.locator("button[disabled]").first).to_be_visible()
        expect(walk.main.locator('a[href$="/disable"]')).to_have_count(0)
        walk.follow(f"/servers/{host}/license", within="header")
        expect(walk.page.locator("#sync-now")).to_have_count(0)
        for closed in ("/settings", "/settings/audit-log", "/licensing/counted-twice"):
            answer = walk.page.request.get(f"{walk.url}{closed}")
            assert answer.status == 404
        walked.append(("billing manager", width, javascript, language, walk.pages))

    def test_a_stranger(
        self, walk: Walk, person: Callable[[str], User], sign_in: Callable[[User], None],
        width: int, javascript: bool, language: str,
    ) -> None:  # fmt: skip
        walk.page.goto(walk.url)
        expect(walk.main.locator("input[name=password]")).to_be_visible()
        walk.looked()
        walk.main.locator("input[name=login]").fill("eve")
        walk.main.locator("input[name=password]").fill("not-the-password")
        walk.press(walk.main.locator("button.btn-primary"))
        expect(walk.main.locator("input[name=password]")).to_be_visible()
        sign_in(person("stranger"))
        for path in ("", "/licensing", "/licensing/trends", "/github-connect", "/settings"):
            answer = walk.page.goto(f"{walk.url}{path}")
            assert answer is not None
            assert answer.status == 404
            walk.looked()
        walk.page.goto("/")
        walk.looked()
        expect(walk.main).not_to_contain_text("Octo Corp")
        walked.append(("stranger", width, javascript, language, walk.pages))


def switched_off_and_on(walk: Walk, at: str) -> None:
    """Go to the tab of the server by the list of all, and throw the switch twice."""
    walk.follow("/github-connect", within="header")
    walk.follow(f"{at}/github-connect", within="main")
    for state in ("disabled", "enabled"):
        switched(walk, state)


def switched(walk: Walk, state: str) -> None:
    """Set license sync by its menu: a dialog asks with scripts, a page without."""
    walk.main.locator("#license_usage_sync > summary").click()
    walk.main.locator(f'#license_usage_sync a[href*="state={state}"]').click()
    asked = (
        walk.page.locator("dialog[open]") if walk.javascript else walk.main.locator(".question, main form")
    )
    walk.looked()
    walk.press(asked.locator(".confirm-buttons button").last)
    expect(walk.main.locator("#license_usage_sync > summary")).to_be_visible()

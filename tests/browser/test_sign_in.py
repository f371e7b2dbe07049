"""Second factors and passkeys in a real browser, with an authenticator of Chromium's own; axe on every page of it."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from ghconnect.models import Enterprise, Membership, Role, User
from tests.support.stack import Stack

Look = Callable[[Page], None]
PASSWORD = "plum-otter-41-birch"


@pytest.fixture
def ann(stack: Stack) -> User:
    unique = uuid.uuid4().hex[:8]
    user = User.objects.create_user(f"ann-{unique}@octo.example", f"ann-{unique}", PASSWORD)
    enterprise = Enterprise.objects.create(slug=f"keys-{unique}", name="Keys")
    Membership.objects.create(user=user, enterprise=enterprise, role=Role.OWNER)
    return user


@pytest.fixture
def home(stack: Stack) -> str:
    """Passkeys belong to a name, so not to 127.0.0.1."""
    return stack.url.replace("127.0.0.1", "localhost")


@pytest.fixture
def _key(page: Page) -> None:
    """Plug an authenticator in that knows its owner, as a phone or a laptop does."""
    devtools = page.context.new_cdp_session(page)
    devtools.send("WebAuthn.enable")
    options = {
        "protocol": "ctap2",
        "transport": "internal",
        "hasResidentKey": True,
        "hasUserVerification": True,
        "isUserVerified": True,
        "automaticPresenceSimulation": True,
    }
    devtools.send("WebAuthn.addVirtualAuthenticator", {"options": options})


def enter(page: Page, home: str, user: User) -> None:
    page.goto(f"{home}/login/")
    page.get_by_label("Email or short name").fill(user.email)
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()


def confirm(page: Page) -> None:
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Confirm").click()


@pytest.mark.usefixtures("_key")
def test_a_passkey_is_added_and_signs_in_without_a_password(
    page: Page, home: str, ann: User, look: Look
) -> None:
    enter(page, home, ann)
    page.goto(f"{home}/settings/security/")
    look(page)
    page.get_by_role("link", name="Add a key").click()
    look(page)  # who it is, first
    confirm(page)
    look(page)
    page.get_by_label("Name").fill("Laptop")
    page.get_by_label("Sign in with it alone").check()
    page.get_by_role("button", name="Add a key").click()
    expect(page.get_by_role("heading", name="Recovery codes")).to_be_visible()
    expect(page.locator(".recovery-codes li")).to_have_count(10)
    look(page)
    page.goto(f"{home}/settings/security/webauthn/")
    expect(page.get_by_role("row", name=re.compile("Laptop.*Passkey"))).to_be_visible()
    look(page)
    page.context.clear_cookies()
    page.goto(f"{home}/login/")
    look(page)
    page.get_by_role("button", name="Sign in with a passkey").click()
    expect(page).not_to_have_url(re.compile("login"))
    page.goto(f"{home}/settings/sessions")
    expect(page.get_by_text("This browser")).to_be_visible()
    look(page)


@pytest.mark.usefixtures("_key")
def test_a_security_key_is_asked_for_after_the_password(page: Page, home: str, ann: User, look: Look) -> None:
    enter(page, home, ann)
    page.goto(f"{home}/settings/security/webauthn/add/")
    confirm(page)
    page.get_by_role("button", name="Add a key").click()
    expect(page.get_by_role("heading", name="Recovery codes")).to_be_visible()
    page.context.clear_cookies()
    enter(page, home, ann)
    expect(page.get_by_role("heading", name="Two-factor authentication")).to_be_visible()
    look(page)
    page.get_by_role("button", name="Use a passkey or a security key").click()
    expect(page).not_to_have_url(re.compile("authenticate"))


def test_every_page_of_roles_and_security_is_clean(page: Page, home: str, ann: User, look: Look) -> None:
    enter(page, home, ann)
    settings = f"{home}/enterprises/{ann.memberships.get().enterprise.slug}/settings"
    page.goto(f"{settings}/security")
    look(page)
    page.goto(f"{settings}/people")
    page.get_by_label("Email").fill("new@octo.example")
    page.get_by_role("button", name="Invite").click()
    link = page.locator("#invitation-link")
    expect(link).to_contain_text("/invitations/")
    look(page)
    address = link.inner_text()
    page.goto(address)
    look(page)  # it is for somebody else
    page.get_by_role("main").get_by_role("button", name="Sign out").click()
    page.goto(address)
    look(page)
    page.get_by_label("Name", exact=True).fill("New Person")
    page.get_by_label("Short name").fill(f"new-{uuid.uuid4().hex[:6]}")
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Accept").click()
    expect(page.get_by_role("heading", name="Overview")).to_be_visible()
    page.goto(f"{home}/settings/security/totp/activate/")
    confirm(page)
    expect(page.get_by_alt_text("QR code")).to_be_visible()
    look(page)


def test_pages_of_a_sign_in_that_did_not_work_are_clean(page: Page, home: str, look: Look) -> None:
    for path in ("/sign-in/cancelled", "/sign-in/failed", "/invitations/none"):
        page.goto(f"{home}{path}")
        look(page)

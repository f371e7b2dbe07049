"""Brings people of a console of our own to the steps of sign-in that its storyline is not at."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
import struct
import time
from urllib.parse import urlsplit

from playwright.sync_api import Browser, BrowserContext
from playwright.sync_api import Page as Tab

from tools import pages
from tools.console import Console

EMAIL, NAME = "nina@octo-corp.example", "Nina Berg"


def prepare(console: Console, browser: Browser) -> None:
    """Invite two; one joins with an authenticator app and recovery codes, and comes back as far as the code.

    Whoever has no second factor yet is let into the pages that set one up.
    """
    context = console.context(browser, pages.BILLER)
    tab = context.new_page()
    tab.goto("/settings/security/totp/activate/")
    confirmed(tab, console.passwords[pages.BILLER])
    console.sessions[pages.BILLER] = context.storage_state()
    context.close()
    console.places["invitation"] = invited(console, browser, "pat@octo-corp.example")
    password = secrets.token_urlsafe(16)
    context = browser.new_context(base_url=console.url)
    joined(context, invited(console, browser, EMAIL), password)
    console.sessions[pages.PROTECTED] = context.storage_state()
    context.close()
    context = browser.new_context(base_url=console.url)
    tab = context.new_page()
    signed_in(tab, password)
    console.sessions[pages.HALFWAY] = context.storage_state()
    context.close()
    console.passwords |= dict.fromkeys((pages.PROTECTED, pages.HALFWAY), password)


def invited(console: Console, browser: Browser, email: str) -> str:
    """Invite somebody; return the path of the link."""
    context = console.context(browser, pages.OWNER)
    tab = context.new_page()
    tab.goto(f"{pages.E}/settings/people")
    tab.get_by_label("Email").fill(email)
    tab.get_by_role("button", name="Invite", exact=True).click()
    told = tab.locator("#invitation-link").inner_text()
    context.close()
    return urlsplit(told.strip()).path


def joined(context: BrowserContext, link: str, password: str) -> None:
    """Accept an invitation, and set an authenticator app up."""
    tab = context.new_page()
    tab.goto(link)
    tab.fill("input[name=name]", NAME)
    tab.fill("input[name=login]", pages.PROTECTED)
    tab.fill("input[name=password]", password)
    tab.click("main button[type=submit]")
    if "/login" in tab.url:
        signed_in(tab, password)
    tab.goto("/settings/security/totp/activate/")
    confirmed(tab, password)
    tab.fill("input[name=code]", code(tab.locator("#totp-key").inner_text().strip()))
    tab.locator("main form", has=tab.locator("input[name=code]")).locator("button").click()


def confirmed(tab: Tab, password: str) -> None:
    """Show once more who it is, where security settings ask for that."""
    if "/reauthenticate" in tab.url:
        tab.fill("input[name=password]", password)
        tab.click("main button[type=submit]")


def signed_in(tab: Tab, password: str) -> None:
    """Fill the first form of sign-in."""
    tab.goto("/login/")
    tab.fill("input[name=login]", EMAIL)
    tab.fill("input[name=password]", password)
    tab.click("main button[type=submit]")


def code(key: str) -> str:
    """Return what an authenticator app shows now (RFC 6238)."""
    secret = base64.b32decode(key + "=" * (-len(key) % 8))
    mac = hmac.new(secret, struct.pack(">Q", int(time.time()) // 30), hashlib.sha1).digest()
    number = struct.unpack(">I", mac[mac[-1] & 15 :][:4])[0] & 0x7FFFFFFF
    return f"{number % 1_000_000:06}"

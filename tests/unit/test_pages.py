"""Whatever opens every page (pictures, accessibility, speed) leaves none out: compared with the URLconf."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from django.urls import resolve

from tests.integration.test_every_url import ADDRESSES
from tools.pages import GARDEN, PAGES, E

NOWHERE = "/nowhere"
# Reached by following a link of a page in the list.
FOLLOWED = {"person"}
# Places that a console of our own has once it runs.
MADE = {
    "{held}": f"{GARDEN}/licensing/syncs/3",
    "{invitation}": "/invitations/secret",
    "{key}": "/settings/security/webauthn/keys/1",
    "{maintained}": "",
    "{paused}": "",
    "{person}": f"{E}/licensing/people/1",
    "{reset}": "/password/reset/key/1-set-password/",
}
# Answers that are no pages: programs' doors, files, deeds that are only posted, redirects, parts of pages.
FILES = ("api_", "health", "readyz", "metrics")
ENDINGS = ("_csv", "_json", "_xlsx", "_export", "_pack", "_script")
DEEDS = {
    "cloud_refresh",
    "counted_twice_decide",
    "counted_twice_exclude",
    "github_callback",
    "github_login",
    "history_export",
    "home",
    "invitation_cancel",
    "mfa_download_recovery_codes",
    "mfa_login_webauthn",
    "mfa_reauthenticate_webauthn",
    "openid_connect_callback",
    "openid_connect_login",
    "role",
    "sandbox_progress",
    "server",
    "server_progress",
    "server_push_revoke",
    "server_sync_now",
    "set_language",
    "settings_token_revoke",
}
# A page nobody is led to: codes by mail are off. tests/integration/test_every_url.py opens it all the same.
OTHER_STATES = {
    "account_confirm_login_code",
}


def made(path: str) -> str:
    return re.sub(r"^\{\w+\}", lambda place: MADE[place[0]], path)


def is_page(name: str) -> bool:
    return not (name.startswith(FILES) or name.endswith(ENDINGS) or name in DEEDS)


def test_every_page_is_in_the_list_or_named_as_left_out() -> None:
    paths = {urlsplit(made(page.path)).path for page in PAGES} - {NOWHERE}
    listed = {resolve(path).view_name for path in paths} | FOLLOWED
    pages = {address.name for address in ADDRESSES if is_page(address.name)}
    assert pages - listed == OTHER_STATES


def test_no_two_pages_have_one_name() -> None:
    names = [page.name for page in PAGES]
    assert len(names) == len(set(names))

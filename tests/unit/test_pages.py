"""Whatever opens every page (pictures, accessibility, speed) leaves none out: compared with the URLconf."""

from __future__ import annotations

from urllib.parse import urlsplit

from django.urls import resolve

from tests.integration.test_every_url import ADDRESSES
from tools.pages import PAGES

NOWHERE = "/nowhere"
# Reached by following a link of a page in the list.
FOLLOWED = {"person"}
# Its path has a secret that a console of our own makes.
MADE = {"{invitation}": "/invitations/secret"}
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
# Pages of a state that the storyline is not in; tests/integration/test_every_url.py opens them all the same.
OTHER_STATES = {
    "account_confirm_login_code",
    "account_reset_password_from_key",
    "account_reset_password_from_key_done",
    "account_set_password",
    "account_signup",
    "cloud_sync_discard",
    "cloud_sync_publish",
    "mfa_edit_webauthn",
    "mfa_remove_webauthn",
    "person_erase",
    "socialaccount_login_error",
}


def is_page(name: str) -> bool:
    return not (name.startswith(FILES) or name.endswith(ENDINGS) or name in DEEDS)


def test_every_page_is_in_the_list_or_named_as_left_out() -> None:
    paths = {urlsplit(page.path).path for page in PAGES} - {NOWHERE}
    listed = {resolve(MADE.get(path, path)).view_name for path in paths} | FOLLOWED
    pages = {address.name for address in ADDRESSES if is_page(address.name)}
    assert pages - listed == OTHER_STATES


def test_no_two_pages_have_one_name() -> None:
    names = [page.name for page in PAGES]
    assert len(names) == len(set(names))

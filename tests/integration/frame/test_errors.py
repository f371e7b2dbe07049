"""Pages of errors: in the browser's language, with a next step, and for programs in the shape of their door."""

from __future__ import annotations

import re

import pytest
from django.core.exceptions import PermissionDenied
from django.test import Client

from ghconnect.api import auth
from ghconnect.models import User

WORDS = {
    400: ("This request was not understood", "このリクエストを処理できません"),
    403: ("You may not do this", "この操作は許可されていません"),
    404: ("This page was not found", "ページが見つかりません"),
    "csrf": ("This form is no longer valid", "このフォームは無効になりました"),
    500: ("Something failed here", "問題が発生しました"),
}
JAPANESE = re.compile("[\u3040-\u30ff\u4e00-\u9fff]")


@pytest.fixture
def browser(db: None) -> Client:
    """A browser of somebody signed in; forms are checked as they are in production."""
    client = Client(enforce_csrf_checks=True, raise_request_exception=False)
    client.force_login(User.objects.create_user("mona@octo-corp.example", "mona"))
    return client


def asked(client: Client, case: int | str, language: str) -> tuple[int, str]:
    """Bring the error about; return its status and page."""
    headers = {"accept-language": language}
    match case:
        case 400:
            answer = client.get("/about", headers={**headers, "host": "evil.example"})
        case "csrf":
            answer = client.post("/language", {"language": "ja"}, headers=headers)
        case _:
            answer = client.get("/nowhere" if case == 404 else "/", headers=headers)
    return answer.status_code, answer.content.decode()


@pytest.mark.parametrize("language", ["en", "ja"])
@pytest.mark.parametrize("case", WORDS)
def test_an_error_speaks_one_language_and_needs_no_script(
    browser: Client, monkeypatch: pytest.MonkeyPatch, case: int | str, language: str
) -> None:
    def fails(*_: object) -> None:
        raise PermissionDenied if case == 403 else ZeroDivisionError

    if case in (403, 500):
        monkeypatch.setattr("ghconnect.views.pages.redirect", fails)
    status, page = asked(browser, case, language)
    assert status == (403 if case == "csrf" else case)
    assert f'<html lang="{language}"' in page
    main = page[page.index("<main") : page.index("</main>")]
    assert WORDS[case][language == "ja"] in main
    sentence = re.search(r"<p>(.*?)</p>", main, re.DOTALL)
    assert sentence is not None, "no next step"
    assert bool(JAPANESE.search(sentence[1])) == (language == "ja")
    assert "<script" not in main
    assert " hidden" not in main


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("/api/v3/user", {"message": "Internal Server Error", "status": "500"}),
        ("/api/console/v1/enterprise", {"title": "Internal Server Error", "status": 500}),
    ],
)
def test_programs_hear_of_a_failure_in_json(
    browser: Client, monkeypatch: pytest.MonkeyPatch, address: str, said: dict[str, object]
) -> None:
    monkeypatch.setattr(auth, "credentials", lambda *_: 1 / 0)
    answer = browser.get(address, headers={"authorization": "Bearer ghct_x", "user-agent": "script"})
    assert answer.status_code == 500
    assert said.items() <= answer.json().items()

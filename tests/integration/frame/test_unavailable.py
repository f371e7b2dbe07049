"""While the console is away it says so, and what to do."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from django.db import OperationalError, connections
from django.db.utils import load_backend
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoDbBlocker, Settings

from ghconnect import token_text
from ghconnect.models import Enterprise, User
from ghconnect.views import pages
from tests.support.headers import missing


@pytest.fixture
def away(settings: Settings) -> None:
    settings.GHCONNECT_MAINTENANCE = True


@pytest.mark.usefixtures("away")
@pytest.mark.parametrize("address", ["/", "/login/", "/nowhere"])
def test_maintenance_answers_for_every_page(client: Client, address: str) -> None:
    answer = client.get(address)
    assert answer.status_code == 503
    assert answer.headers["Retry-After"] == "120"
    assert "This console is being maintained" in answer.content.decode()
    assert "Content-Security-Policy" in answer.headers


@pytest.mark.usefixtures("away")
@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("/api/v3/enterprises/octo/consumed-licenses", {"message": "Service Unavailable", "status": "503"}),
        ("/api/console/v1/servers/ghe.example/usage", {"status": 503, "title": "Service Unavailable"}),
    ],
)
def test_maintenance_answers_programs_in_json(client: Client, address: str, said: dict[str, object]) -> None:
    answer = client.get(address)
    assert answer.status_code == 503
    assert answer.headers["Retry-After"] == "120"
    assert said.items() <= answer.json().items()


@pytest.mark.usefixtures("away")
def test_maintenance_speaks_the_browsers_language(client: Client) -> None:
    shown = client.get("/", headers={"accept-language": "ja"}).content.decode()
    assert 'lang="ja"' in shown
    assert "メンテナンス中です" in shown


@pytest.mark.usefixtures("away")
def test_health_is_told_during_maintenance(client: Client) -> None:
    assert client.get("/healthz").status_code == 200


@pytest.mark.django_db
def test_a_database_that_does_not_answer_is_said_without_asking_it(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def down(*_: object) -> None:
        raise OperationalError("no connection")

    client.force_login(User.objects.create_user("mona@octo-corp.example"))
    client.raise_request_exception = False
    monkeypatch.setattr(Enterprise.objects, "of", down)
    answer = client.get("/")
    assert answer.status_code == 503
    assert "cannot reach its database" in answer.content.decode()


@pytest.mark.django_db
def test_any_other_failure_is_500_with_the_next_step(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    client.force_login(User.objects.create_user("mona@octo-corp.example"))
    client.raise_request_exception = False
    monkeypatch.setattr(Enterprise.objects, "of", lambda *_: 1 / 0)
    answer = client.get("/")
    assert answer.status_code == 500
    assert "Try again in a minute" in answer.content.decode()


@pytest.fixture
def no_database(tmp_path: Path, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """Put a database in the place of the test's own that cannot be opened: its folder is not there."""
    kept = connections["default"]
    known = {**connections.settings["default"], "ENGINE": "django.db.backends.sqlite3"}
    gone = load_backend(known["ENGINE"]).DatabaseWrapper(
        {**known, "NAME": tmp_path / "none/db", "OPTIONS": {}}
    )
    connections["default"] = gone
    with django_db_blocker.unblock():
        yield
    connections["default"] = kept


@pytest.mark.usefixtures("no_database")
@pytest.mark.parametrize(
    ("address", "status"),
    [
        ("/enterprises", 503),
        ("/login/", 503),
        ("/api/v3/user", 503),
        ("/api/console/v1/bridge", 503),
        ("/health/ready", 503),
        ("/health/live", 200),
        ("/nowhere", 503),
    ],
)
def test_answers_without_a_database_are_protected_too(
    client: Client, address: str, status: int, settings: Settings
) -> None:
    settings.SECURE_HSTS_SECONDS = 31_536_000
    client.raise_request_exception = False
    if not address.startswith("/health"):
        client.cookies[settings.SESSION_COOKIE_NAME] = "a" * 32
    known = {"Authorization": f"Bearer {token_text.make()}", "User-Agent": "script"}
    answer = client.get(address, headers=known, secure=True)
    assert answer.status_code == status, answer.content
    assert missing(answer) == []


@pytest.mark.parametrize("view", ["about", "home"])
def test_an_answer_of_500_is_protected_too(
    client: Client, settings: Settings, monkeypatch: pytest.MonkeyPatch, view: str
) -> None:
    """A fault below every middleware, and one in the middle of them: no database is let through to this test."""
    settings.SECURE_HSTS_SECONDS = 31_536_000
    client.raise_request_exception = False
    if view == "about":
        monkeypatch.setattr(pages, "render", lambda *_, **__: 1 / 0)
    else:
        client.cookies[settings.SESSION_COOKIE_NAME] = "a" * 32
    answer = client.get(reverse(view), secure=True)
    assert answer.status_code == 500
    assert missing(answer) == []

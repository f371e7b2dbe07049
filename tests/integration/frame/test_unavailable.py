"""While the console is away it says so, and what to do."""

from __future__ import annotations

import pytest
from django.db import OperationalError
from django.test import Client
from pytest_django import Settings

from ghconnect.models import Enterprise, User


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

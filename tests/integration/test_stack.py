"""The harness itself: what the other tests of the real stack lean on."""

import pytest
import requests
from celery import current_app
from django.conf import settings
from django.db import connection

from ghconnect.models import User
from tests.support.stack import Stack, eventually


def test_the_web_server_answers(stack: Stack) -> None:
    assert requests.get(f"{stack.url}/login/", timeout=10).status_code == 200


def test_the_worker_listens_to_the_sessions_broker(stack: Stack) -> None:
    answered = eventually(lambda: current_app.control.inspect(timeout=1).ping(), what="a worker answers")
    assert [name.split("@")[0] for name in answered] == ["worker"]


def test_this_process_and_the_web_server_see_one_database(stack: Stack) -> None:
    assert connection.settings_dict["NAME"] in stack.database_url
    user = User.objects.create_user("harness@octo-corp.example", "harness", "long-password-1")
    assert sign_in(stack, "harness", "wrong-password-1").url.endswith("/login/")
    assert not sign_in(stack, "harness", "long-password-1").url.endswith("/login/")
    user.refresh_from_db()
    assert user.last_login is not None


def sign_in(stack: Stack, login: str, password: str) -> requests.Response:
    with requests.Session() as client:
        page = client.get(f"{stack.url}/login/", timeout=10)
        form = {"login": login, "password": password, "csrfmiddlewaretoken": token(page.text)}
        return client.post(page.url, form, headers={"Referer": page.url}, timeout=10)


def token(html: str) -> str:
    from ghconnect.run.ready import hidden_fields

    return hidden_fields(html)["csrfmiddlewaretoken"]


@pytest.mark.django_db
def test_other_tests_have_a_database_of_their_own() -> None:
    assert not User.objects.filter(login="harness").exists()
    assert "stack" not in str(connection.settings_dict["NAME"])


def test_names_of_pretend_github_lead_to_this_machine(stack: Stack) -> None:
    assert {target[0] for target in settings.GHCONNECT_RESOLVE.values()} == {"127.0.0.1"}

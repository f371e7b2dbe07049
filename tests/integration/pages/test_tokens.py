"""The page and the command that make tokens, and the page of the API."""

from __future__ import annotations

import re
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import Client

from ghconnect.models import AccessToken, AuditEvent
from tests.integration.api.caller import V1, V3, Script
from tests.support import estate as estates
from tests.support.estate import Estate

pytestmark = pytest.mark.django_db
PAGE = "/enterprises/octo-corp/settings/tokens"
TEXT = re.compile(r"ghct_\w{36}")


@pytest.fixture
def octo() -> Estate:
    return estates.estate()


@pytest.fixture
def owner(client: Client, octo: Estate) -> Client:
    client.force_login(octo.owner)
    return client


def create(owner: Client, **fields: Any) -> str:
    given = {"deed": "create", "name": "ci", "scopes": ["read:enterprise"], "days": "30", "host": ""}
    return str(owner.post(PAGE, {**given, **fields}).content.decode())


def text(page: str) -> str:
    found = set(TEXT.findall(page))
    assert len(found) == 1
    return str(found.pop())


def test_a_token_is_shown_once_and_opens_what_it_says(owner: Client, octo: Estate) -> None:
    made = text(create(owner))
    assert Script(made).get(f"{V1}/bridge").status_code == 200
    assert Script(made).get(f"{V3}/enterprises/octo-corp/audit-log").status_code == 404
    page = owner.get(PAGE).content.decode()
    assert made not in page
    assert made[:9] in page
    assert "127.0.0.1" in page  # where it was last used from
    assert AuditEvent.objects.filter(action="access_token.create").count() == 1


def test_what_sends_a_file_is_bound_to_a_server(owner: Client, octo: Estate) -> None:
    assert "stands alone" in create(owner, scopes=["write:usage"])
    assert "stands alone" in create(owner, scopes=["write:usage", "read:enterprise"], host=octo.server.host)
    assert "bound to a server" in create(owner, host=octo.server.host)
    assert not AccessToken.objects.exists()
    assert text(create(owner, scopes=["write:usage"], host=octo.server.host))
    assert AccessToken.objects.get().server == octo.server


def test_a_token_is_replaced_and_revoked(owner: Client, octo: Estate) -> None:
    first = text(create(owner))
    second = text(
        owner.post(PAGE, {"deed": "rotate", "token": AccessToken.objects.get().pk}).content.decode()
    )
    assert [Script(each).get(f"{V1}/bridge").status_code for each in (first, second)] == [200, 200]
    newest = AccessToken.objects.latest("pk")
    assert b"is refused from then on" in owner.get(f"{PAGE}/{newest.pk}/revoke").content
    owner.post(f"{PAGE}/{newest.pk}/revoke")
    assert Script(second).get(f"{V1}/bridge").json()["reason"] == "token_revoked"
    acme = estates.estate("acme", "ghe.acme.example")
    owner.force_login(acme.owner)
    assert owner.post(f"/enterprises/acme/settings/tokens/{newest.pk}/revoke").status_code == 404


def run(*arguments: str) -> str:
    out = StringIO()
    call_command("access_token", *arguments, "--enterprise", "octo-corp", stdout=out)
    return out.getvalue().strip()


def test_the_command_does_the_same(octo: Estate) -> None:
    made = run("create", "--scope", "read:enterprise", "--scope", "admin:connect", "--name", "cron")
    assert Script(made).get(f"{V1}/bridge").status_code == 200
    assert "cron  read:enterprise,admin:connect  by ghconnect" in run("list")
    with pytest.raises(CommandError, match="no more than --as may do"):
        run("create", "--scope", "admin:connect", "--as", octo.biller.login)
    with pytest.raises(CommandError, match="has no server"):
        run("create", "--scope", "write:usage", "--host", "ghe.acme.example")
    run("revoke", made[:9])
    assert Script(made).get(f"{V1}/bridge").status_code == 401


def test_the_api_shows_itself_without_another_host(client: Client) -> None:
    page, document = client.get("/api").content.decode(), client.get("/api/openapi.json")
    assert document.json()["openapi"] == "3.1.0"
    for path, operations in document.json()["paths"].items():
        assert path in page
        for one in operations.values():
            assert f'id="{one["operationId"]}"' in page
            assert one["summary"]
            assert one["description"]
    hosts = set(re.findall(r'(?:src|href)="(https?://[^"/]+)', page))
    assert hosts == set()
    assert (
        client.get("/api/openapi.json", headers={"If-None-Match": document.headers["ETag"]}).status_code
        == 304
    )

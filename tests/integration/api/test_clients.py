"""Real clients against the real web server: PyGithub, curl, and the shell client."""

from __future__ import annotations

import json
import subprocess
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.test import override_settings
from github import Auth, Github, UnknownObjectException

from ghconnect.models import AccessToken
from ghconnect.usecases import access_tokens
from licensing.models import ServerPicture
from tests.integration.api.caller import ADMIN, AUDIT, READ, V1, V3, token
from tests.integration.engine import drive
from tests.support import estate as estates
from tests.support.estate import Estate
from tests.support.processes import ROOT
from tests.support.stack import Stack, eventually

PEOPLE = 61


@pytest.fixture(scope="module")
def octo(stack: Stack) -> Estate:
    """An enterprise of its own, whose server sends its file."""
    made = estates.estate(f"api-{uuid.uuid4().hex[:8]}", "ghe-api.octo-corp.example")
    made.server.way_in = "push"
    made.server.save()
    estates.connected(made.server)
    with override_settings(
        REDIS_URL="redis://127.0.0.1:1/0"
    ):  # no bell, so that the stack's worker leaves it to us
        drive.read_cloud(made.enterprise, [drive.row(f"u{number:02}") for number in range(PEOPLE)])
    return made


@pytest.fixture(scope="module")
def text(octo: Estate) -> str:
    return token(octo.enterprise, [READ, AUDIT, ADMIN])


@pytest.fixture(scope="module")
def github(stack: Stack, text: str) -> Iterator[Github]:
    with Github(base_url=stack.url + V3, auth=Auth.Token(text), retry=None, per_page=25) as client:
        yield client


def test_pygithub_reads_all_pages_of_consumed_licenses(github: Github, octo: Estate) -> None:
    consumed = github.get_enterprise(octo.enterprise.slug).get_consumed_licenses()
    assert (consumed.total_seats_consumed, consumed.total_seats_purchased) == (PEOPLE, 100)
    users = list(consumed.get_users())
    assert [user.github_com_login for user in users] == [f"u{number:02}" for number in range(PEOPLE)]
    assert github.get_rate_limit().rate.limit == 15_000
    assert github.get_user().login == "ghconnect"


def test_pygithub_hears_of_another_enterprise_what_github_says(github: Github) -> None:
    with pytest.raises(UnknownObjectException) as error:
        _ = github.get_enterprise("elsewhere").get_consumed_licenses().total_seats_consumed
    assert (error.value.status, error.value.data["message"]) == (404, "Not Found")


def curl(*arguments: str) -> str:
    done = subprocess.run(["curl", "-sS", *arguments], capture_output=True, text=True, timeout=30, check=True)
    return done.stdout


def test_curl_asks_with_each_form_and_again_for_nothing(stack: Stack, octo: Estate, text: str) -> None:
    url = f"{stack.url}{V3}/enterprises/{octo.enterprise.slug}/consumed-licenses"
    head = curl("--head", "-H", f"Authorization: token {text}", url)
    tag = next(line for line in head.splitlines() if line.lower().startswith("etag:")).partition(" ")[2]
    again = ("-o", "/dev/null", "-w", "%{http_code} %{size_download}", "-H", f"If-None-Match: {tag}")
    assert curl(*again, "-u", f"me:{text}", url) == "304 0"
    last = json.loads(curl("-H", f"Authorization: Bearer {text}", f"{url}?page=3"))
    assert [user["github_com_login"] for user in last["users"]] == ["u60"]
    wrong = json.loads(curl("-H", "Authorization: Bearer ghct_x", f"{stack.url}{V1}/bridge"))
    assert wrong["type"] == "urn:ghconnect:problem:bad_credentials"


class Shell:
    """The shell client with an environment of its own."""

    def __init__(self, url: str, text: str) -> None:
        self.environment = {"GHCONNECT_URL": url, "GHCONNECT_TOKEN": text, "PATH": "/usr/bin:/bin"}

    def __call__(self, *arguments: str) -> tuple[int, str, str]:
        command = [sys.executable, str(ROOT / "ghconnect/cli.py"), *arguments]
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=60, check=False, env=self.environment
        )
        return done.returncode, done.stdout, done.stderr

    def json(self, *arguments: str) -> Any:
        code, out, err = self("--json", *arguments)
        assert code in (0, 4), err
        return json.loads(out)


def test_the_shell_client_tells_and_pushes(stack: Stack, octo: Estate, text: str, tmp_path: Path) -> None:
    shell = Shell(stack.url, text)
    assert shell.json("status")["counted_by_github"] == PEOPLE
    assert len(shell.json("people")) == PEOPLE
    assert [each["github_com_login"] for each in shell.json("people", "u07")] == ["u07"]
    assert shell("why", "u07")[1].startswith("U07: one license")
    assert "one license more" in shell("check-address", "new@octo.example")[1]
    assert shell("sync", octo.server.host)[::2] == (
        1,
        "ghconnect: This console does not read this server. Add its file instead.\n",
    )
    assert shell("why", "nobody-at-all")[0] == 1
    assert shell("fly")[0] == 2
    assert shell("watch", octo.server.host)[0] == 1
    file = tmp_path / "all_users.csv"
    file.write_bytes(drive.report([drive.account(1, "u07@octo.example", "u07")]))
    _row, push = access_tokens.create(
        enterprise=octo.enterprise,
        name="push",
        scopes=[AccessToken.Scope.WRITE_USAGE],
        server=octo.server,
        by=octo.owner,
    )
    sent = Shell(stack.url, push).json("push", str(file), "--host", octo.server.host)
    assert sent["accounts"] == 1
    assert shell("watch", octo.server.host, str(sent["run"]))[0] == 0
    eventually(lambda: ServerPicture.objects.filter(server=octo.server, accounts=1).exists())
    book = tmp_path / "licenses.xlsx"
    assert shell("export", str(book))[0] == 0
    assert book.read_bytes()[:2] == b"PK"
    assert shell("export", str(tmp_path / "licenses.doc"))[0] == 1
    assert Shell(stack.url, "")("status")[2].startswith("ghconnect: Set GHCONNECT_TOKEN")
    assert "cannot be read" in Shell("http://127.0.0.1:9", text)("status")[2]

"""A hundred people press "Sync now" at once, by page and command: one run, and all get it."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable

import pytest
import requests

from ghconnect.models import Enterprise, Membership, Role, Server, User
from tests.faults import promise, tally
from tests.faults.console import RECOVERY, Console
from tests.integration.engine import drive
from tests.support.environment import HOST, free_port
from tests.support.stack import eventually

pytestmark = pytest.mark.timeout(900)
COMMANDS = tally.times(0, 3)
PASSWORD = "plum-otter-41-and-more"


def test_a_hundred_press_sync_now(console: Console) -> None:
    server = console.connect(drive.enterprise(), "osaka")
    assert promise.over(server.runs.get(), within=RECOVERY)
    owner(server.enterprise)
    line, size = tally.line("a hundred press Sync now at once (page and command)"), tally.times(20, 97)
    port = free_port()
    command = f"gunicorn ghconnect.wsgi --bind {HOST}:{port} --workers 1 --threads 16"
    console.start("web", *command.split()).await_port(port)
    person = signed_in(f"http://{HOST}:{port}")
    for _ in range(tally.times(1, 3)):
        before, asked = server.runs.count(), console.served("osaka")
        console.arm(f"sleep=fetch:before@{tally.times(2, 15)}")  # so that all of them come while it is read
        got = crowd(size, lambda: press(person, server), lambda: command_line(console, server))
        run = server.runs.latest("pk")
        good = promise.over(run, within=RECOVERY)
        eventually(lambda: not promise.stuck(server.enterprise), within=RECOVERY)
        line.add(
            tried=size + COMMANDS,
            lost=(not good) + (size + COMMANDS - got),
            doubled=server.runs.count() - before - 1 + (console.served("osaka") - asked - 1),
            stuck=promise.stuck(server.enterprise),
            wrong=promise.wrong(console, server.enterprise, {"osaka": server}),
        )
    console.stop("web")
    assert not line.broken, line


def owner(of: Enterprise) -> None:
    """Make somebody who may press it."""
    person = User.objects.create_user("crowd@octo-corp.example", "crowd", PASSWORD)
    Membership.objects.create(user=person, enterprise=of, role=Role.OWNER)


def signed_in(url: str) -> Callable[[str], requests.Response]:
    """Sign in by the real form; return what posts to a path of the console as that person."""
    session = requests.Session()
    page = session.get(f"{url}/login/", timeout=30).text
    token = re.findall(r'name="csrfmiddlewaretoken" value="([^"]+)"', page)[0]
    fields = {"login": "crowd@octo-corp.example", "password": PASSWORD, "csrfmiddlewaretoken": token}
    answer = session.post(f"{url}/login/", fields, timeout=30)
    assert "/login" not in answer.url, answer.url
    cookies = session.cookies.get_dict()
    token = next(value for name, value in cookies.items() if name.endswith("csrf"))

    def post(path: str) -> requests.Response:
        return requests.post(
            url + path, {"csrfmiddlewaretoken": token}, cookies=cookies, timeout=60, allow_redirects=False
        )

    return post


def press(post: Callable[[str], requests.Response], server: Server) -> bool:
    """Press it on the page of the server."""
    path = f"/enterprises/{server.enterprise.slug}/servers/{server.host}/license/sync-now"
    return post(path).status_code == 302


def command_line(console: Console, server: Server) -> bool:
    """Ask by the command; its exit code says how it went."""
    name = f"command-{threading.get_ident()}"
    child = console.start(
        name, "django", "sync_licenses", server.host, "--enterprise", server.enterprise.slug
    )
    code = child.process.wait(60)
    console.stop(name)
    return code == 0


def crowd(size: int, page: Callable[[], bool], command: Callable[[], bool]) -> int:
    """Let so many press at once, and some commands with them; returns how many were answered well."""
    together, good = threading.Barrier(size), list[bool]()

    def one() -> None:
        together.wait()
        good.append(page())

    commands = [threading.Thread(target=lambda: good.append(command())) for _ in range(COMMANDS)]
    people = [threading.Thread(target=one) for _ in range(size)]
    for thread in (*commands, *people):
        thread.start()
    for thread in (*commands, *people):
        thread.join()
    return sum(good)

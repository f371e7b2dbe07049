"""A server sends its file through the real stack: the script an owner pastes, curl, gunicorn, a worker."""

from __future__ import annotations

import gzip
import json
import os
import shutil
import socket
import subprocess
import threading
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests

from ghconnect import token_text
from ghconnect.models import AccessToken
from ghconnect.usecases import access_tokens, features
from licensing import push_script
from licensing.models import Account, RunChunk, ServerPicture, SyncRun
from tests.integration.engine import drive
from tests.support import estate as estates
from tests.support import stack as stacks
from tests.support.environment import HOST, free_port
from tests.support.estate import Estate
from tests.support.sandbox import Sandbox
from tests.support.stack import Stack, eventually

ACCOUNTS, BYTES = 8_000, 5_000_000
MIB = 1 << 20


@pytest.fixture
def octo(stack: Stack) -> Estate:
    """An enterprise of its own with a connected server that sends its file."""
    return connected(f"push-{uuid.uuid4().hex[:8]}", "ghe-push.octo-corp.example")


def connected(slug: str, host: str) -> Estate:
    made = estates.estate(slug, host)
    made.server.way_in = "push"
    made.server.save()
    estates.connected(made.server)
    return made


def push_token(octo: Estate) -> str:
    _token, text = access_tokens.create(
        enterprise=octo.enterprise,
        server=octo.server,
        name="push",
        scopes=[AccessToken.Scope.WRITE_USAGE],
        by=octo.owner,
    )
    return text


def url(base: str, octo: Estate) -> str:
    return f"{base}/api/console/v1/servers/{octo.server.host}/usage"


def published(octo: Estate, accounts: int) -> SyncRun:
    """Wait until a worker has published the only run."""
    eventually(
        lambda: SyncRun.objects.filter(server=octo.server, state=SyncRun.State.PUBLISHED).exists(),
        within=60,
        what="the pushed run is published",
    )
    assert Account.objects.filter(server=octo.server, ended_edition=None).count() == accounts
    return SyncRun.objects.get(server=octo.server)


# --- the script ------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def slow(folder: Path) -> Iterator[Sandbox]:
    """Pretend servers that answer 202 for a while before their report is ready."""
    with Sandbox(folder / "slow-sandbox", report_seconds=2) as pretend:
        yield pretend


class Host:
    """The machine of an instance: a home with two token files, and a curl that notes how it was called."""

    def __init__(self, home: Path, pretend: Sandbox, short: str) -> None:
        self.home, self.pretend, self.row = home, pretend, pretend.server(short)
        (home / "bin").mkdir(parents=True)
        real = shutil.which("curl")
        assert real is not None
        self.calls = home / "calls"
        curl = home / "bin" / "curl"
        curl.write_text(f'#!/bin/sh\nprintf "%s\\n" "$*" >>"{self.calls}"\nexec {real} "$@"\n')
        curl.chmod(0o755)

    def keep(self, name: str, text: str, mode: int = 0o600) -> None:
        (self.home / name).write_text(f"{text}\n")
        (self.home / name).chmod(mode)

    def run(self, script: str, **settings: str) -> subprocess.CompletedProcess[str]:
        saved = self.home / push_script.NAME
        saved.write_text(script)
        return subprocess.run(
            ["sh", str(saved)],
            env={
                "PATH": f"{self.home / 'bin'}:{os.environ['PATH']}",
                "HOME": str(self.home),
                "TMPDIR": str(self.home),
                "CURL_CA_BUNDLE": str(self.pretend.ca),
                "GHCONNECT_VIA": f"{HOST}:{self.pretend.machine_port}",
                "GHCONNECT_PAUSE": "1",
                **settings,
            },
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    def left(self) -> set[str]:
        return {path.name for path in self.home.iterdir()}


def test_the_script_waits_for_the_report_and_sends_it_whole(
    stack: Stack, slow: Sandbox, tmp_path: Path
) -> None:
    host = Host(tmp_path / "home", slow, "tokyo")
    octo = connected(f"script-{uuid.uuid4().hex[:8]}", host.row["host"])
    token = push_token(octo)
    host.keep(".ghconnect-token", token)
    login = reader(slow, host.row)
    host.keep(".ghconnect-instance", f"{login}:{host.row['token']}")
    before = host.left()
    script = push_script.script(console=stack.url, host=octo.server.host)
    done = host.run(script)
    assert (done.returncode, done.stderr) == (0, "")
    told = json.loads(done.stdout)
    run = published(octo, told["accounts"])
    assert told["accounts"] > 10
    assert (run.number, run.trigger, run.file_name, run.age_known) == (
        told["run"],
        "push",
        "all_users.csv",
        True,
    )
    calls = host.calls.read_text()
    assert calls.count("/stafftools/reports/all_users.csv") >= 3  # 202 until the report was there
    for secret in (token, host.row["token"], token[9:30]):
        assert secret not in calls
        assert secret not in done.stdout
    # Nothing of the report is left behind on the instance.
    assert host.left() - before == {"calls", push_script.NAME}
    assert AccessToken.objects.get(digest=token_text.digest(token)).last_used_address == HOST
    features.switch(server=octo.server, key=estates.KEY, enabled=False, by=None)
    refused = host.run(script)
    assert (refused.returncode, refused.stdout) == (1, "")
    assert "the console answered 409" in refused.stderr
    assert SyncRun.objects.filter(server=octo.server).count() == 1


def reader(pretend: Sandbox, row: dict[str, Any]) -> str:
    """Whose token it is, as the instance says."""
    answer = subprocess.run(
        [
            *("curl", "--silent", "--cacert", str(pretend.ca), "--noproxy", "*"),
            *("--connect-to", f"{row['host']}:443:{HOST}:{pretend.machine_port}"),
            *("--header", f"Authorization: Bearer {row['token']}", f"https://{row['host']}/api/v3/user"),
        ],
        capture_output=True,
        check=True,
    )
    return str(json.loads(answer.stdout)["login"])


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (
            lambda host: host.keep(".ghconnect-token", "ghct_x", 0o644),
            "can be read by others. Run: chmod 600",
        ),
        (lambda host: (host.home / ".ghconnect-token").unlink(), "is not there"),
        (lambda host: host.keep(".ghconnect-token", 'x"\nurl = "http://evil.example'), "something else"),
        (lambda host: host.keep(".ghconnect-instance", "nobody:ghp_wrong"), "answered 401"),
        (lambda host: host.keep(".ghconnect-token", token_text.make()), "the console answered 401"),
    ],
)
def test_the_script_says_what_is_wrong_and_sends_nothing(
    stack: Stack, sandbox: Sandbox, tmp_path: Path, wrong: Callable[[Host], None], said: str
) -> None:
    host = Host(tmp_path / "home", sandbox, "osaka")
    host.keep(".ghconnect-token", token_text.make())
    host.keep(".ghconnect-instance", f"{reader(sandbox, host.row)}:{host.row['token']}")
    wrong(host)
    done = host.run(push_script.script(console=stack.url, host=host.row["host"]))
    assert done.returncode == 1
    assert said in done.stderr
    assert done.stdout == ""
    assert not any(path.is_dir() and path.name != "bin" for path in host.home.iterdir())


def test_a_report_that_is_cut_off_is_not_sent(stack: Stack, sandbox: Sandbox, tmp_path: Path) -> None:
    host = Host(tmp_path / "home", sandbox, "osaka")
    host.keep(".ghconnect-token", token_text.make())
    host.keep(".ghconnect-instance", f"{reader(sandbox, host.row)}:{host.row['token']}")
    sandbox.post_control("break", host="osaka", kind="cut_length")
    try:
        done = host.run(push_script.script(console=stack.url, host=host.row["host"]))
    finally:
        sandbox.post_control("repair")
    assert done.returncode == 1
    assert "could not be read whole. Nothing was sent." in done.stderr
    assert "/usage" not in host.calls.read_text()


# --- bytes ------------------------------------------------------------------------------------------------------


def large(seed: str) -> bytes:
    """A report of five megabytes; most of it is columns that are dropped while reading."""
    fill = "x" * (BYTES // ACCOUNTS - 90)
    lines = (
        f"2024-01-02T03:04:05Z,{n},u{n},{seed}{n}@octo.example,user,false,,0,false,2026-11-01T00:00:00Z,{fill}\n"
        for n in range(1, ACCOUNTS + 1)
    )
    return f"{drive.HEADER},raw_login\n{''.join(lines)}".encode()


def pieces(body: bytes) -> Iterator[bytes]:
    """A body whose length is not told: it goes in chunks."""
    return (body[at : at + 50_000] for at in range(0, len(body), 50_000))


class Memory:
    """What the web server's worker process holds now, and at most since this was made."""

    def __init__(self, stack: Stack) -> None:
        master = stack.processes["web"].process.pid
        (child,) = Path(f"/proc/{master}/task/{master}/children").read_text().split()
        self.place = Path("/proc") / child
        (self.place / "clear_refs").write_text("5")  # forget the highest mark
        self.before = self.now("VmRSS")

    def now(self, name: str) -> int:
        line = next(
            line for line in (self.place / "status").read_text().splitlines() if line.startswith(name)
        )
        return int(line.split()[1]) * 1024

    @property
    def grown(self) -> int:
        return self.now("VmHWM") - self.before


def send_each_way(address: str, token: str, body: bytes) -> list[requests.Response]:
    """Send by length, in chunks, and packed."""
    headers = {"Authorization": f"Bearer {token}"}
    packed = {**headers, "Content-Encoding": "gzip"}
    with requests.Session() as client:
        client.trust_env = False
        return [
            client.post(address, body, headers=headers, timeout=60),
            client.post(address, pieces(body), headers=headers, timeout=60),
            client.post(address, gzip.compress(body), headers=packed, timeout=60),
        ]


def test_five_megabytes_by_length_in_chunks_and_packed_are_one_content_in_constant_memory(
    stack: Stack, octo: Estate
) -> None:
    token, body, address = push_token(octo), large("a"), url(stack.url, octo)
    bad = send_each_way(address, token, body.replace(b"user,false", b"user,maybe", 1))
    assert [answer.status_code for answer in bad] == [422, 422, 422]
    memory = Memory(stack)
    answers = send_each_way(address, token, body)
    # Measured: 4 MiB at most, the piece of read fields that is being packed; the body alone is 4.8.
    assert memory.grown < 2 * len(body), f"{memory.before / MIB:.1f} MiB {memory.grown / MIB:+.1f}"
    # Each finds the one before it on its way, unless the worker was quicker: then it ends unchanged.
    assert answers[0].status_code == 202
    assert {answer.status_code for answer in answers} <= {200, 202}
    assert len({answer.json()["sha256"] for answer in answers}) == 1
    runs = SyncRun.objects.filter(server=octo.server)
    eventually(lambda: not runs.filter(state__in=SyncRun.OPEN).exists(), within=60)
    states = list(runs.values_list("state", flat=True))
    assert states.count("published") == 1
    assert set(states) <= {"published", "unchanged"}
    assert Account.objects.filter(server=octo.server, ended_edition=None).count() == ACCOUNTS
    kept = RunChunk.objects.filter(run=runs.get(state="published"))
    assert sum(len(bytes(row.data)) for row in kept) < len(body) / 5


def test_the_same_content_at_once_is_one_run(stack: Stack, octo: Estate) -> None:
    body, headers = large("b"), {"Authorization": f"Bearer {push_token(octo)}"}
    answers: list[int] = []

    def one() -> None:
        answers.append(requests.post(url(stack.url, octo), body, headers=headers, timeout=60).status_code)

    threads = [threading.Thread(target=one) for _ in range(2)]
    with stack.worker_held():  # else the first could be published before the second has arrived
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert sorted(answers) == [200, 202]
    published(octo, ACCOUNTS)


@pytest.mark.parametrize("chunked", [False, True])
def test_a_sender_that_goes_away_leaves_nothing(stack: Stack, octo: Estate, chunked: bool) -> None:
    body, place = large("c"), urlsplit(stack.url)
    assert place.port is not None
    lines = [
        f"POST {urlsplit(url(stack.url, octo)).path} HTTP/1.1",
        f"Host: {place.netloc}",
        f"Authorization: Bearer {push_token(octo)}",
        "Transfer-Encoding: chunked" if chunked else f"Content-Length: {len(body)}",
    ]
    whole = body[: body.rindex(b"\n", 0, 4 * MIB) + 1]  # to the end of a line: it looks complete
    frame = b"%x\r\n%s\r\n" % (len(whole), whole) if chunked else whole
    with socket.create_connection((HOST, place.port), timeout=30) as line:
        line.sendall("\r\n".join(lines).encode() + b"\r\n\r\n" + frame)
        line.shutdown(socket.SHUT_WR)
        answer = b""
        while got := line.recv(65536):
            answer += got
    assert b" 400 " in answer.split(b"\r\n")[0]
    assert b'"truncated"' in answer
    assert not SyncRun.objects.filter(server=octo.server).exists()
    assert ServerPicture.objects.get(server=octo.server).last_success is None
    assert not RunChunk.objects.filter(run=None).exists()


def test_no_token_is_ever_in_a_log(stack: Stack, octo: Estate, folder: Path) -> None:
    port, token, wrong = free_port(), push_token(octo), token_text.make()
    loud = {
        **stack.environment,
        "LOG_LEVEL": "DEBUG",
        "GUNICORN_CMD_ARGS": "--access-logfile - --log-level debug",
    }
    with stacks.web(folder, loud, port, name="loud-web") as child:
        child.await_port(port)
        base = f"http://{HOST}:{port}"
        for text, body, status in ((wrong, b"", 401), (token, b"hello\n", 422), (token, large("d"), 202)):
            sent = requests.post(
                url(base, octo), body, headers={"Authorization": f"Bearer {text}"}, timeout=60
            )
            assert sent.status_code == status
        assert "POST /api/console/v1/servers/" in child.log.read_text()
    published(octo, ACCOUNTS)
    logs = [path for path in folder.rglob("*.log") if path.is_file()]
    assert {"web.log", "worker.log", "loud-web.log"} <= {path.name for path in logs}
    for path in logs:
        said = path.read_bytes()
        for text in (token, wrong):
            assert text.encode() not in said, path
            assert text[9:].encode() not in said, path

"""The command itself: it says when it is ready, ends at once, keeps its world, and talks plainly."""

import signal
import socket
import ssl
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.contract.client import Client
from tests.support.processes import ROOT
from tests.support.sandbox import Sandbox


@pytest.mark.parametrize("name", ["SIGTERM", "SIGINT"])
def test_a_signal_ends_it_at_once_also_in_the_middle_of_an_answer(tmp_path: Path, name: str) -> None:
    with Sandbox(tmp_path) as sandbox:
        assert sandbox.child is not None
        client = Client(sandbox)
        sandbox.post_control("break", host="tokyo", kind="slow", value=60)
        host = client.server("tokyo")["host"]
        raw = socket.create_connection(("127.0.0.1", sandbox.machine_port))
        with client.context.wrap_socket(raw, server_hostname=host) as waiting:
            waiting.sendall(f"GET /api/v3/meta HTTP/1.1\r\nHost: {host}\r\nUser-Agent: x\r\n\r\n".encode())
            time.sleep(0.3)
            begun = time.monotonic()
            sandbox.child.process.send_signal(getattr(signal, name))
            assert sandbox.child.process.wait(5) == 0
            assert time.monotonic() - begun < 2
        assert (tmp_path / "sandbox.log").read_text().count("\n") == 1


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "ghconnect.sandbox", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, cwd=ROOT, check=False)


def test_a_port_in_use_is_said_in_a_sentence(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        done = run("--dir", str(tmp_path), "--machine-port", port, "--pages-port", "0")
    assert done.returncode == 1
    assert port in done.stderr
    assert "in use" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_world_stays_until_another_is_asked_for(tmp_path: Path) -> None:
    with Sandbox(tmp_path, people=20) as sandbox:
        sandbox.post_control("pass", days=1)
    with Sandbox(tmp_path, people=20) as sandbox:
        assert (sandbox.licenses, sandbox.get("/clock")["offset_seconds"]) == (20, 86_400)
    with Sandbox(tmp_path, people=21) as sandbox:
        assert (sandbox.licenses, sandbox.get("/clock")["offset_seconds"]) == (21, 0)
    with Sandbox(tmp_path, people=21, seed=2) as sandbox:
        assert sandbox.world["seed"] == 2


def test_only_who_trusts_the_authority_is_answered(tmp_path: Path) -> None:
    with Sandbox(tmp_path, people=5) as sandbox:
        client = Client(sandbox)
        client.context = ssl.create_default_context()
        with pytest.raises(ssl.SSLCertVerificationError):
            client.on("tokyo", "/api/v3/meta")


def test_the_sandbox_imports_nothing_of_ours_and_no_django() -> None:
    code = "import sys, ghconnect.sandbox.__main__ as m; print(*sorted(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True)
    ours = {
        name
        for name in done.stdout.split()
        if name.startswith(("ghconnect", "licensing", "django", "celery"))
    }
    assert all(name == "ghconnect" or name.startswith("ghconnect.sandbox") for name in ours)

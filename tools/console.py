"""A console to look at: one that runs already, or one of our own with the sandbox's estate."""

from __future__ import annotations

import os
import re
import secrets
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from playwright.sync_api import Browser, BrowserContext, sync_playwright

from tools import states
from tools.pages import OPERATOR

ROOT = Path(__file__).resolve().parents[1]
CHROMIUM = "/usr/bin/chromium"
ARGUMENTS = [
    *("--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"),
    *("--disable-component-update", "--disable-sync"),
    # Chromium's own sandbox does not start as root (containers, CI).
    *(["--no-sandbox"] if os.geteuid() == 0 else []),
]


@dataclass
class Console:
    """Where it is and who can sign in: login → password; `own` when it was started for this alone.

    `places` are parts of paths that are known only once a console runs; `folder` is where one of our own keeps
    everything.
    """

    url: str
    passwords: dict[str, str]
    own: bool = False
    sessions: dict[str, object] = field(default_factory=dict)
    places: dict[str, str] = field(default_factory=dict)
    folder: str = ""

    def state(self, browser: Browser, login: str) -> object:
        """Sign in once by the real form; return the cookies, or None for nobody."""
        if login not in self.passwords:
            return None
        if login not in self.sessions:
            context = browser.new_context(base_url=self.url)
            page = context.new_page()
            page.goto("/login/")
            page.fill("input[name=login]", login)
            page.fill("input[name=password]", self.passwords[login])
            page.click("main button[type=submit]")
            if "/login" in page.url:
                sys.exit(f"Sign-in as {login} was refused.")
            self.sessions[login] = context.storage_state()
            context.close()
        return self.sessions[login]

    def context(self, browser: Browser, login: str, **look: object) -> BrowserContext:
        """Open a browser profile of somebody."""
        state = self.state(browser, login)
        return browser.new_context(base_url=self.url, storage_state=state, reduced_motion="reduce", **look)


@contextmanager
def chromium(path: str = CHROMIUM) -> Iterator[Browser]:
    """Run the browser."""
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=path, args=ARGUMENTS)
        yield browser
        browser.close()


@contextmanager
def console() -> Iterator[Console]:
    """Give the console of CONSOLE_URL, CONSOLE_LOGIN and CONSOLE_PASSWORD, else start one of our own."""
    if url := os.environ.get("CONSOLE_URL"):
        login = os.environ.get("CONSOLE_LOGIN", "mona")
        yield Console(url.rstrip("/"), {login: os.environ["CONSOLE_PASSWORD"]})
        return
    with started() as own:
        yield own


@contextmanager
def started() -> Iterator[Console]:
    """Start what `make run` starts, on free ports and in a folder that is removed afterwards."""
    with tempfile.TemporaryDirectory(prefix="ghconnect-look-") as folder:
        port, *others = free_ports(4)
        again = free_ports(len(states.OTHER))
        names = ("--pages-port", "--machine-port", "--broker-port")
        ports = [text for name, other in zip(names, others, strict=True) for text in (name, str(other))]
        command = [sys.executable, "-m", "ghconnect.run", "--var", folder, "--port", str(port), *ports]
        log = Path(folder) / "run.log"
        with log.open("w") as output:
            process = subprocess.Popen(command, cwd=ROOT, stdout=output, stderr=subprocess.STDOUT)
        try:
            known = passwords(process, log) | operator(folder)
            states.day_one(folder)
            told = {
                "REDIS_URL": f"redis://127.0.0.1:{others[2]}/0",
                "GHCONNECT_SANDBOX_URL": f"http://127.0.0.1:{others[0]}",
            }
            with ExitStack() as webs:
                places = {
                    name: webs.enter_context(states.web(folder, free, told | settings))
                    for free, (name, settings) in zip(again, states.OTHER.items(), strict=True)
                }
                yield Console(f"http://127.0.0.1:{port}", known, own=True, places=places, folder=folder)
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(timeout=60)


def operator(folder: str) -> dict[str, str]:
    """Make an operator, whom the sandbox does not have, as an installation does; return login → password."""
    password = secrets.token_urlsafe(16)
    command = (sys.executable, "manage.py", "createsuperuser", "--noinput", "--login", OPERATOR)
    known = {"GHCONNECT_VAR": folder, "DJANGO_SUPERUSER_PASSWORD": password}
    told = (*command, "--email", f"{OPERATOR}@console.example")
    subprocess.run(told, cwd=ROOT, env={**os.environ, **known}, check=True, stdout=subprocess.DEVNULL)
    return {OPERATOR: password}


def free_ports(count: int) -> list[int]:
    """Find ports that nobody listens on."""
    probes = [socket.socket() for _ in range(count)]
    for probe in probes:
        probe.bind(("127.0.0.1", 0))
    ports: list[int] = [probe.getsockname()[1] for probe in probes]
    for probe in probes:
        probe.close()
    return ports


def passwords(process: subprocess.Popen[bytes], log: Path) -> dict[str, str]:
    """Wait until the console is ready; read login → password from what it prints."""
    print("Starting a console with the sandbox's estate")
    while process.poll() is None:
        told = log.read_text()
        if "Ctrl-C" in told:
            return dict(re.findall(r"(\w+) +\(.*\) +password: (\S+)", told))
        time.sleep(0.5)
    sys.exit(f"The console did not start.\n{log.read_text()[-2000:]}")

"""Pretend GitHub for tests: a real sandbox process on free ports."""

import json
import re
import time
import urllib.error
import urllib.request
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Self

from tests.support.processes import START, Child, running

JSON = {"Content-Type": "application/json"}
READY = re.compile(
    r"sandbox ready: (?P<pages>http://\S+) \((?P<licenses>\d+) licenses; machines: https://[^:]+:(?P<port>\d+)\)"
)


class Sandbox:
    """Starts `python -m ghconnect.sandbox` in a folder, as a context or by `start` and `stop`.

    `people`: None is the storyline, else an estate of so many licenses. Reports are ready at once unless
    `report_seconds` says how long a server answers 202 first. A folder that holds a world goes on with it.
    """

    def __init__(
        self,
        folder: Path,
        *,
        people: int | None = None,
        seed: int = 1,
        report_seconds: float = 0,
        reset: bool = False,
    ) -> None:
        self.folder = folder
        size = () if people is None else ("--people", str(people))
        again = ("--reset",) if reset else ()
        self.options = ("--seed", str(seed), "--report-seconds", str(report_seconds), *size, *again)
        self.pages_url, self.machine_port, self.licenses = "", 0, 0
        self.child: Child | None = None
        self._running = ExitStack()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self, within: float = START) -> None:
        """Start it and wait for its line; fails with its own words."""
        self.folder.mkdir(parents=True, exist_ok=True)
        log = self.folder / "sandbox.log"
        log.unlink(missing_ok=True)
        ports = ("--machine-port", "0", "--pages-port", "0")
        command = ("ghconnect.sandbox", "--dir", str(self.folder), *ports, *self.options)
        self.child = self._running.enter_context(running("sandbox", *command, folder=self.folder))
        deadline = time.monotonic() + within
        while not (found := READY.search(log.read_text())):
            if self.child.process.poll() is not None or time.monotonic() > deadline:
                raise AssertionError(f"the sandbox did not start:\n{log.read_text()[-4000:]}")
            time.sleep(0.02)
        self.pages_url, self.machine_port, self.licenses = (
            found["pages"],
            int(found["port"]),
            int(found["licenses"]),
        )

    def stop(self) -> None:
        """End it; its world stays in the folder."""
        self._running.close()

    def get(self, path: str) -> Any:
        """GET a JSON door of the human side: `/world.json`, `/clock`."""
        return self._call(path)

    def post_control(self, deed: str, **arguments: Any) -> dict[str, Any]:
        """Do something to the world: `post_control("sync-now", host="osaka")`; fails with the sandbox's words."""
        answer: dict[str, Any] = self._call(f"/control/{deed}", json.dumps(arguments).encode())
        return answer

    def _call(self, path: str, data: bytes | None = None) -> Any:
        request = urllib.request.Request(self.pages_url + path, data, JSON)  # noqa: S310 (our own loopback)
        try:
            with urllib.request.urlopen(request, timeout=120) as response:  # noqa: S310
                return json.load(response)
        except urllib.error.HTTPError as problem:
            raise AssertionError(f"{path}: {problem.code} {problem.read().decode()}") from problem

    @property
    def world(self) -> dict[str, Any]:
        """`/world.json`: enterprise, servers, tokens, resolve, ca."""
        found: dict[str, Any] = self.get("/world.json")
        return found

    @property
    def resolve(self) -> str:
        """Text for GHCONNECT_RESOLVE: `host:443=127.0.0.1:port,…`."""
        return str(self.world["resolve"])

    @property
    def ca(self) -> Path:
        """The certificate of the authority to trust."""
        return self.folder / "ca.pem"

    def server(self, short: str) -> dict[str, Any]:
        """One server of `/world.json` by its short name."""
        return next(server for server in self.world["servers"] if server["short"] == short)

"""`python -m ghconnect.run`: broker, sandbox, database, worker, beat, web, first estate; then the block."""

import argparse
import os
import sys
import time
from collections.abc import Callable, Sequence
from io import TextIOWrapper
from pathlib import Path
from shlex import quote
from typing import Any

from honcho.environ import parse_procfile

from ghconnect.run import place, ready
from ghconnect.run.children import Children, ChildStopped, Interrupted
from ghconnect.run.words import _

BASE = Path(__file__).resolve().parents[2]
PYTHON = quote(sys.executable)
# What can end without the rest being wrong: it is started again.
LASTING = ("broker", "worker", "beat")


class NotReady(Exception):
    """Everything runs, but the first page does not open."""


class Run:
    """One `make run`: its ports, its folder and its children."""

    def __init__(self, given: argparse.Namespace) -> None:
        self.given = given
        self.var: Path = given.var.resolve()
        self.console = f"http://{place.HOST}:{given.port}"
        self.sandbox = f"http://{place.HOST}:{given.pages_port}"
        self.children = Children(LASTING)
        self.environment = self.own_environment()

    def own_environment(self) -> dict[str, str]:
        """Return what the console's processes are told. Keys are made by the settings, in the same folder."""
        networks = [os.environ.get("GHCONNECT_ALLOWED_NETWORKS", ""), "127.0.0.0/8"]
        return {
            **os.environ,
            "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)]),
            "PYTHONUNBUFFERED": "1",
            "PYTHONUTF8": "1",
            # On a laptop, root is who was there: Celery need not say so at every start.
            "PYTHONWARNINGS": "ignore:You're running the worker with superuser privileges",
            "GUNICORN_CMD_ARGS": "--log-level warning",
            "HOST": place.HOST,
            "PORT": str(self.given.port),
            "DEBUG": "False",
            "GHCONNECT_VAR": str(self.var),
            "REDIS_URL": f"redis://{place.HOST}:{self.given.broker_port}/0",
            "GHCONNECT_ALLOWED_NETWORKS": ",".join(filter(None, networks)),
            "GHCONNECT_SANDBOX_URL": self.sandbox,
            # Pretend GitHub's own application: nothing of it is secret, and nothing of it is anywhere else.
            "GHCONNECT_GITHUB_URL": f"{self.sandbox}/ghec",
            "GHCONNECT_GITHUB_CLIENT_ID": "ghconnect-sandbox",
            "GHCONNECT_GITHUB_CLIENT_SECRET": "pretend-secret-of-the-sandbox",
        }

    def start(self) -> str:
        """Start everything in order and return the block for the newcomer."""
        first = not (self.var / "passwords.json").exists()
        passwords = place.passwords(self.var / "passwords.json", ("mona", "finn"))
        self.start_neighbours()
        world = self.world()
        self.environment["GHCONNECT_RESOLVE"] = world["resolve"]
        self.environment["GHCONNECT_CA_BUNDLE"] = world["ca"]
        self.django("migrate", "migrate --no-input --verbosity 0")
        for name, command in parse_procfile((BASE / "Procfile").read_text()).processes.items():
            self.children.start(name, command, self.environment)
        self.load_estate(first)
        slug = world["enterprise"]["slug"]
        self.await_overview(f"{self.console}/enterprises/{slug}", passwords["mona"])
        facts = {"slug": slug, "licenses": world["licenses"], "servers": world["known_servers"]}
        return ready.block(console=self.console, sandbox=self.sandbox, passwords=passwords, facts=facts)

    def start_neighbours(self) -> None:
        """Start the two that are not the console: its broker, and pretend GitHub."""
        given, folder = self.given, quote(str(self.var))
        broker = f"{PYTHON} -m ghconnect.broker --dir {folder}/broker --port {given.broker_port}"
        sandbox = (
            f"{PYTHON} -m ghconnect.sandbox --dir {folder}/sandbox"
            f" --machine-port {given.machine_port} --pages-port {given.pages_port}"
        )
        people = f" --people {given.people}" if given.people else ""
        self.children.start("broker", broker, self.environment)
        self.children.start("sandbox", sandbox + people, self.environment)
        self.children.watch(until=lambda: ready.answers(f"{self.sandbox}/world.json"))

    def world(self) -> dict[str, Any]:
        """Return what pretend GitHub tells a console about itself."""
        with ready.session() as client:
            told: dict[str, Any] = client.get(f"{self.sandbox}/world.json", timeout=10).json()
        return told

    def load_estate(self, first: bool) -> None:
        """Add the pretend enterprise where it is missing, with the worker's help."""
        words = _("Loading the first estate. The address follows when its first page opens.")
        if not first:
            words = _("Everything of last time is still here. The address follows when the first page opens.")
        self.children.say(words)
        self.django("seed", f"seed_sandbox --passwords {quote(str(self.var / 'passwords.json'))}")

    def await_overview(self, page: str, password: str) -> None:
        """Wait until an owner who signs in sees the first page. Raises NotReady when that takes too long."""
        self.await_true(lambda: ready.answers(page), page, within=60, every=0.5)
        self.await_true(lambda: ready.opens(page, "mona", password), page, within=20, every=4)

    def await_true(self, holds: Callable[[], bool], page: str, *, within: float, every: float) -> None:
        """Ask every few seconds until it holds. Raises NotReady after `within` seconds."""
        deadline = time.monotonic() + within
        while not holds():
            if time.monotonic() > deadline:
                raise NotReady(page)
            self.pause(every)

    def pause(self, seconds: float) -> None:
        """Let the children speak for a while."""
        end = time.monotonic() + seconds
        self.children.watch(until=lambda: time.monotonic() > end)

    def django(self, name: str, command: str) -> None:
        """Run a management command to its end."""
        self.children.finish(name, f"{PYTHON} {quote(str(BASE / 'manage.py'))} {command}", self.environment)

    def stop(self) -> None:
        """End everything that was started: first the console, then what it leans on."""
        neighbours = ("sandbox", "broker")
        self.children.stop(*(name for name in self.children.running if name not in neighbours))
        self.children.stop(*neighbours)


def hold(run: Run) -> int:
    """Start the run, say that it is ready, and stay until it ends. Returns the program's exit code."""
    try:
        run.children.say("\n" + run.start())
        run.children.watch(until=lambda: False)
    except Interrupted:
        run.children.say(_("Ending everything that was started."))
        return 0
    except ChildStopped as stopped:
        words = _("{name} stopped by itself (exit code {code}); everything else ends too.")
        run.children.say(words.format(name=stopped.name, code=stopped.code))
    except NotReady as error:
        run.children.say(_("{page} does not open. The lines above tell why.").format(page=error))
    finally:
        run.stop()
    return 1


def read_arguments(arguments: Sequence[str] | None) -> argparse.Namespace:
    """Read the ports, the folder and the size of the estate."""
    parser = argparse.ArgumentParser(prog="python -m ghconnect.run", description=__doc__)
    parser.add_argument("--var", type=Path, default=BASE / "var", help="where all data is kept")
    parser.add_argument("--people", type=int, help="size of the pretend estate (default: the storyline's)")
    for name, default in place.PORTS.items():
        parser.add_argument(f"--{name.lower().replace('_', '-')}", type=int, default=default)
    return parser.parse_args(arguments)


def main(arguments: Sequence[str] | None = None) -> int:
    """Check the place, then run until told to end."""
    given = read_arguments(arguments)
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # people's names on a terminal that has no letters for them
    with place.only_run(given.var):
        place.check_ports({name: getattr(given, name.lower()) for name in place.PORTS})
        return hold(Run(given))


if __name__ == "__main__":
    sys.exit(main())

"""`python -m ghconnect.sandbox`: make the world if there is none, and answer."""

import argparse
import asyncio
import os
import sys
from pathlib import Path

from ghconnect.sandbox import certificates, fleet, serve
from ghconnect.sandbox.control import Control
from ghconnect.sandbox.deeds import settings
from ghconnect.sandbox.machine import Machine
from ghconnect.sandbox.make import STORYLINE, form, make
from ghconnect.sandbox.world import World, number, setting

ABOUT = """A pretend GitHub: octo-corp's servers (GHES) and its enterprise (GHEC), over real HTTP, on this machine only.

Without --people the world is the storyline "The week before renewal": 236 licenses, six servers, every figure
countable by hand. With --people N it is an estate of N licenses around that storyline. The world lies in
DIR/world.sqlite and survives a restart; --reset makes it anew. Machines speak https to 127.0.0.1:MACHINE_PORT
under the hosts' own names (trust DIR/ca.pem); people open http://127.0.0.1:PAGES_PORT and press buttons there.
What a console must be told is at /world.json; every button is also a JSON POST under /control/."""


def arguments(argv: list[str] | None = None) -> argparse.Namespace:
    """What was asked for on the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m ghconnect.sandbox",
        description=ABOUT,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--dir", type=Path, default=Path("var/sandbox"), help="where the world lies (default: %(default)s)"
    )
    parser.add_argument(
        "--machine-port", type=int, default=9443, help="https for machines (default: %(default)s)"
    )
    parser.add_argument("--pages-port", type=int, default=8001, help="http for people (default: %(default)s)")
    parser.add_argument(
        "--people", type=int, help=f"licenses of a generated estate (default: the storyline's {STORYLINE})"
    )
    parser.add_argument("--seed", type=int, help="same seed, same world (default: 1)")
    parser.add_argument(
        "--report-seconds",
        type=float,
        help="real seconds a server takes to make its report, 202 until then (default: 1)",
    )
    parser.add_argument("--reset", action="store_true", help="make the world anew")
    parser.add_argument(
        "--extra-host", action="append", default=[], metavar="NAME", help="one more name in the certificate"
    )
    return parser.parse_args(argv)


def main(argv: list[str] | None = None) -> int:
    """Exit code 0 after a signal, 1 with a sentence when a port is taken."""
    options = arguments(argv)
    world = World(options.dir)
    try:
        listeners = [serve.listen(options.machine_port), serve.listen(options.pages_port)]
    except OSError as problem:
        ports = f"{options.machine_port} and {options.pages_port}"
        print(f"The sandbox needs the ports {ports}, and one is in use: {problem.strerror}.", file=sys.stderr)
        return 1
    _prepare(world, options)
    if options.report_seconds is not None:
        settings(world, report_seconds=options.report_seconds)
    ca, certificate, key = certificates.ensure(world.directory, [*fleet.hosts(), *options.extra_host])
    control = Control(world, listeners[0].getsockname()[1], listeners[1].getsockname()[1], ca)
    sides = [serve.side(Machine(world), (certificate, key)), serve.side(control.app())]
    asyncio.run(serve.run(list(zip(sides, listeners, strict=True)), lambda: _say_ready(world, control)))
    return 0


def _prepare(world: World, options: argparse.Namespace) -> None:
    """A world of another size or seed than asked for is made anew too, and so is one of an older release."""
    if options.reset or not _fits(world, options):
        make(
            world, people_count=options.people or STORYLINE, seed=1 if options.seed is None else options.seed
        )


def _fits(world: World, options: argparse.Namespace) -> bool:
    if not world.exists():
        return False
    with world.read() as db:
        people, seed = number(db, "people"), number(db, "seed")
        return (
            options.people in (None, people)
            and options.seed in (None, seed)
            and setting(db, "form") == form()
        )


def _say_ready(world: World, control: Control) -> None:
    with world.read() as db:
        licenses = number(db, "seats_consumed")
    machines = f"https://{serve.LOOPBACK}:{control.machine_port}"
    print(
        f"sandbox ready: http://{serve.LOOPBACK}:{control.pages_port} ({licenses} licenses; machines: {machines})",
        flush=True,
    )


if __name__ == "__main__":
    code = main()
    sys.stdout.flush()
    # Threads that still read for a closed connection must not keep the process.
    os._exit(code)

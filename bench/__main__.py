"""`python -m bench`: the table of ENGINEERING §10, each row against its floor in the same run; both databases.

`--size` are the accounts of the server that is synced, `--pages` the people of the larger enterprise when pages are
compared with 1,000 (more than 100,000 are copies of so many), `--only` the database, `--write` a file.
"""

from __future__ import annotations

import argparse
import os
import platform
import subprocess
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

from tests.support import brokers, second_stack

HOME = Path(__file__).resolve().parent.parent
# What the profile shows where a target is not met; kept beside what measures it.
NOTES = Path(__file__).with_name("notes.md")


def main() -> int:
    """Run each database in a process of its own; returns 1 if one failed."""
    options = _options()
    if options.inside:
        return _measure(options)
    tables, failed = [], 0
    with ExitStack() as closing:
        folder = Path(closing.enter_context(tempfile.TemporaryDirectory(prefix="ghconnect-bench-")))
        folder.chmod(0o755)
        os.environ["REDIS_URL"] = closing.enter_context(brokers.serving("", folder))[0]
        for store in options.only or ["sqlite", "postgresql"]:
            url = _database(store, folder, closing)
            told = folder / f"{store}.md"
            failed |= _inside(options, url, told)
            tables.append(told.read_text() if told.exists() else f"{store}: failed\n")
    text = _document(options, tables)
    print(text)
    if options.write:
        Path(options.write).write_text(text)
    return int(failed)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--size", type=int, default=50_000)
    parser.add_argument("--pages", type=int, default=100_000)
    parser.add_argument("--fleet", type=int, default=5_000, help="accounts of each of twenty servers")
    parser.add_argument("--tries", type=int, default=3)
    parser.add_argument("--only", action="append", choices=["sqlite", "postgresql"])
    parser.add_argument("--parts", default="syncs,reading,workers,stall,pages")
    parser.add_argument("--write")
    parser.add_argument("--inside", help=argparse.SUPPRESS)
    return parser.parse_args()


def _database(store: str, folder: Path, closing: ExitStack) -> str:
    if store == "sqlite":
        return f"sqlite:///{folder / 'bench.sqlite3'}"
    found = closing.enter_context(second_stack.database(folder))
    if found is None:
        sys.exit("There is no PostgreSQL here: give one with TEST_DATABASE_URL, or apt install postgresql")
    return f"{found[0].rsplit('/', 1)[0]}/ghconnect_bench"


def _inside(options: argparse.Namespace, url: str, told: Path) -> bool:
    known = {
        **os.environ,
        "DATABASE_URL": url,
        "DJANGO_SETTINGS_MODULE": "ghconnect.settings",
        "DEBUG": "False",
        "SECRET_KEY": "bench" * 12,
        "ALLOWED_HOSTS": "testserver,127.0.0.1",
        "GHCONNECT_VAR": str(told.parent),
        "GHCONNECT_API_HOURLY": "100000000",
    }
    command = [sys.executable, "-m", "bench", *sys.argv[1:], "--inside", str(told)]
    return subprocess.run(command, cwd=HOME, env=known, check=False).returncode != 0


def _measure(options: argparse.Namespace) -> int:
    import django

    django.setup()
    from bench import suite

    suite.run(options)
    return 0


def _document(options: argparse.Namespace, tables: list[str]) -> str:
    command = f"python -m bench --size {options.size} --pages {options.pages} --fleet {options.fleet}"
    return "\n".join(
        [
            "# Speed",
            "",
            f"`make bench` ({command}, medians of {options.tries}), Python {platform.python_version()}, "
            f"{os.cpu_count()} cores. Each line against its floor in the same run (ENGINEERING §10):",
            "a floor is the same bytes read and the same rows written by the fewest statements, nothing decided.",
            "",
            *tables,
            NOTES.read_text(),
        ]
    )


if __name__ == "__main__":
    sys.exit(main())

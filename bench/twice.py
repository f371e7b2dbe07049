"""Counted twice at a thousand, ten thousand, a hundred thousand and a million people: `python -m bench.twice`.

Each size in a database and a process of its own. A third of the people have a cloud account alone, a third one with an
account on a server, a third an account on a server alone; of a hundred of the latter three have another license.
`--sizes` takes others, `--postgresql` a PostgreSQL, `--write` a file.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from itertools import islice
from pathlib import Path
from typing import Any

HOME = Path(__file__).resolve().parent.parent
SIZES = (1_000, 10_000, 100_000, 1_000_000)
BATCH = 5_000
FIRST = (
    "Ada Bo Cem Dai Eva Finn Gita Hugo Ines Jane Kenji Lena Mona Noor Otto Priya Ravi Sara Tomo Uma".split()
)
LAST = (
    "Abe Brown Chen Diaz Evans Fujita Gupta Haddad Ito Jones Kumar Lopez Meyer Nair Okafor Park Quist".split()
)


def main() -> int:
    """Measure each size; returns 1 where one failed."""
    options = _options()
    if options.inside:
        print(json.dumps(_inside(options.inside)))
        return 0
    told = []
    for size in options.sizes:
        with ExitStack() as closing:
            folder = Path(closing.enter_context(tempfile.TemporaryDirectory(prefix="ghconnect-twice-")))
            told.append(_measure(size, folder, postgresql=options.postgresql, closing=closing))
            print(told[-1], flush=True)
    text = _document(told, "PostgreSQL" if options.postgresql else "SQLite")
    print(text)
    if options.write:
        Path(options.write).write_text(text)
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.twice", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--sizes", type=int, nargs="*", default=SIZES)
    parser.add_argument("--postgresql", action="store_true")
    parser.add_argument("--write")
    parser.add_argument("--inside", type=int, help=argparse.SUPPRESS)
    return parser.parse_args()


def _measure(size: int, folder: Path, *, postgresql: bool, closing: ExitStack) -> dict[str, Any]:
    url = f"sqlite:///{folder / 'bench.sqlite3'}"
    if postgresql:
        from tests.support import second_stack

        folder.chmod(0o755)
        found = closing.enter_context(second_stack.database(folder))
        if found is None:
            sys.exit(
                "There is no PostgreSQL here: give one with TEST_DATABASE_URL, or apt install postgresql"
            )
        url = found[0]
    known = {
        **os.environ,
        "DATABASE_URL": url,
        "DJANGO_SETTINGS_MODULE": "ghconnect.settings",
        "DEBUG": "False",
        "SECRET_KEY": "bench" * 12,
        "ALLOWED_HOSTS": "testserver",
        "GHCONNECT_VAR": str(folder),
    }
    command = [sys.executable, "-m", "bench.twice", "--inside", str(size)]
    done = subprocess.run(command, cwd=HOME, env=known, check=True, stdout=subprocess.PIPE, text=True)
    found_: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found_


def _inside(size: int) -> dict[str, Any]:
    import django

    django.setup()
    from django.core.management import call_command
    from django.db import connection

    from bench import databases
    from licensing import candidates
    from licensing.models import TwiceCandidate
    from licensing.usecases import twice_find

    if connection.vendor == "postgresql":
        databases.use("ghconnect_twice")  # beside whatever is there
        databases.create()
    call_command("migrate", verbosity=0, interactive=False)
    enterprise = _people(size)
    databases.settle()  # as autovacuum and publications leave the tables
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    began, cpu = time.perf_counter(), time.process_time()
    twice_find.find(enterprise=enterprise)
    took, worked = time.perf_counter() - began, time.process_time() - cpu
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    began = time.perf_counter()
    licenses = candidates.of(enterprise).licenses
    return {
        "people": size,
        "seconds": round(took, 2),
        "cpu": round(worked, 2),
        "mib": round(grown / 1024),
        "candidates": TwiceCandidate.objects.count(),
        "licenses": licenses,
        "sum_ms": round((time.perf_counter() - began) * 1000, 1),
    }


def _people(size: int) -> Any:
    """Make the people of an enterprise as publications leave them."""
    from django.utils import timezone

    from ghconnect.models import Enterprise, Server
    from licensing.models import Account, Address, CloudAccount, Edition, Person

    octo = Enterprise.objects.create(slug="octo", name="Octo", contract="volume", edition=1, price_cents=2100)
    Edition.objects.create(
        enterprise=octo, number=1, at=timezone.now(), cause="bench", totals={"expected": size}
    )
    server = Server.objects.create(enterprise=octo, host="ghe.octo.example", way_in="upload")
    clouds = range(size * 2 // 3)
    _save(CloudAccount, (CloudAccount(enterprise=octo, id=n + 1, **_cloud(n)) for n in clouds))
    _save(
        Address,
        (
            Address(enterprise=octo, cloud_account_id=n + 1, kind=kind, value=_address(n), key=_address(n))
            for n in clouds
            for kind in ("saml_name_id", "verified_email")
        ),
    )
    _save(Person, (_person(octo, n, len(clouds)) for n in range(size)))
    now = timezone.now()
    _save(
        Account,
        (
            Account(
                enterprise=octo,
                server=server,
                remote_user_id=n + 1,
                person_id=n + 1,
                first_seen_at=now,
                since_edition=1,
                suspended=False,
                consumes=True,
                **_account(n, len(clouds)),
            )
            for n in range(size // 3, size)
        ),
    )
    return octo


def _save(model: Any, rows: Iterable[Any]) -> None:
    rows = iter(rows)
    while some := list(islice(rows, BATCH)):
        model.objects.bulk_create(some)


def _name(n: int) -> str:
    return f"{FIRST[n % len(FIRST)]} {LAST[n // len(FIRST) % len(LAST)]}{n}"


def _address(n: int) -> str:
    return f"{_name(n).replace(' ', '.').lower()}@octo.example"


def _cloud(n: int) -> dict[str, str]:
    login = f"octo-{n}"
    return {"login": login, "login_key": login, "name": _name(n)}


def _person(octo: Any, n: int, clouds: int) -> Any:
    from licensing.models import Person

    has, name = n < clouds, _name(n) if n < clouds else f"s{n}"
    kind = "server" if not has else "cloud" if n < clouds // 2 else "both"
    facts = {
        "cloud_account_id": n + 1 if has else None,
        "name": name,
        "sort": name.lower(),
        "deployment": kind,
    }
    return Person(enterprise=octo, id=n + 1, group=f"x:{n}", consumes=True, since_edition=1, **facts)


def _account(n: int, clouds: int) -> dict[str, str]:
    """Of a hundred on servers alone: one by its login, one by the spelling of its address, one by its name."""
    login, key, other = f"s{n}", f"s{n}@plant.example", n - clouds
    if n < clouds:
        login, key = f"octo-{n}", _address(n)
    elif n % 100 == 0:
        login, key = f"octo-{other}", f"o{other}@octo.example"
    elif n % 100 == 1:
        key = _address(other).replace("@", "+ghes@")
    elif n % 100 == 2:
        key = _address(other).replace("octo.example", "old.example")
    return {"login": login, "email": key, "key": key}


def _document(told: Iterable[dict[str, Any]], store: str) -> str:
    return "\n".join(
        [
            "# Counted twice: what it costs to find",
            "",
            f"`python -m bench.twice`, {store}, Python {platform.python_version()}, {os.cpu_count()} cores that others",
            "used at the same time. *Took* is all of what a worker does after an edition: two passes over all people,",
            "the decision, and the rows of the table, here all of them new. *Each* is processor time a person:",
            "about the same at every size is about linear. *Grew* is by how much the process became larger meanwhile.",
            "",
            "| people | candidates | took | processor | each | grew | sum shown in |",
            "|---|---|---|---|---|---|---|",
            *_lines(told),
            "",
        ]
    )


def _lines(told: Iterable[dict[str, Any]]) -> Iterator[str]:
    for one in told:
        each = one["cpu"] / one["people"] * 1e6
        took = f"{one['seconds']:.2f} s | {one['cpu']:.2f} s | {each:.0f} µs"
        yield f"| {one['people']:,} | {one['candidates']:,} | {took} | {one['mib']} MiB | {one['sum_ms']} ms |"


if __name__ == "__main__":
    sys.exit(main())

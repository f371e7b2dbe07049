"""Moving the data of a SQLite file: into PostgreSQL on the second stack, into another file on the first."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import pytest
from django.db import connection

from tests.support.processes import ROOT

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def target(tmp_path: Path) -> Iterator[str]:
    """Return the address of an empty database of the kind that these tests run on."""
    if connection.vendor == "sqlite":
        yield f"sqlite:///{tmp_path / 'target.sqlite3'}"
        return
    name = "ghconnect_copy"
    with connection._nodb_cursor() as cursor:
        cursor.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        cursor.execute(f"CREATE DATABASE {name}")
    yield urlunsplit(urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{name}"))
    with connection._nodb_cursor() as cursor:
        cursor.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


def python(database: str, *command: str) -> subprocess.CompletedProcess[str]:
    """Run a command of ours with a database of its own."""
    environment = {**os.environ, "DATABASE_URL": database}
    return subprocess.run(
        [sys.executable, *command], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )


def test_all_rows_arrive_or_none(tmp_path: Path, target: str) -> None:
    source = f"sqlite:///{tmp_path / 'source.sqlite3'}"
    python(source, "manage.py", "migrate", "--verbosity", "0").check_returncode()
    filled = python(source, "-m", "tests.support.fill")
    assert filled.returncode == 0, filled.stderr

    copied = python(source, "manage.py", "copy_database", "--to", target)
    assert copied.returncode == 0, copied.stderr
    assert "licensing_account: 4 rows, the same on both sides" in copied.stdout

    counted = python(target, "manage.py", "check_numbers")
    assert counted.returncode == 0, counted.stdout + counted.stderr
    assert python(source, "manage.py", "check_numbers").stdout == counted.stdout

    # New rows get numbers after the copied ones.
    added = python(target, "-c", ADD)
    assert added.returncode == 0, added.stderr

    again = python(source, "manage.py", "copy_database", "--to", target)
    assert again.returncode == 1
    assert "is not empty" in again.stderr


ADD = """
import django; django.setup()
from ghconnect.models import User
print(User.objects.create_user("finn@octo.example", "finn").pk)
"""

"""Fixtures of every test: a folder, a database and a broker of this session; the real stack on demand."""

from tests.support import environment

FOLDER = environment.prepare()

import os  # noqa: E402 (the environment above decides what the settings say)
from collections.abc import Iterator  # noqa: E402
from pathlib import Path  # noqa: E402
from typing import TYPE_CHECKING  # noqa: E402

import django  # noqa: E402
import hypothesis  # noqa: E402
import pytest  # noqa: E402

django.setup()

from django.conf import settings  # noqa: E402

# A hundred people sign in during the tests; that Argon2 takes its time is tried where it is asked for (test_tries).
settings.PASSWORD_HASHERS = ["tests.support.hashing.QuickArgon2"]

from django.db import connections  # noqa: E402
from django.test.utils import setup_databases, teardown_databases  # noqa: E402
from django.utils import translation  # noqa: E402
from pytest_django import DjangoDbBlocker  # noqa: E402

from tests.support import stack as stacks  # noqa: E402
from tests.support.processes import running  # noqa: E402

if TYPE_CHECKING:
    from tests.support.sandbox import Sandbox

pytest_plugins = ["tests.support.browser"]
hypothesis.settings.register_profile("here", deadline=None, derandomize=bool(os.environ.get("CI")))
hypothesis.settings.load_profile("here")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark tests by what they use, and run those of the stack last: it looks at another database."""
    for item in items:
        used = set(getattr(item, "fixturenames", ()))
        for name in {"stack", "browser"} & used:
            item.add_marker(name)
        if "django_db_setup" in used or item.get_closest_marker("django_db"):
            item.add_marker("rows")
        if "stack" in used and ("db" in used or item.get_closest_marker("django_db")):
            raise pytest.UsageError(f"{item.nodeid}: `stack` has its own database; leave out `db`")
    items.sort(key=lambda item: item.get_closest_marker("stack") is not None)


@pytest.fixture(autouse=True)
def english() -> None:
    """Let no test speak the language of the last page that another one opened."""
    translation.deactivate()


@pytest.fixture(scope="session")
def folder() -> Path:
    """Return the session's folder, removed at its end."""
    return FOLDER


@pytest.fixture(scope="session")
def broker(folder: Path) -> Iterator[None]:
    """Run the console's own broker, empty, where the settings look for it; not where one is given."""
    if os.environ.get("GHCONNECT_TEST_BROKER"):
        yield
        return
    port = stacks.broker_port()
    command = ("ghconnect.broker", "--dir", str(folder / "broker"), "--port", str(port))
    with running("broker", *command, folder=folder) as child:
        child.await_port(port)
        yield


@pytest.fixture(scope="session")
def django_db_setup(
    django_test_environment: None, django_db_blocker: DjangoDbBlocker, broker: None, folder: Path
) -> Iterator[None]:
    """Make the test database, migrated once: a file, as by default. A commit may ring the broker."""
    default = connections["default"].settings_dict
    if default["ENGINE"].endswith("sqlite3"):
        default["TEST"]["NAME"] = str(folder / "test.sqlite3")
        # Rows that no ORDER BY places come from the end: who relies on their order fails here, not some day elsewhere.
        default["OPTIONS"]["init_command"] += "PRAGMA reverse_unordered_selects=ON;"
    with django_db_blocker.unblock():
        made = setup_databases(verbosity=0, interactive=False)
        stacks.keep_pristine(folder)
        stacks.let_tests_empty_tables()
    yield
    with django_db_blocker.unblock():
        teardown_databases(made, verbosity=0)


@pytest.fixture(scope="session")
def sandbox(folder: Path) -> "Iterator[Sandbox]":
    """Run pretend GitHub with the storyline's world."""
    from tests.support.sandbox import Sandbox

    with Sandbox(folder / "sandbox") as pretend:
        yield pretend


@pytest.fixture(scope="session")
def stack(
    django_db_setup: None, django_db_blocker: DjangoDbBlocker, sandbox: "Sandbox", folder: Path
) -> Iterator[stacks.Stack]:
    """Run a worker and a web server of one database, which this process sees too, beside pretend GitHub.

    There is one for all tests: each makes an enterprise of its own, and looks at that alone.
    """
    with django_db_blocker.unblock(), stacks.serving(folder, sandbox) as running_stack:
        yield running_stack

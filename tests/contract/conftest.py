"""One sandbox for the contract; each test starts from the storyline as it is at first."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.contract.client import Client
from tests.support.sandbox import Sandbox


@pytest.fixture(scope="session")
def pretend(folder: Path) -> Iterator[Sandbox]:
    """A sandbox that the console's own tests do not share."""
    with Sandbox(folder / "contract") as sandbox:
        yield sandbox


@pytest.fixture
def client(pretend: Sandbox) -> Client:
    """A client of the storyline, made anew."""
    pretend.post_control("reset")
    pretend.post_control("settings", report_seconds=0, rate_limit=1_000_000)
    return Client(pretend)

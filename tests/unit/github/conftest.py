"""A certificate authority, and a certificate of it for the peer."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.github.peer import HOST, Authority


@pytest.fixture(scope="session")
def authority() -> Authority:
    return Authority("Octo test authority")


@pytest.fixture(scope="session")
def certificate(authority: Authority, folder: Path) -> Path:
    return authority.issue(folder, HOST)

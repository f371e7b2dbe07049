"""Pretend GitHub over real https, mended after each test that broke it."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import ip_network

import pytest

from ghconnect.github.addresses import Egress
from ghconnect.github.http import GitHubSession, Timeouts
from ghconnect.settings import parse_resolve
from tests.support.sandbox import Sandbox


@pytest.fixture(scope="module")
def egress(sandbox: Sandbox) -> Egress:
    return Egress(
        resolve=parse_resolve(sandbox.resolve.split(",")), allowed_networks=(ip_network("127.0.0.0/8"),)
    )


@pytest.fixture
def session(egress: Egress, sandbox: Sandbox) -> Iterator[GitHubSession]:
    opened = GitHubSession(egress, ca_bundle=sandbox.ca.read_text(), timeouts=Timeouts(read=3, answer=8))
    yield opened
    opened.close()


@pytest.fixture
def pretend(sandbox: Sandbox) -> Iterator[Sandbox]:
    yield sandbox
    sandbox.post_control("repair")
    sandbox.post_control("settings", report_seconds=0)

"""A console that finds pretend GitHub, and people in it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from pytest_django import Settings

from ghconnect.models import Enterprise, Membership, Role, Server, User
from ghconnect.seal import seal
from ghconnect.settings import parse_resolve
from tests.support.sandbox import Sandbox

HOST = "github.octo-corp.example"


@pytest.fixture
def pretend(sandbox: Sandbox, settings: Settings) -> Iterator[Sandbox]:
    settings.GHCONNECT_RESOLVE = parse_resolve(sandbox.resolve.split(","))
    settings.GHCONNECT_CA_BUNDLE = sandbox.ca.read_text()
    yield sandbox
    sandbox.post_control("repair")


@pytest.fixture
def mona(db: None) -> User:
    return User.objects.create_user("mona@octo.example", "mona")


@pytest.fixture
def operator(db: None) -> User:
    return User.objects.create_user("root@octo.example", "root", is_staff=True)


@pytest.fixture
def octo(mona: User, sandbox: Sandbox) -> Enterprise:
    token = sandbox.world["enterprise"]["token"]
    enterprise = Enterprise.objects.create(slug="octo-corp", name="Octo Corp", host=HOST, token=seal(token))
    Membership.objects.create(user=mona, enterprise=enterprise, role=Role.OWNER)
    return enterprise


@pytest.fixture
def tokyo(octo: Enterprise, sandbox: Sandbox) -> Server:
    row = sandbox.server("tokyo")
    return Server.objects.create(enterprise=octo, host=row["host"], token=seal(row["token"]))


def wrong(sandbox: Sandbox, part: str) -> str:
    """One of the tokens that show what goes wrong."""
    return next(str(row["token"]) for row in sandbox.world["wrong_tokens"] if part in row["token"])

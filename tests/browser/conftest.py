"""What a journey starts from: an enterprise of pretend GitHub in the stack, its people, its servers."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest
from playwright.sync_api import Page

from ghconnect.models import Enterprise, Membership, Role, Server, User
from ghconnect.usecases import enterprises, servers
from licensing.models import SyncRun
from licensing.usecases import sandbox_estate
from tests.support.sandbox import Sandbox
from tests.support.stack import Stack, eventually
from tools import axe

Look = Callable[[Page], None]
PASSWORDS = {"mona": "plum-otter-41", "finn": "warm-cedar-07"}


@dataclass
class Octo:
    """An enterprise, who owns it and who manages its billing."""

    enterprise: Enterprise
    owner: User
    biller: User

    @property
    def url(self) -> str:
        """The path of its overview."""
        return f"/enterprises/{self.enterprise.slug}"


@pytest.fixture(scope="session")
def slug(sandbox: Sandbox) -> str:
    """Return the only enterprise that pretend GitHub knows."""
    return str(sandbox.world["enterprise"]["slug"])


@pytest.fixture
def octo(stack: Stack, sandbox: Sandbox, slug: str) -> Iterator[Octo]:
    """Add the enterprise with its token and without a server; the next test adds it anew."""
    facts, unique = sandbox.world["enterprise"], uuid.uuid4().hex[:8]
    owner, biller = (
        User.objects.create_user(f"{login}-{unique}@octo.example", f"{login}-{unique}")
        for login in ("mona", "finn")
    )
    put_aside(slug)
    enterprise = enterprises.add_pretend(
        slug=slug, host=facts["host"], name=facts["name"], token=facts["token"], by=owner
    )
    Membership.objects.create(user=biller, enterprise=enterprise, role=Role.BILLING_MANAGER)
    yield Octo(enterprise, owner, biller)
    sandbox.post_control("repair")
    sandbox.post_control("settings", report_seconds=0)
    settled(enterprise)
    put_aside(slug)


@pytest.fixture(scope="module")
def storyline(stack: Stack, sandbox: Sandbox, slug: str) -> Iterator[Octo]:
    """Load the whole storyline as `make run` does, with the stack's worker."""
    put_aside(slug)
    enterprise = sandbox_estate.load(passwords=PASSWORDS, say=lambda words: None)
    yield Octo(enterprise, User.objects.get(login="mona"), User.objects.get(login="finn"))
    put_aside(slug)


def put_aside(slug: str) -> None:
    """Free the name of the one enterprise for the next test; what was read under it stays, looked at by nobody."""
    Membership.objects.filter(enterprise__slug=slug).delete()
    Enterprise.objects.filter(slug=slug).update(slug=f"{slug}-{uuid.uuid4().hex[:8]}")


@pytest.fixture
def tokyo(octo: Octo, sandbox: Sandbox) -> Server:
    """Add a server that can be read; GitHub Connect is off."""
    facts = sandbox.server("tokyo")
    return servers.add(
        enterprise=octo.enterprise,
        host=facts["host"],
        way_in=facts["way_in"],
        token=facts["token"],
        web_url=facts["web_url"],
        by=octo.owner,
    )


def settled(of: Enterprise) -> None:
    """Wait until nothing of the enterprise is under way."""
    opened = SyncRun.objects.filter(enterprise=of, state__in=SyncRun.OPEN)
    eventually(lambda: not opened.exists(), what="no run is open")


@pytest.fixture
def look() -> Look:
    """Return a function that looks at what a page shows now: it breaks no rule of axe."""

    def at(page: Page) -> None:
        assert axe.violations(page) == [], page.url

    return at

"""An estate, people who look at it, and pretend GitHub for what asks it."""

from collections.abc import Callable, Iterator
from typing import Protocol

import pytest
from django.test import Client
from django.urls import reverse

from ghconnect.models import User
from tests.support import estate as estates
from tests.support import stack as stacks
from tests.support.estate import Estate
from tests.support.sandbox import Sandbox


@pytest.fixture
def octo(db: None) -> Estate:
    return estates.estate()


@pytest.fixture
def pretend(sandbox: Sandbox) -> Iterator[Sandbox]:
    """Pretend GitHub, found by this process, put right again afterwards."""
    with stacks.knowing(sandbox):
        yield sandbox
    sandbox.post_control("repair")


@pytest.fixture
def as_(client: Client) -> Callable[[User], Client]:
    """Return a function that signs somebody in."""

    def sign_in(user: User) -> Client:
        client.force_login(user)
        return client

    return sign_in


def at(name: str, estate: Estate, *more: str, server: bool = True) -> str:
    """The address of a page of the estate's server, or of the estate itself."""
    place = [estate.enterprise.slug, estate.server.host] if server else [estate.enterprise.slug]
    return reverse(name, args=[*place, *more])


class Answer(Protocol):
    """Whatever holds the bytes of a page."""

    @property
    def content(self) -> bytes: ...


def text(answer: Answer) -> str:
    """What a page says."""
    return answer.content.decode()

"""An enterprise, and people who sign in by the real form."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from django.core.cache import cache
from django.test import Client

from ghconnect.models import User
from tests.support import estate as estates
from tests.support.estate import Estate

PASSWORD = "plum-otter-41-birch"


@pytest.fixture(autouse=True)
def _no_tries(db: None) -> Iterator[None]:
    cache.clear()
    yield
    cache.clear()


@pytest.fixture
def octo() -> Estate:
    made = estates.estate()
    for user in (made.owner, made.biller):
        user.set_password(PASSWORD)
        user.save()
    return made


@pytest.fixture
def enter() -> Callable[[User], Client]:
    """Return a function that signs somebody in with the password, in a browser of its own."""

    def sign_in(user: User, **headers: str) -> Client:
        client = Client(headers=headers)
        answer = client.post("/login/", {"login": user.email, "password": PASSWORD})
        assert answer.status_code == 302, answer.content.decode()
        return client

    return sign_in


def text(answer: object) -> str:
    """What a page says."""
    return str(answer.content.decode())  # type: ignore[attr-defined]

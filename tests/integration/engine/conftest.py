"""What several tests of the engine begin with."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from ghconnect.models import Enterprise
from ghconnect.seal import seal
from tests.support.sandbox import Sandbox
from tests.support.stack import knowing


@pytest.fixture
def octo(db: None, sandbox: Sandbox) -> Iterator[Enterprise]:
    """The enterprise of pretend GitHub, read over real HTTP; its trouble ends with the test."""
    facts = sandbox.world["enterprise"]
    with knowing(sandbox):
        yield Enterprise.objects.create(
            slug=facts["slug"], host=facts["host"], token=seal(facts["token"]), contract="volume"
        )
    sandbox.post_control("repair", host="ghec")

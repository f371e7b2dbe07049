"""The week before renewal (PRODUCT §4.3): its figures come out of the engine, and stand on the pages."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from pytest_django import DjangoDbBlocker

from licensing import bridge
from tests.support.storyline import Storyline, loaded


@pytest.fixture(scope="module")
def story(django_db_setup: None, django_db_blocker: DjangoDbBlocker, folder: Path) -> Iterator[Storyline]:
    with django_db_blocker.unblock(), loaded(folder, "storyline") as estate:
        yield estate


def test_236_counted_and_237_expected(story: Storyline) -> None:
    numbers = bridge.of(story.enterprise)
    assert (numbers.counted, numbers.purchased, numbers.expected, numbers.unexplained) == (236, 250, 237, 0)

"""Guessing is slowed, in one count for all processes, and locks no owner out of a browser that knows them."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable

import pytest
from django.core.cache import caches
from django.test import Client
from pytest_django import Settings

from tests.support.environment import free_port
from tests.support.estate import Estate
from tests.support.processes import ROOT

from .conftest import PASSWORD, text

pytestmark = pytest.mark.django_db
Enter = Callable[..., Client]


def guess(login: str, times: int = 1, *, client: Client | None = None, **headers: str) -> str:
    answer = ""
    for _ in range(times):
        given = {"login": login, "password": "wrong-wrong-wrong"}
        answer = text((client or Client()).post("/login/", given, headers=headers))
    return answer


def test_guessing_ends_for_whoever_guesses(octo: Estate) -> None:
    guess(octo.owner.login, 5)
    answer = Client().post("/login/", {"login": octo.owner.login, "password": PASSWORD})
    assert "Too many failed login attempts" in text(answer)


def test_name_and_email_of_one_person_are_one_count(octo: Estate) -> None:
    guess(octo.owner.login, 3)
    guess(octo.owner.email, 2)
    assert "Too many failed" in guess(octo.owner.login)


def test_a_stranger_does_not_lock_the_owner_out(octo: Estate, enter: Enter) -> None:
    known = enter(octo.owner)
    known.post("/logout/")
    guess(octo.owner.email, 12)
    assert known.post("/login/", {"login": octo.owner.email, "password": PASSWORD}).status_code == 302


def test_a_known_browser_is_slowed_as_well(octo: Estate, enter: Enter) -> None:
    known = enter(octo.owner)
    known.post("/logout/")
    assert "Too many failed" in guess(octo.owner.email, 6, client=known)


def test_the_mark_of_a_browser_cannot_be_made_up_nor_used_for_somebody_else(
    octo: Estate, enter: Enter
) -> None:
    known = enter(octo.biller)
    guess(octo.owner.email, 5)
    forged = Client()
    forged.cookies["ghconnect_browser"] = "eyIxIjoieCJ9:1x:y"
    for client in (known, forged):
        client.post("/logout/")
        assert "Too many failed" in guess(octo.owner.email, client=client)


def test_the_count_is_that_of_all_processes(octo: Estate) -> None:
    guess(octo.owner.login, 1)
    script = (
        "import django; django.setup()\n"
        "from django.core.cache import cache\n"
        "print(len(list(cache._cache.get_client().scan_iter('*allauth:rl*'))))"
    )
    seen = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True, timeout=60
    )
    assert int(seen.stdout) >= 2


def test_without_redis_people_still_get_in(octo: Estate, enter: Enter, settings: Settings) -> None:
    settings.CACHES = {
        "default": {**settings.CACHES["default"], "LOCATION": f"redis://127.0.0.1:{free_port()}/0"}
    }
    assert caches["default"].get("anything") is None
    assert enter(octo.owner).get("/settings").status_code == 200

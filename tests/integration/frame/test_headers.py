"""The headers that protect pages are on every kind of answer."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.contrib.staticfiles.storage import staticfiles_storage
from django.test import Client
from pytest_django import Settings

from tests.support.estate import estate
from tests.support.headers import missing

pytestmark = pytest.mark.django_db


def test_every_kind_of_answer_has_them(client: Client, settings: Settings) -> None:
    settings.SECURE_HSTS_SECONDS = 31_536_000
    made = estate()
    client.force_login(made.owner)
    place = "/enterprises/octo-corp"
    kinds = {
        place: 200,
        "/settings": 200,
        "/nowhere": 404,
        "/api/v3/user": 403,
        "/health/ready": 200,
        f"{place}/settings/audit-log.csv": 200,
        staticfiles_storage.url("app.css"): 200,
        "/": 302,
    }
    for url, status in kinds.items():
        answer = client.get(url, secure=True)
        # A file is open until then; answer.close() would end the test's connection to the database too.
        closers: list[Callable[[], None]] = vars(answer)["_resource_closers"]
        for close in closers:
            close()
        assert answer.status_code == status, url
        assert missing(answer) == [], url
    settings.GHCONNECT_MAINTENANCE = True
    answer = client.get(place, secure=True)
    assert answer.status_code == 503
    assert missing(answer) == []

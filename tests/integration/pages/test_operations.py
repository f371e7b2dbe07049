"""The operator's page of health: what runs, what waits, what fails since when, and nobody's people."""

from __future__ import annotations

import pytest
from django.test import Client
from django.utils import timezone

from ghconnect.models import Enterprise
from licensing.models import CloudPicture, Recount, ServerPicture
from tests.support import estate as estates
from tests.support.estate import Estate

from .conftest import text

pytestmark = pytest.mark.django_db


def test_an_owner_does_not_find_it(octo: Estate, client: Client) -> None:
    client.force_login(octo.owner)
    assert client.get("/operator/health").status_code == 404


def test_it_says_what_runs_what_waits_and_what_fails(octo: Estate, client: Client) -> None:
    now = timezone.now()
    facts = {"failures": 3, "failing_since": now, "last_success": now}
    ServerPicture.objects.create(server=octo.server, **facts)
    CloudPicture.objects.create(enterprise=octo.server.enterprise, **{**facts, "failures": 7})
    Recount.objects.create(enterprise=Enterprise.objects.get(), cause="contract")
    client.force_login(estates.person("root", operator=True))
    page = text(client.get("/operator/health"))
    for said in (
        "Broker",
        "Worker",
        "Dispatcher",
        "Migrations",
        "all applied",
        octo.server.host,
        "GitHub.com",
    ):
        assert said in page, said
    assert "Nothing fails." not in page
    ServerPicture.objects.update(failures=0)
    CloudPicture.objects.update(failures=0)
    assert "Nothing fails." in text(client.get("/operator/health"))
    assert "Health of this console" in text(client.get("/operator/enterprises"))

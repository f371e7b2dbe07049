"""The difference between GitHub and this console: everybody behind a line can be paged through."""

import pytest
from django.test import Client

from ghconnect.models import Enterprise, Server
from tests.integration.engine import drive

from .conftest import TOKYO

pytestmark = [pytest.mark.django_db, pytest.mark.rows]
PAGE = "/enterprises/octo/licensing/difference"
MANY = 60


def test_licenses_of_accounts_that_are_gone_are_all_paged_through(
    octo: Enterprise, tokyo: Server, manager: Client
) -> None:
    rows = [drive.row("", [f"{TOKYO}:{n}"], [f"u{n}@octo.example"]) for n in range(1, MANY + 2)]
    drive.read_cloud(octo, rows)
    for n in (MANY + 1, MANY + 2):
        drive.read_server(tokyo, [drive.account(n, f"u{n}@octo.example")])
    seen, url = set(), f"{PAGE}?line=gone_since&gone=1"
    while url:
        shown = manager.get(url).context
        assert shown["gone_count"] == MANY
        seen |= {line.id for line in shown["lines"]}
        following = shown["page"].next_url
        url = following and f"{PAGE}?{following.partition('?')[2]}"
    assert len(seen) == MANY

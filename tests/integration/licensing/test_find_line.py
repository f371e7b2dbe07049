"""Every qualifier that is promised, tried on an estate where it finds somebody, and not everybody."""

import json

import pytest
from django.test import Client

from ghconnect.models import Enterprise

pytestmark = [pytest.mark.django_db, pytest.mark.rows]
LIST = "/enterprises/octo/licensing/consumed"
FOUND = (
    ("expected", "is:server", 3),
    ("expected", "is:cloud", 1),
    ("free", "is:suspended", 1),
    ("expected", "is:pending", 1),
    ("expected", "role:owner", 1),
    ("expected", "org:octo", 3),
    ("expected", "-org:octo", 3),
    ("expected", "server:ghe-tokyo", 3),
    ("expected", "email:dan@octo.example", 1),
    ("expected", "matched-by:saml", 1),
    ("expected", "is:never-active", 0),
    ("expected", "is:dormant", 0),
    ("expected", "type:vss", 0),
    ("expected", "since:2026-01-01", 6),
    ("expected", "since:2999-01-01", 0),
    ("expected", "org:octo -is:cloud -is:pending", 1),
)


def test_each_finds_so_many_on_the_page_and_in_files(estate: Enterprise, manager: Client) -> None:
    for view, query, found in FOUND:
        asked = {"view": view, "q": query}
        assert len(manager.get(LIST, asked).context["lines"]) == found, query
        assert json.loads(manager.get(f"{LIST}.json", asked).getvalue())["users_listed"] == found, query

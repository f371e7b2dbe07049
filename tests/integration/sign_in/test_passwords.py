"""A password that changes is an event, by whatever way it changed, and no event holds one."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from io import StringIO
from unittest.mock import patch

import pytest
from django.core import mail
from django.core.management import call_command
from django.db import connection
from django.test import Client

from ghconnect.models import AuditEvent
from tests.support.estate import Estate

from .conftest import PASSWORD

pytestmark = pytest.mark.django_db
NEW = "a-longer-Secret-42"


def noted() -> list[tuple[str, str]]:
    """Return (who, way) of the events, the oldest first."""
    events = AuditEvent.objects.filter(action="user.change_password").order_by("pk")
    assert PASSWORD not in json.dumps([each.data for each in events])
    assert NEW not in json.dumps([each.data for each in events])
    return [(each.actor_login, each.data["way"]) for each in events]


def test_a_changed_password_is_noted(octo: Estate, enter: Callable[..., Client]) -> None:
    owner = enter(octo.owner)
    wrong = {"oldpassword": "wrong", "password1": NEW, "password2": NEW}
    owner.post("/password/change/", wrong)
    assert noted() == []
    owner.post("/password/change/", wrong | {"oldpassword": PASSWORD})
    assert noted() == [(octo.owner.login, "settings")]
    assert AuditEvent.objects.get(action="user.change_password").enterprise == octo.enterprise


def test_a_password_set_by_a_link_that_was_mailed_is_noted(octo: Estate, client: Client) -> None:
    client.post("/password/reset/", {"email": octo.owner.email})
    found = re.search(r"https?://\S+?(/password/reset/key/\S+)", str(mail.outbox[-1].body))
    assert found is not None
    page = client.get(found[1], follow=True)
    client.post(page.redirect_chain[-1][0], {"password1": NEW, "password2": NEW})
    assert noted() == [(octo.owner.login, "mail")]


def test_a_password_set_by_command_is_noted_and_nothing_is_locked_while_it_is_typed(octo: Estate) -> None:
    """SQLite has one writer: whoever types within a transaction keeps everybody else from writing."""
    outside = list(connection.savepoint_ids)

    def typed(prompt: str = "") -> str:
        assert connection.savepoint_ids == outside
        return NEW

    with patch("getpass.getpass", side_effect=typed):
        call_command("changepassword", octo.owner.email, stdout=StringIO())
    octo.owner.refresh_from_db()
    assert octo.owner.check_password(NEW)
    assert noted() == [("ghconnect", "command")]
    terminal = StringIO()
    terminal.isatty = lambda: True  # type: ignore[method-assign]
    with patch("getpass.getpass", side_effect=typed):
        call_command("createsuperuser", email="op@x.example", login="op", stdin=terminal, stdout=StringIO())
    assert AuditEvent.objects.get(action="user.add", subject="op").data["via"] == "createsuperuser"

"""Where somebody is signed in: listed, and ended from afar."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from allauth.usersessions.models import UserSession
from django.test import Client

from ghconnect.models import AuditEvent
from tests.support.estate import Estate

from .conftest import text

pytestmark = pytest.mark.django_db
Enter = Callable[..., Client]
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
EDGE = "Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/140.0 Safari/537.36 Edg/140.0"


def test_each_browser_is_listed_and_one_is_signed_out(octo: Estate, enter: Enter) -> None:
    here, there = enter(octo.owner, user_agent=FIREFOX), enter(octo.owner, user_agent=EDGE)
    page = text(here.get("/settings/sessions"))
    assert "Firefox, Linux" in page
    assert "Edge, Windows" in page
    other = UserSession.objects.get(session_key=there.session.session_key)
    here.post("/settings/sessions", {"session": str(other.pk)})
    assert there.get("/settings").status_code == 302
    assert here.get("/settings").status_code == 200
    assert AuditEvent.objects.filter(action="user_session.revoke", enterprise=octo.enterprise).count() == 1


def test_all_others_are_signed_out_at_once(octo: Estate, enter: Enter) -> None:
    others = [enter(octo.owner) for _ in range(3)]
    here = enter(octo.owner)
    here.post("/settings/sessions")
    assert [client.get("/settings").status_code for client in others] == [302] * 3
    assert here.get("/settings").status_code == 200


def test_sessions_of_somebody_else_are_neither_shown_nor_ended(octo: Estate, enter: Enter) -> None:
    theirs, mine = enter(octo.biller, user_agent=EDGE), enter(octo.owner, user_agent=FIREFOX)
    assert "Edge" not in text(mine.get("/settings/sessions"))
    other = UserSession.objects.get(session_key=theirs.session.session_key)
    mine.post("/settings/sessions", {"session": str(other.pk)})
    assert theirs.get("/settings").status_code == 200


def test_the_last_activity_is_noted_now_and_then_alone(octo: Estate, enter: Enter) -> None:
    client = enter(octo.owner)
    client.get("/settings")
    UserSession.objects.update(last_seen_at="2026-01-01T00:00:00Z")
    client.get("/settings")
    assert UserSession.objects.get().last_seen_at.year == 2026
    assert UserSession.objects.get().last_seen_at.month == 1

"""Candidates by the page: the same list from the table as worked out, walked both ways, whatever an owner said."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from django.db import connection
from django.test import Client, RequestFactory
from django.test.utils import CaptureQueriesContext

from ghconnect.models import Enterprise, Server
from ghconnect.paging import cursor_of
from ghconnect.records import SAML_NAME_ID, Identity
from licensing import avoidable, candidates
from licensing.models import TwiceCandidate, TwiceDecision, TwicePerson
from licensing.usecases import twice, twice_find
from tests.integration.engine import drive

from .conftest import TOKYO

pytestmark = [pytest.mark.django_db, pytest.mark.rows]
PAGE = "/enterprises/octo/licensing/counted-twice"


@pytest.fixture
def seven(octo: Enterprise, tokyo: Server) -> Enterprise:
    """Five people counted twice, somebody invited though they have an account, and a server nobody owns."""
    rows = [drive.row(f"u{n}", github_com_saml_name_id=f"u{n}@octo.example") for n in range(1, 6)]
    rows += [drive.row("", [f"{TOKYO}:{n}"], [f"u{n}@old.example"]) for n in range(1, 6)]
    rows.append(drive.row("", ["ghe-old.octo.example:1"], ["gone@octo.example"]))
    invited: dict[str, Any] = {"github_com_user": False, "github_com_member_roles": (), "github_com_name": ""}
    rows.append(drive.row("u1+x@octo.example", github_com_orgs_with_pending_invites=("octo",), **invited))
    drive.read_cloud(octo, rows, [Identity(f"u{n}", SAML_NAME_ID, f"u{n}@octo.example") for n in range(1, 6)])
    drive.read_server(tokyo, [drive.account(n, f"u{n}@old.example") for n in range(1, 6)])
    octo.refresh_from_db()
    return octo


def walked(of: Enterprise, state: str = "", size: int = 2) -> list[str]:
    """Walk to the end and back again; returns the names in order."""
    found, query, last = list[list[str]](), dict[str, str](), None
    while last is None or last.next_url:
        last = candidates.of(of).page(RequestFactory().get("/", query), state=state, size=size)
        found.append([one.candidate.fingerprint for one in last.rows])
        query = cursor_of(last.next_url)
    for expected in reversed(found[:-1]):
        last = candidates.of(of).page(
            RequestFactory().get("/", cursor_of(last.previous_url)), state=state, size=size
        )
        assert [one.candidate.fingerprint for one in last.rows] == expected
    assert last.previous_url == ""
    return [name for some in found for name in some]


def test_the_table_gives_the_list_that_is_worked_out(seven: Enterprise) -> None:
    told = []
    for kept in (False, True):
        if kept:
            twice_find.find(enterprise=seven)
        assert avoidable.is_kept(seven, avoidable.found(seven)) == kept
        every = walked(seven)
        assert len(every) == len(set(every)) == 7
        assert [one.fingerprint for some in candidates.of(seven).each() for one in some] == every
        told.append(every)
    assert told[0] == told[1]
    assert TwiceCandidate.objects.get(fingerprint=told[1][-1]).temporary


@pytest.mark.parametrize("kept", [False, True])
def test_a_word_of_an_owner_moves_it_to_its_own_list(seven: Enterprise, kept: bool) -> None:
    if kept:
        twice_find.find(enterprise=seven)
    every = walked(seven)
    said = dict(zip(every, ["rejected", "snoozed", "accepted"], strict=False))
    for mark, state in said.items():
        one = candidates.of(seven).named(mark)
        assert one is not None
        twice.decide(enterprise=seven, candidate=one, state=state, by=None)
    assert walked(seven) == every[2:]
    assert walked(seven, "open") == every[3:]
    for mark, state in said.items():
        assert walked(seven, state) == [mark]
    aside, count = candidates.of(seven).aside(1)
    assert ([one.fingerprint for one in aside], count) == ([every[0]], 2)
    assert candidates.of(seven).licenses == avoidable.of(seven).licenses
    assert candidates.of(seven).named("0" * 64) is None


def test_a_page_reads_its_own_rows_alone(seven: Enterprise, owner: Client) -> None:
    """Six hundred more cost no more queries, and no page holds more than its own."""
    twice_find.find(enterprise=seven)
    with CaptureQueriesContext(
        connection,
    ) as few:
        owner.get(PAGE)
    some = TwiceCandidate.objects.filter(enterprise=seven, temporary=False)
    like: dict[str, Any] = dict(some.order_by("id").values()[0])
    person = TwicePerson.objects.filter(candidate_id=like.pop("id"), extra=True).get().person_id
    more = (TwiceCandidate(**like | {"digest": f"d{n}", "fingerprint": f"f{n}"}) for n in range(600))
    made = TwiceCandidate.objects.bulk_create(more, 200)
    TwicePerson.objects.bulk_create(TwicePerson(candidate=one, person_id=person, extra=True) for one in made)
    with CaptureQueriesContext(connection) as lots:
        page = owner.get(PAGE)
    assert len(lots) <= len(few)
    assert len(page.context["items"]) == 50
    assert page.context["sum"].startswith("606 licenses")
    reading = [one["sql"] for one in lots if 'FROM "licensing_twicecandidate"' in one["sql"]]
    assert reading
    assert all("LIMIT" in sql or "SUM(" in sql or "COUNT(" in sql for sql in reading)


@pytest.mark.parametrize("values", [[2, 0, 0], [1, 2**62, -(2**62)], ["x", 1, 1], [0, 0], [None] * 3])
def test_a_cursor_anybody_wrote_breaks_nothing(
    seven: Enterprise, owner: Client, values: list[object]
) -> None:
    twice_find.find(enterprise=seven)
    text = base64.urlsafe_b64encode(json.dumps(values).encode()).decode()
    for way in ("after", "before"):
        assert owner.get(PAGE, {way: text}).status_code == 200
    assert not TwiceDecision.objects.exists()

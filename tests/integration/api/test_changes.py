"""What changes something: an owner's word on who is counted twice, and If-Match wherever two may change a thing."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from ghconnect.models import AuditEvent, Enterprise, Server
from ghconnect.records import SAML_NAME_ID, Identity
from licensing.models import Edition
from tests.integration.api.caller import ADMIN, READ, V1, Script, token
from tests.integration.engine import drive
from tests.integration.licensing import state

pytestmark = pytest.mark.django_db
HOST = "ghe-tokyo.octo.example"


@pytest.fixture
def octo(db: None) -> Enterprise:
    """Jane Doe and Bob are counted twice."""
    made = drive.enterprise("octo")
    names = [("jdoe", 7), ("bob", 8)]
    rows = [drive.row(name) for name, _n in names]
    rows += [drive.row("", [f"{HOST}:{n}"], [f"{name}@old.example"]) for name, n in names]
    known = [Identity(name, SAML_NAME_ID, f"{name}@octo.example") for name, _n in names]
    drive.read_cloud(made, rows, known)
    drive.read_server(
        drive.server(made, HOST), [drive.account(n, f"{name}@old.example", name) for name, n in names]
    )
    made.refresh_from_db()
    return made


@pytest.fixture
def script(octo: Enterprise) -> Script:
    return Script(token(octo, [READ, ADMIN]))


def marks(script: Script, query: str = "") -> list[str]:
    return [each["fingerprint"] for each in script.json(f"{V1}/duplicates{query}")["items"]]


def test_an_owners_word_is_said_by_a_script(script: Script) -> None:
    first, second = marks(script)
    url = f"{V1}/duplicates/{first}"
    said = script.send("PUT", url, {"state": "rejected"}).json()
    assert (said["state"], said["until"]) == ("rejected", None)
    assert said["decided_by"].startswith("script (ghct_")
    assert (marks(script), marks(script, "?state=rejected")) == ([second], [first])
    snoozed = script.send("PUT", url, {"state": "snoozed"}).json()
    assert snoozed["until"] > timezone.now().isoformat()
    assert script.send("PUT", url, {"state": "open"}).json()["state"] == "open"
    assert sorted(marks(script)) == sorted([first, second])
    assert script.send("PUT", f"{V1}/duplicates/{'0' * 64}", {"state": "accepted"}).status_code == 404
    assert script.send("PUT", url, {"state": "gone"}).status_code == 422
    deeds = AuditEvent.objects.filter(action__startswith="counted_twice.").values_list("action", flat=True)
    assert sorted(deeds) == ["counted_twice.rejected", "counted_twice.reopened", "counted_twice.snoozed"]


def test_duplicates_are_paged(script: Script) -> None:
    page = script.json(f"{V1}/duplicates?limit=1")
    rest = script.json(page["next"])
    assert (page["licenses"], len(page["items"]), rest["next"]) == (2, 1, None)
    assert [page["items"][0]["fingerprint"], rest["items"][0]["fingerprint"]] == marks(script)
    assert script.json(rest["previous"])["items"] == page["items"]


def test_what_is_excluded_is_not_proposed(script: Script) -> None:
    url = f"{V1}/duplicate-exclusions"
    assert script.send("PUT", url, {"patterns": ["JD*", " ", "jd*"]}).json() == {"patterns": ["jd*"]}
    assert script.json(url) == {"patterns": ["jd*"]}
    assert len(marks(script)) == 1
    assert script.send("PUT", url, {"patterns": ["x"] * 501}).status_code == 422


def test_a_change_is_made_only_of_what_was_seen(octo: Enterprise, script: Script) -> None:
    mark = marks(script)[0]
    assert script.send("PUT", f"{V1}/servers/{HOST}/connection").status_code == 200
    held = state.held(drive.server(octo, "ghe-osaka.octo.example"))
    changes: list[tuple[str, str, str, Any]] = [
        (f"{V1}/duplicates/{mark}", "PUT", "", {"state": "accepted"}),
        (f"{V1}/duplicate-exclusions", "PUT", "", {"patterns": ["a*"]}),
        (f"{V1}/servers/ghe-osaka.octo.example/syncs/{held.number}", "POST", "/discard", None),
        (f"{V1}/servers/{HOST}/connection", "DELETE", "", None),
    ]
    for url, method, deed, body in changes:
        seen = script.get(url).headers["ETag"]
        stale = script.send(method, url + deed, body, **{"If-Match": '"another"'})
        assert (stale.status_code, stale.json()["reason"]) == (412, "changed"), url
        assert script.get(url).headers["ETag"] == seen
        made = script.send(method, url + deed, body, **{"If-Match": f'"another", W/{seen}'})
        assert made.status_code == 200, (url, made.content)
        assert made.headers["ETag"] == script.get(url).headers["ETag"] != seen
        assert script.send(method, url + deed, body, **{"If-Match": seen}).status_code == 412


def test_a_past_day_is_told_as_it_was(octo: Enterprise, script: Script) -> None:
    before = Edition.objects.filter(enterprise=octo).latest("number")
    Edition.objects.filter(enterprise=octo).update(at=timezone.now() - timedelta(days=5))
    drive.read_cloud(octo, [drive.row("jdoe")])
    drive.read_server(Server.objects.get(host=HOST), [])
    day = (timezone.now() - timedelta(days=3)).date().isoformat()
    page = script.json(f"{V1}/as-of/{day}?limit=3")
    rest = script.json(page["next"])
    assert (page["as_of"], page["edition"], page["totals"]) == (day, before.number, before.totals)
    everybody = page["items"] + rest["items"]
    assert page["people"] == before.totals["expected"] == len(everybody)
    assert {each["licensed_until"] is None for each in everybody} == {True, False}
    assert script.json(f"{V1}/as-of/2020-01-01")["items"] == []
    assert script.get(f"{V1}/as-of/yesterday").status_code == 422
    lines = b"".join(script.get(f"{V1}/exports/as-of/{day}.csv")).decode().splitlines()
    assert len(lines) == page["people"] + 2

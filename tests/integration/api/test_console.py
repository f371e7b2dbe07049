"""The console's own doors: what a page does, a script does."""

from __future__ import annotations

from typing import Any

import pytest

from ghconnect.models import AuditEvent, Connection, Enterprise, Server
from ghconnect.records import SAML_NAME_ID, Identity
from licensing.models import Person, SyncRun
from tests.integration.api.caller import ADMIN, READ, V1, Script, token
from tests.integration.engine import drive
from tests.integration.licensing import state

pytestmark = pytest.mark.django_db
HOST = "ghe-tokyo.octo.example"


@pytest.fixture
def octo(db: None) -> Enterprise:
    return drive.enterprise("octo")


@pytest.fixture
def script(octo: Enterprise) -> Script:
    return Script(token(octo, [READ, ADMIN]))


def problem(answer: Any, status: int, reason: str) -> None:
    assert (answer.status_code, answer.headers["Content-Type"]) == (status, "application/problem+json")
    assert (answer.json()["status"], answer.json()["reason"]) == (status, reason)


def test_github_connect_is_switched_by_the_same_gate(octo: Enterprise, script: Script) -> None:
    server = Server.objects.create(enterprise=octo, host=HOST, way_in="pull")
    url = f"{V1}/servers/{HOST}"
    switch = f"{url}/features/license_usage_sync"
    problem(script.send("PUT", switch, {"state": "enabled"}), 409, "connect_off")
    problem(script.send("POST", f"{url}/syncs"), 409, "connect_off")
    assert script.send("PUT", f"{url}/connection").json()["connected"] is True
    problem(script.send("PUT", f"{url}/connection"), 409, "already_connected")
    problem(script.send("POST", f"{url}/syncs"), 409, "sync_disabled")
    enabled = script.send("PUT", switch, {"state": "enabled"}).json()
    assert [each["state"] for each in enabled["features"] if each["key"] == "license_usage_sync"] == [
        "enabled"
    ]
    assert enabled["by"].startswith("script (ghct_")
    assert script.send("POST", f"{url}/syncs").status_code == 202
    assert script.send("PUT", f"{url}/features/server_statistics_x", {"state": "enabled"}).status_code == 404
    assert script.send("DELETE", f"{url}/connection").json()["connected"] is False
    assert not Connection.objects.filter(server=server).exists()
    deeds = AuditEvent.objects.filter(action="dotcom_connection.create").values_list("actor_login", flat=True)
    assert deeds[0].startswith("script (ghct_")


def test_a_sync_is_started_and_watched(octo: Enterprise, script: Script) -> None:
    server = state.pulled(octo, HOST)
    started = script.send("POST", f"{V1}/servers/{HOST}/syncs")
    run = started.json()
    assert (started.status_code, run["state"], run["over"]) == (202, "queued", False)
    assert run["requested_by"].startswith("script (ghct_")
    url = f"{V1}/servers/{HOST}/syncs/{run['number']}"
    seen = script.get(url)
    assert script.get(url, **{"If-None-Match": seen.headers["ETag"]}).status_code == 304
    state.working(server, "fetch", fetched=7)
    moved = script.get(url, **{"If-None-Match": seen.headers["ETag"]})
    assert (moved.status_code, moved.json()["state"], moved.json()["fetched"]) == (200, "running", 7)


def test_a_held_sync_is_published_or_discarded(octo: Enterprise, script: Script) -> None:
    server = drive.server(octo, HOST)
    run = state.held(server)
    url = f"{V1}/servers/{HOST}/syncs/{run.number}"
    told = script.json(url)
    assert (told["state"], told["removes"]) == ("held", 17)
    assert told["holds"][0]["words"]
    problem(script.send("POST", f"{url}/publish", {"removes": 16}), 409, "other_diff")
    problem(script.send("POST", f"{url}/publish", {"removes": "many"}), 422, "invalid")
    problem(script.send("POST", f"{url}/publish", None), 422, "invalid")
    assert script.send("POST", f"{url}/discard").json()["state"] == "discarded"
    problem(script.send("POST", f"{url}/publish", {"removes": 17}), 409, "not_held")
    assert SyncRun.objects.get(pk=run.pk).decided_by_login.startswith("script (ghct_")


def test_people_are_paged_by_cursor_and_say_why(octo: Enterprise, script: Script) -> None:
    drive.read_cloud(octo, [drive.row(f"u{n}", github_com_name=f"U {n}") for n in range(5)])
    found, url = [], f"{V1}/people?limit=2"
    while url:
        page = script.json(url)
        found += [each["github_com_login"] for each in page["items"]]
        url = page["next"]
    assert found == ["u0", "u1", "u2", "u3", "u4"]
    assert script.json(page["previous"])["items"][0]["github_com_login"] == "u2"
    mine = script.json(f"{V1}/people?q=u3")["items"]
    assert [each["github_com_login"] for each in mine] == ["u3"]
    why = script.json(f"{V1}/people/{mine[0]['person']}")
    assert (why["name"], why["consumes"], why["accounts"][0]["login"]) == ("U 3", True, "u3")
    problem(script.get(f"{V1}/people?q=nonsense:x"), 422, "unknown_search")
    assert script.get(f"{V1}/people/{Person.objects.latest('pk').pk + 1}").status_code == 404


def test_an_address_is_checked_before_it_costs_a_license(octo: Enterprise, script: Script) -> None:
    drive.read_cloud(
        octo,
        [drive.row("ann", github_com_saml_name_id="ann@octo.example")],
        [Identity("ann", SAML_NAME_ID, "ann@octo.example")],
    )
    drive.read_server(drive.server(octo, HOST), [drive.account(1, "bob@octo.example", "bob")])

    def check(address: str) -> dict[str, Any]:
        answer = script.send("POST", f"{V1}/check-address", {"address": address})
        assert answer.status_code == 200
        return dict(answer.json())

    ann, bob, new = check("Ann@Octo.example"), check("bob@octo.example"), check("new@octo.example")
    assert (ann["key"], ann["github_com_login"], ann["licenses"]) == ("ann@octo.example", "ann", 0)
    assert (bob["rule"], bob["licenses"], bob["accounts"][0]["login"]) == ("same_email", 0, "bob")
    assert (new["rule"], new["licenses"], new["accounts"]) == ("own_email", 1, [])
    many = {"addresses": ["ann@octo.example", "new@octo.example", "NEW@octo.example", "no address"]}
    costs = script.send("POST", f"{V1}/would-it-cost", many).json()
    assert (costs["licenses"], [each["licenses"] for each in costs["items"]]) == (1, [0, 1])


def test_numbers_servers_and_history(octo: Enterprise, script: Script) -> None:
    drive.read_cloud(octo, [drive.row("ann")])
    drive.read_server(drive.server(octo, HOST), [drive.account(1, "bob@octo.example", "bob")])
    state.at_github(octo, HOST)
    numbers = script.json(f"{V1}/enterprise")
    assert (numbers["counted_by_github"], numbers["expected"]) == (1, 2)
    assert sum(line["delta"] for line in numbers["lines"]) == 1
    assert script.json(f"{V1}/servers/{HOST.upper()}")["accounts"] == 1
    assert [each["host"] for each in script.json(f"{V1}/servers")["items"]] == [HOST]
    assert script.json(f"{V1}/github-syncs")["items"][0]["status"] == "success"
    assert [each["number"] for each in script.json(f"{V1}/editions?limit=1")["items"]] == [2]
    exported = b"".join(script.get(f"{V1}/exports/consumed-licenses.csv?view=expected"))
    assert exported.count(b"\n") == 4

"""Settings, reports and lists for scripts: by the same deeds as the pages, with the same refusals."""

from __future__ import annotations

from typing import Any

import pytest

from ghconnect.models import AuditEvent, Enterprise, Server
from licensing.models import AlertReceiver, Recount
from licensing.usecases import recounts
from tests.integration.api.caller import ADMIN, READ, V1, Script, token
from tests.integration.engine import drive

pytestmark = pytest.mark.django_db
HOST = "ghe-tokyo.octo.example"
SERVER = f"{V1}/servers/{HOST}"


@pytest.fixture
def octo(db: None) -> Enterprise:
    made = drive.enterprise("octo")
    drive.read_cloud(made, [drive.row("ann")])
    drive.read_server(
        drive.server(made, HOST), [drive.account(n, f"u{n}@octo.example", f"u{n}") for n in range(3)]
    )
    return made


@pytest.fixture
def script(octo: Enterprise) -> Script:
    return Script(token(octo, [READ, ADMIN]))


def reason(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json()["reason"]


def test_a_server_is_added_set_renamed_and_removed(script: Script) -> None:
    osaka = {"host": "GHE-Osaka.octo.example", "way_in": "push"}
    made = script.send("POST", f"{V1}/servers", osaka)
    assert (made.status_code, made.json()["host"], made.json()["token"]) == (
        201,
        osaka["host"].lower(),
        False,
    )
    assert reason(script.send("POST", f"{V1}/servers", osaka)) == (409, "already_added")
    assert reason(script.send("POST", f"{V1}/servers", {"host": "no host"}))[0] == 422
    assert reason(script.send("POST", f"{V1}/servers", {"host": "x.octo.example"})) == (422, "no_token")
    url = f"{V1}/servers/{osaka['host']}"
    hours = script.send("PATCH", f"{url}/settings", {"quiet_from": "08:00", "quiet_to": "18:00"}).json()
    assert (hours["quiet_from"], hours["quiet_to"], hours["way_in"]) == ("08:00", "18:00", "push")
    assert reason(script.send("PATCH", f"{url}/settings", {"quiet_to": None})) == (422, "bad_quiet_to")
    assert reason(script.send("PATCH", f"{url}/settings", {"ca_bundle": "x"})) == (422, "bad_ca_bundle")
    seen = script.get(f"{url}/settings").headers["ETag"]
    script.send("PATCH", f"{url}/settings", {"managed_by": "ldap"})
    late = script.send("PATCH", f"{url}/settings", {"managed_by": "saml"}, **{"If-Match": seen})
    assert reason(late) == (412, "changed")
    assert script.send("PUT", f"{url}/name", {"host": "ghe-kobe.octo.example"}).json()["managed_by"] == "ldap"
    kobe = f"{V1}/servers/ghe-kobe.octo.example"
    assert reason(script.send("DELETE", kobe)) == (409, "not_confirmed")
    assert script.send("DELETE", f"{kobe}?confirm=ghe-kobe.octo.example").status_code == 202
    assert recounts.perform(recount_id=Recount.objects.get().pk)
    assert list(Server.objects.values_list("host", flat=True)) == [HOST]
    asked = AuditEvent.objects.filter(action="server.ask_to_remove")
    assert asked.get().actor_login.startswith("script (ghct_")


def test_a_profile_is_changed_in_part(octo: Enterprise, script: Script) -> None:
    url = f"{V1}/enterprise/settings"
    told = script.send(
        "PATCH", url, {"price_cents": 2100, "currency": "eur", "renews_on": "2027-03-31"}
    ).json()
    assert (told["price_cents"], told["currency"], told["renews_on"]) == (2100, "EUR", "2027-03-31")
    told = script.send(
        "PATCH", url, {"contract": "metered", "renews_on": None, "time_zone": "Asia/Tokyo"}
    ).json()
    assert (told["next_contract"], told["renews_on"], told["price_cents"]) == ("metered", None, 2100)
    assert told == script.json(url)
    assert script.send("PATCH", url, {"renews_on": "2027-03-31"}).json()["next_contract"] == "metered"
    told = script.send("PATCH", url, {"managed_users": "yes"}).json()
    assert (told["managed_users"], told["next_managed_users"]) == ("github", "yes")
    assert script.send("PATCH", url, {"managed_users": "perhaps"}).status_code == 422
    assert reason(script.send("PATCH", url, {"never_active": "perhaps"})) == (422, "bad_never_active")
    assert reason(script.send("PATCH", url, {"time_zone": "Mars/Olympus"})) == (422, "bad_time_zone")
    assert reason(script.send("PATCH", url, {"name": "  "})) == (422, "bad_name")
    assert reason(script.send("PATCH", url, {"name": "X"}, **{"If-Match": '"old"'})) == (412, "changed")


def test_who_is_told_is_set(octo: Enterprise, script: Script) -> None:
    url = f"{V1}/alerts"
    wish = {"addresses": ["a@octo.example"], "events": ["license.consumed", "nonsense"], "near_percent": 90}
    told = script.send("PUT", url, wish).json()
    assert (told["events"], told["near_percent"]) == (["license.consumed"], 90)
    assert [each["target"] for each in told["receivers"]] == ["a@octo.example"]
    here = {**wish, "webhook_url": f"https://{HOST}/hook"}
    assert reason(script.send("PUT", url, here))[1] == "bad_webhook_url"
    assert script.send("POST", f"{url}/test").json()["alert"]
    assert AlertReceiver.objects.count() == 1


def test_reports_tell_what_the_pages_draw(octo: Enterprise, script: Script) -> None:
    page = script.json(f"{SERVER}/accounts?limit=2")
    rest = script.json(page["next"])
    assert [each["login"] for each in page["items"] + rest["items"]] == ["u0", "u1", "u2"]
    assert [each["email"] for each in script.json(f"{SERVER}/accounts?q=U1@")["items"]] == ["u1@octo.example"]
    assert b"u2@octo.example" in b"".join(script.get(f"{SERVER}/accounts.json"))
    series = {
        one["key"]: one["points"][-1]["value"] for one in script.json(f"{V1}/trends/licenses")["series"]
    }
    assert 4 in series.values()
    assert script.json(f"{V1}/renewal")["expected"] == 4
    assert script.json(f"{V1}/attention")["items"] == []
    assert script.json(f"{SERVER}/statistics")["items"] == []

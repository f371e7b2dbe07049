"""GitHub's doors: its shapes, its conventions, and what they cost."""

from __future__ import annotations

import base64
import json
import re
from typing import Any

import jsonschema
import pytest
from django.test import override_settings

from ghconnect.models import Enterprise
from licensing import anchors
from licensing.models import LicenseRow, Person
from licensing.usecases import editions
from tests.contract.client import schema
from tests.integration.api.caller import AUDIT, READ, V3, Script, token
from tests.integration.engine import drive
from tests.integration.licensing.state import at_github, queries

pytestmark = pytest.mark.django_db


@pytest.fixture
def octo(db: None) -> Enterprise:
    return drive.enterprise("octo")


@pytest.fixture
def script(octo: Enterprise) -> Script:
    return Script(token(octo))


def listed(of: Enterprise, count: int) -> None:
    """Let GitHub's report have so many rows."""
    drive.read_cloud(of, [drive.row(f"u{number:04}") for number in range(count)])
    of.refresh_from_db()


def logins(page: Any) -> list[str]:
    return [user["github_com_login"] for user in page.json()["users"]]


def link(page: Any) -> dict[str, str]:
    return {rel: url for url, rel in re.findall(r'<([^>]+)>; rel="(\w+)"', page.headers.get("Link", ""))}


def test_consumed_licenses_have_githubs_shape(octo: Enterprise, script: Script) -> None:
    listed(octo, 3)
    body = script.json(f"{V3}/enterprises/octo/consumed-licenses")
    jsonschema.validate(body, schema("consumed-licenses"))
    assert (body["total_seats_consumed"], body["total_seats_purchased"]) == (3, 100)
    assert [user["github_com_login"] for user in body["users"]] == ["u0000", "u0001", "u0002"]


def test_status_and_audit_log_have_githubs_shape(octo: Enterprise) -> None:
    both = Script(token(octo, [READ, AUDIT]))
    at_github(octo, "ghe-tokyo.octo.example")
    status = both.json(f"{V3}/enterprises/octo/license-sync-status")
    jsonschema.validate(status, schema("license-sync-status"))
    assert [each["hostname"] for each in status["server_instances"]] == ["ghe-tokyo.octo.example"]
    events = both.json(f"{V3}/enterprises/octo/audit-log?phrase=action:access_token.create")
    jsonschema.validate(events, schema("audit-log"))
    assert [event["action"] for event in events] == ["access_token.create"]


@pytest.mark.parametrize(
    ("path", "name"),
    [("/meta", "ghes-meta"), ("/rate_limit", "rate-limit"), ("/versions", "versions"), ("/user", "user")],
)
def test_what_tells_of_itself_has_githubs_shape(script: Script, path: str, name: str) -> None:
    jsonschema.validate(script.json(V3 + path), schema(name))


def test_a_walk_along_link_meets_everybody_once(octo: Enterprise, script: Script) -> None:
    listed(octo, 61)
    found, url = [], f"{V3}/enterprises/octo/consumed-licenses?per_page=25"
    while url:
        page = script.get(url)
        found += logins(page)
        url = link(page).get("next", "")
    assert found == [f"u{number:04}" for number in range(61)]
    assert set(link(page)) == {"prev", "first"}
    assert "edition=" in link(page)["first"]
    assert "Link" not in script.get(f"{V3}/enterprises/octo/consumed-licenses?per_page=100").headers


def test_a_walk_ends_with_410_when_another_list_took_its_place(octo: Enterprise, script: Script) -> None:
    listed(octo, 31)
    page = script.get(f"{V3}/enterprises/octo/consumed-licenses")
    editions.publish(octo, cause="server")
    assert script.get(link(page)["next"]).status_code == 200
    listed(octo, 32)
    gone = script.get(link(page)["next"])
    assert (gone.status_code, gone.json()["status"]) == (410, "410")
    assert "Begin again" in gone.json()["message"]


def test_deep_pages_start_at_an_anchor(
    octo: Enterprise, script: Script, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(anchors, "STEP", 10)
    listed(octo, 95)
    url = f"{V3}/enterprises/octo/consumed-licenses?per_page=3&page="
    expected = [f"u{number:04}" for number in range(95)]
    for page in (32, 11, 20, 1, 4, 32):
        assert logins(script.get(f"{url}{page}")) == expected[(page - 1) * 3 : page * 3]
    assert logins(script.get(f"{url}33")) == []
    # Once its anchor is noted, a deep page asks one question more than the first.
    assert queries(lambda: script.get(f"{url}31")) == queries(lambda: script.get(f"{url}1")) + 1


def test_without_a_cloud_token_the_licenses_are_those_counted_here(octo: Enterprise, script: Script) -> None:
    drive.read_server(
        drive.server(octo, "ghe-tokyo.octo.example"), [drive.account(n, f"u{n}@octo.example") for n in (1, 2)]
    )
    body = script.json(f"{V3}/enterprises/octo/consumed-licenses?per_page=1&page=2")
    jsonschema.validate(body, schema("consumed-licenses"))
    assert body["total_seats_consumed"] == 2
    assert body["users"][0]["enterprise_server_user_ids"] == ["ghe-tokyo.octo.example:2"]
    assert Person.objects.count() == 2


def test_what_somebody_has_already_costs_nothing(octo: Enterprise, script: Script) -> None:
    listed(octo, 2)
    url = f"{V3}/enterprises/octo/consumed-licenses"
    first = script.get(url)
    LicenseRow.objects.all().delete()  # a look at the rows would give another answer
    again = script.get(url, **{"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["X-RateLimit-Used"] == first.headers["X-RateLimit-Used"]
    listed(octo, 3)
    assert script.get(url, **{"If-None-Match": first.headers["ETag"]}).status_code == 200


def test_limits_are_real(octo: Enterprise, script: Script) -> None:
    with override_settings(GHCONNECT_API_HOURLY=2):
        told = [script.get(f"{V3}/enterprises/octo/license-sync-status") for _ in range(3)]
        assert [one.status_code for one in told] == [200, 200, 429]
        assert [one.headers["X-RateLimit-Remaining"] for one in told] == ["1", "0", "0"]
        assert 0 < int(told[2].headers["Retry-After"]) <= 3600
        free = script.json(f"{V3}/rate_limit")
    assert (free["rate"]["limit"], free["rate"]["used"], free["rate"]["remaining"]) == (2, 2, 0)


def test_conventions(octo: Enterprise, script: Script) -> None:
    url = f"{V3}/enterprises/octo/license-sync-status"
    assert script.get(url, **{"X-GitHub-Api-Version": "2026-03-10"}).status_code == 200
    unknown = script.get(url, **{"X-GitHub-Api-Version": "2019-01-01"})
    assert (unknown.status_code, unknown.json()["status"]) == (400, "400")
    assert re.fullmatch(r"[0-9A-F:]+", unknown.headers["X-GitHub-Request-Id"])
    head = script.client.head(url)
    assert (head.status_code, head.content) == (200, b"")
    assert int(head.headers["Content-Length"]) == len(script.get(url).content)
    assert script.get(f"{url}/").status_code == 404
    assert script.client.delete(url).status_code == 405
    for wrong in (
        "per_page=zero",
        "per_page=-1",
        "page=x",
        "per_page=100000000000",
        "page=99999999999999999999",
    ):
        assert script.get(f"{V3}/enterprises/octo/consumed-licenses?{wrong}").status_code == 200


def test_each_form_of_a_token_opens(octo: Enterprise) -> None:
    text = token(octo)
    basic = [base64.b64encode(pair.encode()).decode() for pair in (f"me:{text}", f"{text}:x-oauth-basic")]
    forms = [("Bearer", text), ("bearer", text), ("token", text), ("Basic", basic[0]), ("Basic", basic[1])]
    told = [Script(value, form=form).get(f"{V3}/user").status_code for form, value in forms]
    assert told == [200] * 5
    assert Script("ghct_nonsense").get(f"{V3}/user").json() == {
        "message": "Bad credentials",
        "documentation_url": "https://docs.github.com/rest",
        "status": "401",
    }


def test_what_is_not_ones_own_is_not_there(octo: Enterprise, script: Script) -> None:
    drive.enterprise("acme")
    there = script.get(f"{V3}/enterprises/acme/consumed-licenses")
    nowhere = script.get(f"{V3}/enterprises/nowhere/consumed-licenses")
    scope = script.get(f"{V3}/enterprises/octo/audit-log")
    other = script.get(f"{V3}/no/such/address")
    assert {one.status_code for one in (there, nowhere, scope, other)} == {404}
    assert {json.dumps(one.json()) for one in (there, nowhere, scope, other)} == {json.dumps(there.json())}

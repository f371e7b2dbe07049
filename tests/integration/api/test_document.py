"""The API keeps what its document promises, whatever is sent (`make api` asks at length)."""

from __future__ import annotations

import os
from collections.abc import Iterator
from html import unescape
from typing import Any

import jsonschema
import pytest
from django.test import Client
from ninja import Schema

from ghconnect.api import document
from ghconnect.api.site import api
from ghconnect.models import Role
from ghconnect.records import SAML_NAME_ID, Identity
from ghconnect.usecases import connect, invitations
from licensing import avoidable
from licensing.models import ExportJob, Person
from licensing.usecases import export_jobs, saved_views
from tests.integration.api.caller import ADMIN, AUDIT, READ, token
from tests.integration.engine import drive
from tests.integration.licensing import state
from tests.support import promises

pytestmark = pytest.mark.django_db
HOST = "ghe-tokyo.octo.example"
# `make api` sets more.
EXAMPLES = int(os.environ.get("GHCONNECT_API_EXAMPLES", "1"))
# What cannot go well twice, or with made-up values: tried in its own tests.
CONFLICTS = {
    "connection_enable",
    "server_sync_publish",
    "cloud_sync_publish",
    "cloud_sync_discard",
    "cloud_sync_start",
    "feature_switch",
    "server_sync_start",
    "server_add",
    "server_remove",
    "server_rename",
    "server_token",
    "alerts_change",
    "usage_push",
    "person_erase",
    "member_remove",
    "saved_view_keep",
    "enterprise_token_replace",
    "enterprise_check",
}


@pytest.fixture
def valid() -> dict[str, Any]:
    """An estate with something of every kind; returns names and numbers that exist, and a token."""
    octo = drive.enterprise("octo")
    server = drive.server(octo, HOST)
    run = state.held(server)
    rows = [drive.row(f"u{n}", [f"{HOST}:{n}"], [f"u{n:02}@octo.example"]) for n in range(1, 9)]
    other = drive.server(octo, "ghe-osaka.octo.example")
    drive.read_server(other, [drive.account(9, "u1@old.example", "u1")])
    rows += [drive.row("", [f"{other.host}:9"], ["u1@old.example"])]
    for some in (rows[:7], rows):
        drive.read_cloud(octo, some, [Identity("u1", SAML_NAME_ID, "u1@octo.example")])
    state.at_github(octo, HOST)
    octo.refresh_from_db()
    connect.enable(server=server, by=None)
    wish = export_jobs.Wish("consumed-licenses", "csv", view="github")
    job = export_jobs.request(enterprise=octo, wish=wish, by=None)
    export_jobs.perform(export_id=job.pk)
    ExportJob.objects.filter(pk=job.pk).update(number=run.number)
    view = saved_views.save(enterprise=octo, name="All", query="q=u", shared=True, by=None)
    invitation, _link = invitations.invite(
        enterprise=octo, email="new@octo.example", role=Role.AUDITOR, by=None, link=str
    )
    person = Person.objects.filter(enterprise=octo, consumes=True).first()
    assert person is not None
    return {
        "token": token(octo, [READ, AUDIT, ADMIN]),
        "enterprise": "octo",
        "host": HOST,
        "number": run.number,
        "id": person.pk,
        "fingerprint": avoidable.of(octo).candidates[0].fingerprint,
        "ending": "csv",
        "saved": view.pk,
        "invitation": invitation.pk,
        "part": "organization",
        "key": "license_usage_sync",
    }


def test_every_answer_is_as_the_document_says(valid: dict[str, Any]) -> None:
    good = promises.asked(valid.pop("token"), valid=valid, examples=EXAMPLES)
    never = {name for name, count in good.items() if not count}
    assert never <= CONFLICTS, f"never answered well: {never - CONFLICTS}"
    assert len(good) == sum(len(operations) for operations in document.of(api)["paths"].values())


def test_every_answer_in_json_has_an_example_that_fits() -> None:
    told = document.of(api)
    shapes = {"components": told["components"]}
    for operations in told["paths"].values():
        for one in operations.values():
            good = [body for status, body in one["responses"].items() if int(status) < 300]
            for content in (body["content"]["application/json"] for body in good if "json" in str(body)):
                if content["schema"] and content is good[0]["content"]["application/json"]:
                    jsonschema.validate(content["example"], {**content["schema"], **shapes})


def test_no_two_shapes_have_one_name() -> None:
    """The document knows a shape by its name alone: of two the last would stand for both."""
    names = [each.__name__ for each in shapes_of(Schema) if ".api" in each.__module__]
    assert sorted(names) == sorted(set(names))


def shapes_of(base: type) -> Iterator[type]:
    for each in base.__subclasses__():
        yield each
        yield from shapes_of(each)


def test_its_page_says_everything_in_japanese_too(client: Client) -> None:
    page = unescape(client.get("/api", headers={"accept-language": "ja"}).content.decode())
    told = [one for operations in document.of(api)["paths"].values() for one in operations.values()]
    english = {one["summary"] for one in told} | {
        each["description"] for one in told for each in one.get("parameters", []) if each.get("description")
    }
    assert len(english) > 90
    assert not {words for words in english if f">{words}<" in page}

"""Files that a worker writes: asked for, watched, fetched, taken over, forgotten."""

from __future__ import annotations

import hashlib
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from ghconnect.models import Enterprise
from licensing import export_files
from licensing.models import ExportChunk, ExportJob
from licensing.usecases import export_jobs, retention
from tests.integration.api.caller import ADMIN, READ, V1, Script, token
from tests.integration.engine import drive

pytestmark = [pytest.mark.django_db, pytest.mark.rows]
PEOPLE = 5


@pytest.fixture
def octo(db: None) -> Enterprise:
    made = drive.enterprise("octo")
    drive.read_cloud(made, [drive.row(f"u{n}") for n in range(PEOPLE)])
    made.refresh_from_db()
    return made


@pytest.fixture
def script(octo: Enterprise) -> Script:
    return Script(token(octo, [READ, ADMIN]))


def ask(script: Script, **wish: str) -> Any:
    return script.send("POST", f"{V1}/exports", wish)


def work() -> None:
    for pk in ExportJob.objects.values_list("pk", flat=True):
        export_jobs.perform(export_id=pk)


def test_a_list_is_asked_for_watched_and_fetched(
    octo: Enterprise, script: Script, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(export_jobs, "PLAIN", 100)
    asked = ask(script, q="u1", format="csv")
    where = asked.headers["Location"]
    assert (asked.status_code, asked.json()["state"], asked.json()["url"]) == (202, "queued", None)
    early = script.get(f"{where}/file")
    assert (early.status_code, early.json()["reason"]) == (409, "queued")
    work()
    told = script.json(where)
    body = b"".join(script.get(told["url"]))
    assert (told["state"], told["bytes"]) == ("done", len(body))
    assert hashlib.sha256(body).hexdigest() == told["sha256"]
    assert body.decode().splitlines()[1].startswith("u1,")
    assert body == b"".join(script.get(f"{V1}/exports/consumed-licenses.csv?q=u1"))
    assert ExportChunk.objects.count() > 3
    assert [each["number"] for each in script.json(f"{V1}/exports")["items"]] == [1]


def test_every_list_in_every_form(octo: Enterprise, script: Script) -> None:
    for name, forms in export_files.FORMS.items():
        for form in forms:
            assert ask(script, list=name, format=form).status_code == 202, (name, form)
            work()
    told = script.json(f"{V1}/exports")["items"]
    assert {each["state"] for each in told} == {"done"}
    for each in told:
        begin = b"".join(script.get(each["url"]))[:2]
        assert (begin == b"PK") == (each["format"] in ("xlsx", "zip")), each
    refused = ask(script, list="renewal", format="csv")
    assert (refused.status_code, refused.json()["reason"]) == (422, "format")
    assert ask(script, q="nonsense:x").json()["reason"] == "unknown_search"


def test_a_worker_that_was_killed_is_taken_over(octo: Enterprise, script: Script) -> None:
    ask(script)
    job = ExportJob.objects.get()
    dead = export_jobs._take(job.pk)
    assert dead is not None
    assert export_jobs._keep(dead, 0, b"half")
    work()
    assert ExportJob.objects.get().state == "running"  # it may live
    ExportJob.objects.update(
        lease_until=timezone.now() - timedelta(seconds=1),
        requested_at=timezone.now() - export_jobs.UNHEARD * 2,
    )
    assert export_jobs.sweep() == 1
    work()
    assert not export_jobs._keep(dead, 1, b"late")
    told = script.json(f"{V1}/exports/1")
    assert told["bytes"] == len(b"".join(script.get(told["url"])))
    assert not ExportChunk.objects.exclude(attempt=2).exists()


def test_what_cannot_be_written_fails_after_some_tries(
    octo: Enterprise, script: Script, monkeypatch: pytest.MonkeyPatch
) -> None:
    ask(script)
    monkeypatch.setattr(export_files, "of", lambda job: 1 / 0)
    states = []
    for _ in range(export_jobs.ATTEMPTS):
        work()
        states.append(ExportJob.objects.get().state)
    assert states == ["queued", "queued", "failed"]


def test_so_many_at_once_and_no_more(octo: Enterprise, script: Script) -> None:
    told = [ask(script).status_code for _ in range(export_jobs.MOST_OPEN + 1)]
    assert told == [202] * export_jobs.MOST_OPEN + [409]


def test_files_are_kept_for_a_time(octo: Enterprise, script: Script) -> None:
    ask(script)
    ask(script)
    work()
    assert script.send("DELETE", f"{V1}/exports/2").status_code == 204
    assert retention.prune(dry_run=True)["files of exports"] == 0
    ExportJob.objects.update(requested_at=timezone.now() - timedelta(days=8))
    assert script.get(f"{V1}/exports/1/file").status_code == 410
    retention.prune()
    assert not ExportChunk.objects.exists()
    assert script.get(f"{V1}/exports/1").status_code == 404


@pytest.mark.parametrize("body", ["{", "[]", "null", '"csv"', '{"q": NaN}', '{"q": "\\ud800"}', "[" * 5000])
def test_a_body_that_is_no_object_asks_for_nothing(script: Script, body: str) -> None:
    answer = script.client.generic("POST", f"{V1}/exports", body, content_type="application/json")
    assert (answer.status_code, answer.json()["reason"]) == (400, "bad_json")
    assert not ExportJob.objects.exists()

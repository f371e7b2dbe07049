"""Malformed uploads and pushes by the hundred (by `make uploads`, 10,000): no error of ours, and nothing changes."""

from __future__ import annotations

import os
import random
from collections import Counter
from datetime import UTC, datetime
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pytest_django import Settings

from ghconnect.models import AuditEvent, Server
from ghconnect.usecases import access_tokens, connect, features
from licensing.models import Account, RunChunk, SyncRun
from tests.support import malformed
from tests.support.processes import ROOT

from .conftest import TOKYO

URL = "/enterprises/octo/licensing/upload"
PUSH = f"/api/console/v1/servers/{TOKYO}/usage"
COUNT = int(os.environ.get("GHCONNECT_UPLOADS", "150"))
PROOF = ROOT / "docs/proof/uploads.md"
# That a file was refused is noted, and so is a new token; neither is a change.
NOTES = ("license_sync.refuse", "access_token.create")
HEAVY = ("gzip bombs", "a million columns", "a line without end")
# A push token may send so many times an hour.
HOURLY = 50


@pytest.fixture(autouse=True)
def _small(settings: Settings) -> None:
    """Let bombs be as small as a test wants them."""
    settings.GHCONNECT_UPLOAD_MAX_BYTES = 50_000_000


def rows() -> tuple[int, ...]:
    return (
        SyncRun.objects.count(),
        RunChunk.objects.count(),
        Account.objects.count(),
        AuditEvent.objects.exclude(action__in=NOTES).count(),
    )


class Doors:
    """Both ways a file comes in, and what they answered."""

    def __init__(self, client: Client, server: Server) -> None:
        self.client, self.server = client, server
        client.raise_request_exception = False
        self.answers: dict[str, Counter[int]] = {}
        self.pushed, self.token = 0, ""

    def note(self, kind: str, status: int) -> None:
        self.answers.setdefault(kind, Counter())[status] += 1

    def upload(self, kind: str, body: bytes, name: str) -> None:
        file = SimpleUploadedFile("x", body)
        file._name = name  # type: ignore[attr-defined]  # Django's own client would tidy it
        self.note(kind, self.client.post(URL, {"server": TOKYO, "file": file}).status_code)

    def push(self, kind: str, body: bytes, name: str, **headers: str) -> None:
        if self.pushed % HOURLY == 0:
            _row, self.token = access_tokens.create(
                enterprise=self.server.enterprise,
                server=self.server,
                name="push",
                scopes=["write:usage"],
                by=None,
            )
        self.pushed += 1
        given = {"Authorization": f"Bearer {self.token}", **headers}
        if name.isprintable() and name.isascii():
            given["Content-Disposition"] = f'attachment; filename="{name}"'
        answer = self.client.post(PUSH, data=body, content_type="text/csv", headers=given)
        self.note(f"{kind} (push)", answer.status_code)

    def raw(self, chance: random.Random) -> None:
        body, kind = malformed.request_body(chance, TOKYO)
        answer: Any = self.client.generic("POST", URL, body, content_type=kind)
        self.note("broken requests", answer.status_code)


@pytest.fixture
def doors(owner: Client, tokyo: Server) -> Doors:
    # A push is read only where license sync is Enabled.
    connect.enable(server=tokyo, by=None)
    features.switch(server=tokyo, key="license_usage_sync", enabled=True, by=None)
    return Doors(owner, tokyo)


def test_nothing_malformed_is_an_error_of_ours_or_changes_anything(doors: Doors) -> None:
    chance, before = random.Random(8), rows()  # noqa: S311 (the same each time)
    makers = list(malformed.MAKERS.items())
    for number in range(COUNT):
        kind, make = makers[number % len(makers)]
        # These take up to a second each; of them fewer are enough.
        if kind in HEAVY and number > 20 * len(makers):
            kind, make = chance.choice([each for each in makers if each[0] not in HEAVY])
        body, name = make(chance), chance.choice(malformed.NAMES)
        if number % 10 == 9:
            doors.raw(chance)
        elif number % 3 == 2:
            doors.push(kind, body, name)
        else:
            doors.upload(kind, body, name)
        assert rows() == before, f"{number}: {kind} {name!r} was taken"
    bad = {
        kind: dict(found) for kind, found in doors.answers.items() if any(status >= 500 for status in found)
    }
    assert bad == {}
    for door in (doors.upload, doors.push):
        door(
            "good",
            malformed.GOOD + malformed.ROWS[0].replace(b",1,", b",99,", 1) * (door == doors.push),
            "all_users.csv",
        )
        assert rows() != before, "what this door takes would not be seen"
        before = rows()
    if "GHCONNECT_UPLOADS" in os.environ:
        write(doors)


@settings(
    max_examples=max(20, COUNT // 20),
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    deadline=None,
)
@given(
    body=st.binary(max_size=4000)
    | st.text(max_size=2000).map(lambda text: malformed.HEAD + text.encode(errors="surrogatepass") + b"\0"),
    name=st.text(max_size=300),
)
def test_what_chance_finds_is_refused_too(doors: Doors, body: bytes, name: str) -> None:
    before = rows()
    doors.upload("Hypothesis", body, name)
    doors.push("Hypothesis", body, name)
    assert rows() == before
    assert all(status < 500 for found in doors.answers.values() for status in found)


def write(doors: Doors) -> None:
    """Keep the table of a long run."""
    total = sum(found.total() for found in doors.answers.values())
    lines = [
        "# Malformed uploads",
        "",
        f"`make uploads`, {datetime.now(UTC):%d %b %Y}: {total:,} malformed files and requests by both doors (the page",
        "and the push), seed 8. Unhandled errors: **0**. Runs, chunks and accounts that changed:",
        "**0**.",
        "",
        "| what | tries | answers |",
        "|---|--:|---|",
    ]
    for kind, found in sorted(doors.answers.items()):
        said = ", ".join(f"{status}: {count:,}" for status, count in sorted(found.items()))
        lines.append(f"| {kind} | {found.total():,} | {said} |")
    lines += [
        "",
        "200: the page again, with what is wrong beside the field. 400 of the page: a request that is no form. "
        "Others: the push.",
    ]
    PROOF.write_text("\n".join(lines) + "\n")

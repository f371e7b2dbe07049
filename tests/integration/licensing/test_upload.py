"""Add server usage: read from the socket as it comes, understood aloud, and a bad file changes nothing."""

from __future__ import annotations

import gzip
import io
import json
import re
import tempfile
import tracemalloc
from collections.abc import Iterator
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client, RequestFactory
from pytest_django import Settings

from ghconnect.models import AuditEvent, Enterprise, Server
from licensing.incoming import Incoming, IncomingFile
from licensing.models import Account, RunChunk, SyncRun
from licensing.rules.bad_file import BadFile
from licensing.usecases import sync
from tests.integration.engine import drive

from .conftest import OSAKA, TOKYO

URL = "/enterprises/octo/licensing/upload"
GOOD = drive.report([drive.account(1, "a@octo.example"), drive.account(2, "b@octo.example", suspended=True)])


def send(client: Client, body: bytes, name: str = "all_users.csv", host: str = TOKYO, **more: str) -> Any:
    return client.post(URL, {"server": host, **more, "file": SimpleUploadedFile(name, body)}, follow=True)


def words(answer: Any) -> str:
    shown = answer.content.decode().replace("&quot;", '"').replace("&#x27;", "'")
    return re.sub(r"\s+", " ", shown)


def test_a_file_is_understood_and_queued_without_github_connect(owner: Client, tokyo: Server) -> None:
    answer = send(owner, GOOD)
    run = SyncRun.objects.get()
    assert answer.redirect_chain == [(f"{URL}?run={run.pk}", 302)]
    understood = answer.context["understood"]
    assert (understood["accounts"], understood["suspended"]) == (2, 1)
    shown = words(answer)
    for said in (
        "all_users.csv, the report of all users",
        "id, login, primary email, suspended",
        "age unknown",
        TOKYO,
    ):
        assert said in shown, said
    assert f"/servers/{TOKYO}/license/syncs/{run.number}" in shown
    assert (run.state, run.requested_by_login, run.file_name) == ("queued", "mona", "all_users.csv")
    assert AuditEvent.objects.filter(action="license_sync.request", actor_login="mona").exists()
    sync.perform(run_id=run.pk)
    assert Account.objects.filter(server=tokyo, ended_edition=None).count() == 2


def test_the_same_content_again_makes_no_second_run(owner: Client, tokyo: Server) -> None:
    send(owner, GOOD)
    assert "no second sync was made" in words(send(owner, GOOD))
    assert SyncRun.objects.count() == 1
    assert {chunk.run_id for chunk in RunChunk.objects.all()} == {SyncRun.objects.get().pk}


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (
            GOOD.replace(b",true,,0", b",maybe,,0"),
            'all_users.csv, line 3, column "suspended?": not true or false.',
        ),
        (
            GOOD.replace(b",login,", b",log_in,"),
            'all_users.csv, line 1, column "login": the column is missing.',
        ),
        (GOOD + GOOD.splitlines()[1] + b"\n", 'all_users.csv, line 4, column "id": the id 1 is there twice.'),
        (GOOD[:-9], "all_users.csv, line 3: the file ends before its end. Nothing was changed."),
        (
            b"hello\n",
            "all_users.csv, line 1: this is none of the files this console reads; send all_users.csv",
        ),
        (
            b"GitHub com login,GitHub com name,License type\nann,Ann,Enterprise\n",
            "all_users.csv, line 1: this is GitHub's own license report of the enterprise",
        ),
        (b"\n", "all_users.csv: the file is empty."),
        (GOOD.replace(b"a@", b"\xff@"), "all_users.csv, line 2: the text is not UTF-8."),
    ],
)
def test_a_bad_file_says_where_and_changes_nothing(
    owner: Client, tokyo: Server, body: bytes, said: str
) -> None:
    assert said in words(send(owner, body))
    assert not SyncRun.objects.exists()
    assert not RunChunk.objects.exists()


def test_a_bad_line_at_the_beginning_of_a_large_file_is_answered_when_all_of_it_was_sent(
    owner: Client, tokyo: Server
) -> None:
    body = drive.report(drive.account(n, f"u{n}@octo.example") for n in range(1, 20_000))
    said = words(send(owner, body.replace(b"user,false", b"user,maybe", 1)))
    assert 'all_users.csv, line 2, column "suspended?": not true or false.' in said
    assert not RunChunk.objects.exists()


def test_an_encrypted_export_gets_advice(owner: Client, tokyo: Server) -> None:
    facts = {"hostname": TOKYO, "server_id": "x", "version": "3.19.2", "exported_at": "2026-11-20T06:00:00Z"}
    export = json.dumps(facts | {"license": {"seats": 1}, "users": "bm90IGZvciB5b3U="})
    shown = words(send(owner, export.encode(), "usage.json"))
    assert f"This is a genuine export of {TOKYO}" in shown
    assert "for this console use all_users.csv" in shown
    assert "Read from it: version 3.19.2, server ID x." in shown
    assert not SyncRun.objects.exists()


def test_a_file_of_another_server_is_refused(owner: Client, tokyo: Server) -> None:
    user = {"remoteUserId": 1, "login": "a", "emails": [], "suspended": False}
    file = json.dumps({"hostName": OSAKA, "users": [user]}).encode()
    assert f"This file is of {OSAKA}, not of {TOKYO}." in words(send(owner, file, "accounts.json"))
    assert not SyncRun.objects.exists()
    assert not RunChunk.objects.exists()


def test_a_file_of_ours_tells_its_own_time_unless_that_is_to_come(owner: Client, tokyo: Server) -> None:
    user = {"remoteUserId": 1, "login": "a", "emails": [], "suspended": False}
    for at, known in (("2026-11-20T06:00:00Z", True), ("2099-01-01T00:00:00Z", False)):
        file = {"hostName": TOKYO, "observedAt": at, "users": [user]}
        send(owner, json.dumps(file).encode(), "accounts.json")
        assert SyncRun.objects.latest("pk").age_known == known
    wrong = json.dumps({"hostName": TOKYO, "observedAt": "soon", "users": [user]}, indent=1).encode()
    said = words(send(owner, wrong, "accounts.json"))
    assert 'accounts.json, line 3, column "observedAt": not a time' in said


def test_a_packed_file_is_unpacked(owner: Client, tokyo: Server) -> None:
    understood = send(owner, gzip.compress(GOOD), "all_users.csv.gz").context["understood"]
    assert (understood["accounts"], SyncRun.objects.get().bytes) == (2, len(GOOD))
    assert "no second sync was made" in words(send(owner, GOOD))


def test_an_older_file_is_refused_and_one_of_tomorrow_too(owner: Client, tokyo: Server) -> None:
    received = send(owner, GOOD, observed_at="2026-11-20T06:00")
    sync.perform(run_id=SyncRun.objects.get().pk)
    assert "20 Nov 2026, 06:00 UTC" in words(received)
    older = words(send(owner, drive.report([drive.account(1)]), observed_at="2026-11-19T06:00"))
    assert "This file is older (19 Nov 2026, 06:00 UTC) than the data here (20 Nov 2026, 06:00 UTC)" in older
    assert "This time is still to come." in words(send(owner, GOOD, observed_at="2099-01-01T00:00"))
    assert SyncRun.objects.count() == 1


def test_a_server_of_another_enterprise_is_no_choice(owner: Client, tokyo: Server, stranger: Client) -> None:
    drive.server(Enterprise.objects.get(slug="other"), OSAKA)
    answer = send(owner, GOOD, host=OSAKA)
    assert answer.context["form"].has_error("server")
    assert send(stranger, GOOD).status_code == 404
    assert not SyncRun.objects.exists()


def test_without_a_file_the_page_asks_for_one(owner: Client, tokyo: Server) -> None:
    answer = owner.post(URL, {"server": TOKYO})
    assert answer.context["form"].has_error("file")
    assert owner.post(URL, {}).context["form"].has_error("server")


def test_too_large_a_file_is_refused_unread(owner: Client, tokyo: Server, settings: Settings) -> None:
    settings.GHCONNECT_UPLOAD_MAX_BYTES = 100
    assert "larger than" in words(send(owner, GOOD))
    assert not RunChunk.objects.exists()


def test_the_page_of_no_server_asks_for_one(owner: Client) -> None:
    assert "Add the server first." in words(owner.get(URL))


def test_forgery_is_refused_before_a_byte_of_the_file_is_read(
    owner: Client, octo: Enterprise, tokyo: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[int] = []
    monkeypatch.setattr(IncomingFile, "chunks", lambda *_: read.append(1))
    careful = Client(enforce_csrf_checks=True)
    careful.cookies = owner.cookies
    assert send(careful, GOOD).status_code == 403
    assert (read, SyncRun.objects.count()) == ([], 0)
    monkeypatch.undo()
    token = re.findall(r'name="csrfmiddlewaretoken" value="(\w+)"', careful.get(URL).content.decode())[0]
    # Behind the file, where a page never puts it, the token is not looked for.
    behind = {
        "server": TOKYO,
        "file": SimpleUploadedFile("all_users.csv", GOOD),
        "csrfmiddlewaretoken": token,
    }
    assert careful.post(URL, behind).status_code == 403
    before = {
        "csrfmiddlewaretoken": token,
        "server": TOKYO,
        "file": SimpleUploadedFile("all_users.csv", GOOD),
    }
    assert careful.post(URL, before).status_code == 302


# --- the way in ------------------------------------------------------------------------------------------------

BOUNDARY = b"bound"
HEAD = (
    b'--bound\r\nContent-Disposition: form-data; name="server"\r\n\r\nghe-\xff\x00tokyo\r\n'
    b'--bound\r\nContent-Disposition: form-data; name="file"; filename="C:\\\\x\\\\all.csv"\r\n\r\n'
)
TAIL = b"\r\n--bound--\r\n"


class Body(io.RawIOBase):
    """A body that is made while it is read."""

    def __init__(self, parts: Iterator[bytes]) -> None:
        self.parts, self.rest = parts, b""

    def read(self, size: int = -1) -> bytes:
        while len(self.rest) < size and (more := next(self.parts, b"")):
            self.rest += more
        data, self.rest = self.rest[:size], self.rest[size:]
        return data


def incoming(parts: list[bytes], length: int) -> tuple[Any, Any]:
    request = RequestFactory().post("/")
    return Incoming(request).handle_raw_input(Body(iter(parts)), {}, length, BOUNDARY)


def test_fields_come_first_and_the_file_as_it_was_sent() -> None:
    content = b"a,b\r\n--boun\r\n" * 20_000
    whole = HEAD + content + TAIL
    parts = [whole[at : at + 977] for at in range(0, len(whole), 977)]
    fields, files = incoming(parts, len(whole))
    assert fields["server"] == "ghe-\N{REPLACEMENT CHARACTER}tokyo"
    assert files["file"].name == "all.csv"
    assert b"".join(files["file"].chunks()) == content


def test_a_request_cut_at_the_end_of_a_line_is_not_taken_for_whole() -> None:
    whole = HEAD + GOOD + TAIL
    _, files = incoming([HEAD + GOOD], len(whole))
    with pytest.raises(BadFile) as cut:
        list(files["file"].chunks())
    assert cut.value.key == "truncated"


def test_a_large_file_takes_neither_memory_nor_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("a temporary file")

    for name in ("NamedTemporaryFile", "TemporaryFile", "SpooledTemporaryFile", "mkstemp"):
        monkeypatch.setattr(tempfile, name, refuse)
    size, chunk = 64 << 20, b"x" * 1023 + b"\n"

    def parts() -> Iterator[bytes]:
        yield HEAD
        for _ in range(size // 1024):
            yield chunk
        yield TAIL

    request = RequestFactory().post("/")
    tracemalloc.start()
    _, files = Incoming(request).handle_raw_input(Body(parts()), {}, len(HEAD) + size + len(TAIL), BOUNDARY)
    file: Any = files["file"]
    assert sum(len(part) for part in file.chunks()) == size
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 4 << 20


def test_whoever_may_not_is_refused(manager: Client, tokyo: Server, octo: Enterprise) -> None:
    assert send(manager, GOOD).status_code == 404
    assert Client().post(URL, {"server": TOKYO}).status_code in {302, 403}
    assert not SyncRun.objects.exists()

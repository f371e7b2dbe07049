"""A server sends its file: every answer of the door, the gate, and what is kept of it."""

from __future__ import annotations

import gzip
import json
import tempfile
import threading
from collections.abc import Iterable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.db import OperationalError, connection
from django.test import Client
from django.utils import timezone
from django.utils.http import http_date
from pytest_django import Settings

from ghconnect import limits, token_text
from ghconnect.api import auth
from ghconnect.models import AccessToken, AuditEvent, Server
from ghconnect.usecases import access_tokens, connect, features, servers
from licensing.api import bodies, usage
from licensing.models import Account, RunChunk, ServerPicture, SyncRun
from licensing.rules import formats
from licensing.usecases import chunks, runs, sync
from tests.integration.engine import drive
from tests.support import estate as estates
from tests.support.estate import Estate

pytestmark = pytest.mark.django_db
GOOD = drive.report([drive.account(1, "a@octo.example"), drive.account(2, "b@octo.example", suspended=True)])
OTHER = drive.report([drive.account(1, "a@octo.example")])
State = SyncRun.State


@pytest.fixture(autouse=True)
def fresh_counts(settings: Settings) -> None:
    """Every test has all its tries: it is one address that asks in all of them."""
    redis = limits._redis(settings.REDIS_URL)
    for key in redis.scan_iter("ghconnect:limit:*"):
        redis.delete(key)


@pytest.fixture
def octo() -> Estate:
    made = estates.estate()
    estates.connected(made.server)
    return made


@pytest.fixture
def token(octo: Estate) -> str:
    return push_token(octo)


def push_token(octo: Estate, server: Server | None = None) -> str:
    _token, text = access_tokens.create(
        enterprise=octo.enterprise,
        server=server or octo.server,
        name="push",
        scopes=[AccessToken.Scope.WRITE_USAGE],
        by=octo.owner,
    )
    return text


def url(host: str) -> str:
    return f"/api/console/v1/servers/{host}/usage"


def send(
    octo: Estate, token: str, body: bytes = GOOD, *, host: str = "", kind: str = "text/csv", **headers: str
) -> Any:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    if token:
        named = {"Authorization": f"Bearer {token}", **named}
    return Client().post(url(host or octo.server.host), body, content_type=kind, headers=named)


def problem(answer: Any, status: int, reason: str) -> dict[str, Any]:
    """Check that an answer is a problem of this kind (RFC 9457), and return it."""
    assert (answer.status_code, answer.headers["Content-Type"]) == (status, "application/problem+json")
    told: dict[str, Any] = json.loads(answer.content)
    assert (told["status"], told["reason"]) == (status, reason)
    assert told["type"].endswith(f":{reason}")
    assert told["title"]
    assert told["detail"]
    return told


def nothing_kept() -> bool:
    return not SyncRun.objects.exists() and not RunChunk.objects.exists()


# --- taken in ------------------------------------------------------------------------------------------------


def test_a_file_is_answered_with_its_run_and_published(octo: Estate, token: str) -> None:
    answer = send(octo, token)
    run = SyncRun.objects.get()
    assert answer.status_code == 202
    told = answer.json()
    where = f"/enterprises/octo-corp/servers/{octo.server.host}/license/syncs/{run.number}"
    assert told == {
        "run": run.number,
        "state": "queued",
        "url": f"http://testserver{where}",
        "format": "all_users_csv",
        "accounts": 2,
        "suspended": 1,
        "sha256": run.sha256,
    }
    assert answer.headers["Location"] == told["url"]
    assert (run.trigger, run.way, run.bytes, run.age_known) == ("push", "push", len(GOOD), False)
    done = sync.perform(run_id=run.pk)
    assert done is not None
    assert done.state == State.PUBLISHED
    assert Account.objects.filter(server=octo.server, ended_edition=None).count() == 2
    event = AuditEvent.objects.get(action="license_sync.request", subject=str(run))
    shown = AccessToken.objects.get().shown
    assert (event.actor, event.actor_login) == (None, f"push ({shown}…)")


def test_the_same_content_on_its_way_makes_no_second_run(octo: Estate, token: str) -> None:
    first = send(octo, token).json()
    again = send(octo, token)
    packed = send(octo, token, gzip.compress(GOOD), Content_Encoding="gzip")
    assert (again.status_code, packed.status_code) == (200, 200)
    assert again.json() == packed.json() == first
    assert SyncRun.objects.count() == 1
    assert set(RunChunk.objects.values_list("run", flat=True)) == {SyncRun.objects.get().pk}


def test_the_same_content_later_is_contact_and_changes_nothing(octo: Estate, token: str) -> None:
    for state in (State.PUBLISHED, State.UNCHANGED):
        answer = send(octo, token)
        assert answer.status_code == 202
        done = sync.perform(run_id=SyncRun.objects.latest("pk").pk)
        assert done is not None
        assert done.state == state


def test_other_content_supersedes_what_is_queued(octo: Estate, token: str) -> None:
    send(octo, token)
    assert send(octo, token, OTHER).status_code == 202
    assert list(SyncRun.objects.order_by("pk").values_list("state", flat=True)) == ["superseded", "queued"]


@pytest.mark.parametrize(
    "kind", ["text/csv", "application/octet-stream", "application/x-www-form-urlencoded", ""]
)
def test_what_a_file_is_called_does_not_matter(octo: Estate, token: str, kind: str) -> None:
    assert send(octo, token, kind=kind).status_code == 202


@pytest.mark.parametrize("header", ["identity", "gzip", "GZIP", "x-gzip"])
def test_it_may_come_packed(octo: Estate, token: str, header: str) -> None:
    body = GOOD if header == "identity" else gzip.compress(GOOD)
    assert send(octo, token, body, Content_Encoding=header).json()["accounts"] == 2


def test_json_of_this_console_is_taken_with_its_own_time(octo: Estate, token: str) -> None:
    user = {"remoteUserId": 1, "login": "a", "emails": [], "suspended": False}
    facts = {"hostName": octo.server.host.upper(), "observedAt": "2026-11-20T06:00:00Z", "totalCount": 1}
    answer = send(octo, token, json.dumps({**facts, "users": [user]}).encode(), kind="application/json")
    assert answer.json()["format"] == "console_json"
    run = SyncRun.objects.get()
    assert (run.observed_at and run.observed_at.isoformat(), run.age_known) == (
        "2026-11-20T06:00:00+00:00",
        True,
    )
    lines = json.dumps(facts) + "\n" + json.dumps(user) + "\n"
    answer = send(octo, token, lines.encode(), kind="application/x-ndjson")
    assert answer.json()["format"] == "console_ndjson"


def test_github_style_of_the_header_is_known_and_the_scheme_has_no_case(octo: Estate, token: str) -> None:
    for scheme in ("token", "bearer", "BEARER"):
        assert send(octo, "", Authorization=f"{scheme} {token}").status_code in {200, 202}


def test_a_session_is_no_token_and_a_token_no_session(octo: Estate, token: str) -> None:
    signed_in = Client(enforce_csrf_checks=True)
    signed_in.force_login(octo.owner)
    answer = signed_in.post(url(octo.server.host), GOOD, content_type="text/csv")
    problem(answer, 401, "no_credentials")
    answer = Client().get("/enterprises", headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code == 302
    assert nothing_kept()


# --- of when it is ------------------------------------------------------------------------------------------------


def observed() -> str:
    return str(SyncRun.objects.latest("pk").observed_at)


def test_headers_say_of_when_it_is(octo: Estate, token: str) -> None:
    when = timezone.now().replace(microsecond=0) - timedelta(days=2)
    send(octo, token, Last_Modified=http_date(when.timestamp()))
    assert (observed(), SyncRun.objects.get().age_known) == (str(when), True)
    later = when + timedelta(hours=1)
    send(octo, token, OTHER, X_Observed_At=later.isoformat(), Last_Modified=http_date(when.timestamp()))
    assert observed() == str(later)


def test_a_clock_that_is_a_little_ahead_is_now(octo: Estate, token: str) -> None:
    send(octo, token, X_Observed_At=(timezone.now() + timedelta(minutes=2)).isoformat())
    run = SyncRun.objects.get()
    assert run.observed_at is not None
    assert run.observed_at <= timezone.now()


@pytest.mark.parametrize("header", ["X-Observed-At", "Last-Modified"])
@pytest.mark.parametrize("value", ["yesterday", "2026-13-40T00:00:00Z", "2099-01-01T00:00:00Z"])
def test_a_time_that_is_none_is_refused(octo: Estate, token: str, header: str, value: str) -> None:
    named = {"Authorization": f"Bearer {token}", header: value}
    answer = Client().post(url(octo.server.host), GOOD, content_type="text/csv", headers=named)
    told = problem(answer, 400, "bad_time")
    assert told["header"] == header
    assert nothing_kept()


def test_an_older_file_is_refused_also_while_the_newer_one_is_on_its_way(octo: Estate, token: str) -> None:
    send(octo, token, X_Observed_At="2026-11-20T06:00:00Z")
    for _ in range(2):
        told = problem(send(octo, token, OTHER, X_Observed_At="2026-11-19T06:00:00Z"), 409, "older_file")
        assert "19 Nov 2026, 06:00 UTC" in told["detail"]
        sync.perform(run_id=SyncRun.objects.get().pk)
    assert SyncRun.objects.get().state == State.PUBLISHED
    assert not RunChunk.objects.exclude(run=SyncRun.objects.get()).exists()


# --- who may not ------------------------------------------------------------------------------------------------


def test_without_a_good_token_nobody_is_known(octo: Estate, token: str) -> None:
    assert "Bearer" in send(octo, "").headers["WWW-Authenticate"]
    problem(send(octo, ""), 401, "no_credentials")
    problem(send(octo, "", Authorization="Basic eDp5"), 401, "bad_credentials")
    for wrong in ("x", token_text.make(), token[:-1], f"{token}0"):
        answer = send(octo, wrong)
        assert 'error="invalid_token"' in answer.headers["WWW-Authenticate"]
        problem(answer, 401, "bad_credentials")
    assert problem(Client().post(f"{url(octo.server.host)}?access_token={token}"), 401, "no_credentials")
    AccessToken.objects.update(expires_at=timezone.now())
    problem(send(octo, token), 401, "token_expired")
    AccessToken.objects.update(revoked_at=timezone.now())
    problem(send(octo, token), 401, "token_revoked")
    assert nothing_kept()


def test_for_another_server_nothing_is_there_whether_it_is_or_not(octo: Estate, token: str) -> None:
    second = estates.add_server(octo.enterprise, "ghe-osaka.octo-corp.example")
    acme = estates.estate("acme", "ghe.acme.example")
    answers = [
        send(octo, token, host=host) for host in (second.host, acme.server.host, "ghe-none.octo-corp.example")
    ]
    for answer in answers:
        problem(answer, 404, "not_found")
    assert len({answer.content for answer in answers}) == 1
    assert nothing_kept()
    assert not ServerPicture.objects.exists()


def test_a_token_of_the_api_sends_nothing(octo: Estate) -> None:
    _row, text = access_tokens.create(
        enterprise=octo.enterprise, name="api", scopes=["read:enterprise", "admin:connect"], by=octo.owner
    )
    problem(send(octo, text), 404, "not_found")


def test_other_methods_are_not_answered(octo: Estate, token: str) -> None:
    for method in ("GET", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS"):
        answer = Client().generic(method, url(octo.server.host), headers={"Authorization": f"Bearer {token}"})
        assert (answer.status_code, answer.headers["Allow"]) == (405, "POST")
        if method != "HEAD":
            problem(answer, 405, "method_not_allowed")


def test_tries_are_counted_by_address_and_a_good_token_is_let_in_all_the_same(
    octo: Estate, token: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(auth, "WRONG", limits.Limit("wrong token", most=3, seconds=60))
    for _ in range(3):
        problem(send(octo, token_text.make()), 401, "bad_credentials")
    told = send(octo, token_text.make())
    problem(told, 429, "too_many_tries")
    assert 1 <= int(told.headers["Retry-After"]) <= 60
    problem(send(octo, token, host="ghe-none.octo-corp.example"), 429, "too_many_tries")
    assert send(octo, token).status_code == 202


def test_a_token_sends_so_often_and_no_more(octo: Estate, token: str, settings: Settings) -> None:
    redis = limits._redis(settings.REDIS_URL)
    other = push_token(octo)
    send(octo, token)
    key = usage.PUSHES._key(AccessToken.objects.get(digest=token_text.digest(token)).digest)
    assert redis.get(key) == b"1"
    assert 0 < int(redis.ttl(key)) <= usage.PUSHES.seconds
    redis.set(key, usage.PUSHES.most, ex=90)
    answer = send(octo, token, OTHER)
    problem(answer, 429, "too_many_tries")
    assert 80 <= int(answer.headers["Retry-After"]) <= 90
    assert send(octo, other, OTHER).status_code == 202


def test_without_redis_files_are_taken_all_the_same(
    octo: Estate, token: str, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    assert send(octo, token).status_code == 202
    problem(send(octo, token_text.make()), 401, "bad_credentials")
    assert "not counted" in caplog.text
    assert token not in caplog.text


# --- what cannot be taken ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "status", "reason", "where"),
    [
        (GOOD.replace(b",true,,0", b",maybe,,0"), 422, "bad_file", ("not_boolean", 3, "suspended?")),
        (GOOD.replace(b",login,", b",log_in,"), 422, "bad_file", ("missing_column", 1, "login")),
        (GOOD + GOOD.splitlines()[1] + b"\n", 422, "bad_file", ("duplicate_id", 4, "id")),
        (GOOD[:-9], 400, "truncated", ("truncated", 3, None)),
        (b"hello\n", 422, "bad_file", ("unknown_format", 1, None)),
        (b"\n", 422, "bad_file", ("empty_file", None, None)),
        (GOOD.replace(b"a@", b"\xff@"), 422, "bad_file", ("not_utf8", 2, None)),
        (gzip.compress(GOOD)[:-5], 400, "truncated", ("truncated", None, None)),
        (gzip.compress(GOOD) + b"more", 422, "bad_file", ("bad_gzip", None, None)),
    ],
)
def test_a_bad_file_says_where_and_changes_nothing(
    octo: Estate, token: str, body: bytes, status: int, reason: str, where: tuple[Any, ...]
) -> None:
    told = problem(send(octo, token, body), status, reason)
    assert (told["problem"], told.get("line"), told.get("column")) == where
    assert "Nothing was changed" in told["detail"]
    assert nothing_kept()
    event = AuditEvent.objects.get(action="license_sync.refuse")
    assert event.data["problem"] == told["problem"]
    assert "octo.example" not in json.dumps(event.data)


def test_a_bomb_is_found_while_it_unpacks(octo: Estate, token: str) -> None:
    blank = gzip.compress(drive.HEADER.encode() + b"\n" * (150 << 20), 9)
    told = problem(send(octo, token, blank, Content_Encoding="gzip"), 422, "bad_file")
    assert told["problem"] == "too_compressed"
    assert nothing_kept()


def test_what_is_too_large_is_not_read(octo: Estate, token: str, settings: Settings) -> None:
    settings.GHCONNECT_UPLOAD_MAX_BYTES = len(GOOD) - 1
    assert problem(send(octo, token), 413, "too_large")["limit"] == len(GOOD) - 1
    assert not AuditEvent.objects.filter(action="license_sync.refuse").exists()
    problem(send(octo, token, gzip.compress(GOOD)), 413, "too_large")  # small until it is unpacked
    assert nothing_kept()


def test_another_way_of_sending_is_not_understood(octo: Estate, token: str) -> None:
    answer = send(octo, token, Content_Encoding="br")
    problem(answer, 415, "content_encoding")
    assert "gzip" in answer.headers["Accept-Encoding"]
    problem(send(octo, token, kind="multipart/form-data; boundary=x"), 415, "content_type")
    assert nothing_kept()


def test_a_file_of_another_server_is_refused(octo: Estate, token: str) -> None:
    user = {"remoteUserId": 1, "login": "a", "emails": [], "suspended": False}
    file = {"hostName": "ghe-osaka.octo-corp.example", "users": [user]}
    told = problem(send(octo, token, json.dumps(file).encode()), 422, "other_file")
    assert told["detail"] == f"This file is of ghe-osaka.octo-corp.example, not of {octo.server.host}."
    assert nothing_kept()
    old = octo.server.host
    servers.rename(server=octo.server, host="ghe-new.octo-corp.example", by=octo.owner)
    assert send(octo, token, json.dumps({**file, "hostName": old}).encode(), host=old).status_code == 202


def test_an_encrypted_export_gets_advice(octo: Estate, token: str) -> None:
    facts = {"hostname": octo.server.host, "server_id": "x", "version": "3.19.2", "license": {"seats": 1}}
    told = problem(
        send(octo, token, json.dumps({**facts, "users": "bm90"}).encode()), 422, "encrypted_export"
    )
    assert "all_users.csv" in told["detail"]
    assert nothing_kept()


def test_a_list_of_some_users_is_known_by_its_name(octo: Estate, token: str) -> None:
    name = 'attachment; filename="/tmp/dormant_users.csv"'
    told = problem(send(octo, token, Content_Disposition=name), 422, "bad_file")
    assert told["problem"] == "partial_list"
    assert told["detail"].startswith("dormant_users.csv: ")


def test_a_database_that_is_busy_asks_to_come_again(
    octo: Estate, token: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def busy(*_: object, **__: object) -> None:
        raise OperationalError("database is locked")

    monkeypatch.setattr(chunks, "write", busy)
    answer = send(octo, token)
    problem(answer, 503, "busy")
    assert answer.headers["Retry-After"]


# --- the gate (ENGINEERING §13) --------------------------------------------------------------------------------------


def off(server: Server) -> None:
    connect.disable(server=server, by=None)


def disabled(server: Server) -> None:
    features.switch(server=server, key=runs.KEY, enabled=False, by=None)


def enabled(server: Server) -> None:
    pass


@pytest.mark.parametrize(
    ("state", "reason"), [(off, "connect_off"), (disabled, "sync_disabled"), (enabled, "")]
)
def test_the_gate_lets_it_in_or_says_why_not_and_the_call_is_contact(
    octo: Estate, token: str, state: Any, reason: str
) -> None:
    state(octo.server)
    before = timezone.now()
    answer = send(octo, token)
    picture = ServerPicture.objects.get(server=octo.server)
    assert picture.last_contact is not None
    assert picture.last_contact >= before
    assert picture.last_success is None
    if not reason:
        assert answer.status_code == 202
        return
    assert octo.server.host in problem(answer, 409, reason)["detail"]
    assert nothing_kept()


@pytest.mark.parametrize("close", [off, disabled])
def test_a_gate_that_closes_before_the_run_is_published_cancels_it(
    octo: Estate, token: str, close: Any
) -> None:
    send(octo, token)
    close(octo.server)
    assert SyncRun.objects.get().state == State.CANCELLED
    SyncRun.objects.update(state=State.QUEUED, finished_at=None)  # as if it had been claimed a moment before
    done = sync.perform(run_id=SyncRun.objects.get().pk)
    assert done is not None
    assert done.state == State.CANCELLED
    assert not Account.objects.exists()


@pytest.mark.parametrize(("close", "reason"), [(off, "connect_off"), (disabled, "sync_disabled")])
def test_a_gate_that_closes_while_the_file_arrives_keeps_nothing_of_it(
    octo: Estate, token: str, close: Any, reason: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = formats.read

    def closing(format: formats.Format, body: Iterable[bytes]) -> Iterator[Any]:
        yield from read(format, body)
        close(octo.server)

    monkeypatch.setattr(formats, "read", closing)
    problem(send(octo, token), 409, reason)
    assert nothing_kept()


# --- bytes on their way in (ENGINEERING §14) -------------------------------------------------------------------------


def test_nothing_raw_reaches_a_disk_and_nothing_unread_a_row(
    octo: Estate, token: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("a temporary file")

    for name in ("NamedTemporaryFile", "TemporaryFile", "SpooledTemporaryFile", "mkstemp"):
        monkeypatch.setattr(tempfile, name, refuse)
    body = GOOD.replace(b",,0,", b",198.51.100.77,4711,")
    assert b"198.51.100.77" in body
    assert send(octo, token, body).status_code == 202
    kept = gzip.decompress(bytes(RunChunk.objects.get().data))
    assert b"a@octo.example" in kept
    assert b"198.51.100.77" not in kept
    assert b"4711" not in kept


class Short:
    """A body that ends before the length that was announced."""

    META = {"CONTENT_LENGTH": str(len(GOOD) + 50)}

    def __init__(self) -> None:
        self.rest = GOOD

    def read(self, size: int) -> bytes:
        piece, self.rest = self.rest[:size], self.rest[size:]
        return piece


def test_a_body_cut_at_the_end_of_a_line_is_not_taken_for_whole() -> None:
    body = bodies.Body(Short())  # type: ignore[arg-type]
    with pytest.raises(formats.BadFile) as cut:
        list(body.pieces())
    assert cut.value.key == "truncated"
    body.drain()


def test_a_body_that_tells_no_length_must_come_in_chunks(octo: Estate, token: str) -> None:
    headers = {"Authorization": f"Bearer {token}"}
    answer = Client().generic("POST", url(octo.server.host), headers=headers)
    problem(answer, 411, "no_length")


@pytest.mark.django_db(transaction=True)
def test_two_that_send_the_same_at_once_make_one_run(octo: Estate, token: str) -> None:
    answers: list[int] = []

    def one() -> None:
        try:
            answers.append(send(octo, token).status_code)
        finally:
            connection.close()

    threads = [threading.Thread(target=one) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers) == [200, 200, 200, 202]
    assert SyncRun.objects.count() == 1
    assert RunChunk.objects.filter(run=None).count() == 0

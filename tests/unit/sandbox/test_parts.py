"""Small parts of the sandbox: keys of addresses, certificates, doors, arguments."""

import ssl
import stat
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.requests import Request

from ghconnect.sandbox import breaking, certificates, deeds, fleet
from ghconnect.sandbox.__main__ import arguments
from ghconnect.sandbox.answers import link, page_of
from ghconnect.sandbox.control import LOCAL_PATH, typed
from ghconnect.sandbox.html import ago, page, tag
from ghconnect.sandbox.text import key


def request(query: str = "", host: str = "api.example") -> Request:
    headers = [(b"host", host.encode())]
    scope: dict[str, Any] = {
        "type": "http",
        "path": "/list",
        "query_string": query.encode(),
        "headers": headers,
    }
    return Request(scope)


@given(st.text())
def test_a_key_is_stable(address: str) -> None:
    assert key(key(address)) == key(address)


def test_keys_of_one_address() -> None:
    assert key(" Jane@Octo.Example ") == key("jane@octo.example")
    assert key("rene\u0301@x.example") == key("ren\u00e9@x.example")
    assert key(None) == ""


def test_the_authority_is_kept_and_its_keys_are_private(tmp_path: Path) -> None:
    ca, certificate, private = certificates.ensure(tmp_path, fleet.hosts())
    before = ca.read_bytes()
    certificates.ensure(tmp_path, ["another.example"])
    assert ca.read_bytes() == before
    for secret in (private, tmp_path / "ca-key.pem"):
        assert stat.S_IMODE(secret.stat().st_mode) == 0o600
    context = ssl.create_default_context(cafile=str(ca))
    assert context.verify_mode == ssl.CERT_REQUIRED
    assert certificate.read_text().startswith("-----BEGIN CERTIFICATE-----")


@pytest.mark.parametrize(
    ("query", "expected"),
    [("", (1, 30)), ("page=3&per_page=7", (3, 7)), ("per_page=101", (1, 100)), ("page=0", (1, 30))],
)
def test_pages(query: str, expected: tuple[int, int]) -> None:
    assert page_of(request(query)) == expected


def test_link_keeps_the_query() -> None:
    shown = link(request("per_page=5&filter=a%20b"), 1, 2)["link"]
    assert shown.startswith("<https://api.example/list?per_page=5&filter=a+b&page=2>")
    assert link(request(), 1, 1) == {}


def test_pages_escape_what_they_show() -> None:
    body = bytes(page("<Title>", tag("p", "<script>", class_='"')).body).decode()
    assert "<script>" not in body
    assert "&lt;script&gt;" in body
    assert 'class="&quot;"' in body


@pytest.mark.parametrize(
    ("seconds", "words"), [(0, "just now"), (60, "1 minute ago"), (7200, "2 hours ago"), (86400, "1 day ago")]
)
def test_ages(seconds: int, words: str) -> None:
    assert ago(seconds) == words


def test_form_fields_become_what_the_deed_takes() -> None:
    assert typed(deeds.suspend, "suspended", "false") is False
    assert typed(deeds.pass_time, "days", "7") == 7.0
    assert typed(breaking.break_server, "times", "3") == 3
    assert typed(deeds.change_email, "email", "7") == "7"
    with pytest.raises(ValueError, match="x"):
        typed(breaking.break_server, "times", "x")


@pytest.mark.parametrize("back", ["//evil.example", "https://evil.example", "/\\evil.example", ""])
def test_buttons_lead_back_to_this_machine_only(back: str) -> None:
    assert not LOCAL_PATH.match(back)
    assert LOCAL_PATH.match("/ghes/tokyo")


def test_help_explains_the_world(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as done:
        arguments(["--help"])
    assert done.value.code == 0
    shown = capsys.readouterr().out
    assert all(
        word in shown for word in ("--people", "--seed", "--reset", "storyline", "ca.pem", "/world.json")
    )

"""The HTTP layer against a peer that cuts, bends, drips and bloats its answers."""

from __future__ import annotations

import gzip
import logging
import ssl
import time
import zlib
from datetime import timedelta
from ipaddress import ip_network
from pathlib import Path

import pytest
import requests

from ghconnect.github.addresses import Egress
from ghconnect.github.errors import GitHubError
from ghconnect.github.http import GitHubSession, Timeouts
from ghconnect.github.transport import NotReadingError, ReadOnlyAdapter, trust
from tests.unit.github.peer import (
    HOST,
    LOOPBACK,
    QUICK,
    Authority,
    Peer,
    Say,
    answer,
    cut,
    goodbye,
    sending,
    speaking,
    tunnel,
)

URL = f"https://{HOST}/api/v3/meta"
TOKEN = "ghp_" + "x" * 36


def get(peer: Peer, authority: Authority, timeouts: Timeouts = QUICK) -> bytes:
    session = peer.session(authority, timeouts)
    try:
        return session.get(URL, headers={"Authorization": f"Bearer {TOKEN}"}).body
    finally:
        session.close()


def download(peer: Peer, authority: Authority, limit: int = 2**30) -> bytes:
    session = peer.session(authority)
    try:
        with session.download(URL, headers={}, limit=limit) as found:
            return b"".join(found.chunks)
    finally:
        session.close()


def failing(say: Say, certificate: Path, authority: Authority) -> GitHubError:
    with speaking(certificate, say) as peer, pytest.raises(GitHubError) as failed:
        get(peer, authority)
    return failed.value


def test_an_answer_is_read_and_the_connection_used_again(certificate: Path, authority: Authority) -> None:
    with speaking(certificate, sending(answer(b"{}", "Content-Type: application/json"))) as peer:
        session = peer.session(authority)
        for _ in range(3):
            assert session.get(URL, headers={}).json() == {}
        session.close()
    assert peer.connections == 1
    assert all(request.startswith(b"GET /api/v3/meta HTTP/1.1\r\n") for request in peer.requests)


def test_what_is_sent_is_named_and_nothing_more(certificate: Path, authority: Authority) -> None:
    with speaking(certificate, sending(answer(b"{}", "Set-Cookie: a=b"))) as peer:
        get(peer, authority)
        get(peer, authority)
    names = {line.split(b":")[0].lower() for line in peer.requests[1].split(b"\r\n")[1:] if line}
    assert names == {
        b"host",
        b"user-agent",
        b"accept",
        b"accept-encoding",
        b"x-github-api-version",
        b"authorization",
    }


def test_cookies_are_not_kept(certificate: Path, authority: Authority) -> None:
    with speaking(certificate, sending(answer(b"{}", "Set-Cookie: a=b; Path=/"))) as peer:
        session = peer.session(authority)
        session.get(URL, headers={})
        session.get(URL, headers={})
        session.close()
    assert b"cookie" not in peer.requests[1].lower()


def test_the_environment_changes_nothing(
    certificate: Path, authority: Authority, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text(f"machine {HOST} login mona password secret\n")
    monkeypatch.setenv("NETRC", str(netrc))
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/nonexistent")
    with speaking(certificate, sending(answer(b"{}"))) as peer:
        session = peer.session(authority)
        session.get(URL, headers={})
        session.close()
    assert b"authorization" not in peer.requests[0].lower()


def test_nothing_about_headers_is_logged(
    certificate: Path, authority: Authority, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    with speaking(certificate, sending(answer(b"{}", "X-Secret-Answer: hush"))) as peer:
        get(peer, authority)
    assert TOKEN.encode() in peer.requests[0]
    assert TOKEN not in caplog.text
    assert "hush" not in caplog.text


# --- reading only -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "get"])
def test_no_other_method_has_a_way_out(method: str, authority: Authority) -> None:
    adapter = ReadOnlyAdapter(Egress(), trust(authority.pem))
    request = requests.Request(method, URL).prepare()
    request.method = method
    with pytest.raises(NotReadingError):
        adapter.send(request)


@pytest.mark.parametrize("url", ["http://ghe.octo.example/graphql", "ftp://ghe.octo.example/graphql"])
def test_only_https_has_a_way_out(url: str, authority: Authority) -> None:
    adapter = ReadOnlyAdapter(Egress(), trust(authority.pem))
    with pytest.raises(NotReadingError):
        adapter.send(requests.Request("GET", url).prepare())
    with pytest.raises(NotReadingError):
        GitHubSession(Egress()).get(url, headers={})


@pytest.mark.parametrize(
    "document",
    [
        "mutation { a }",
        "mutation M($a: Int) { a(b: $a) }",
        "query { a } mutation { b }",
        "# query\nmutation{a}",
        "\ufeffmutation { a }",
        "{a}subscription{b}",
        ",,,mutation,{a}",
    ],
)
def test_only_queries_are_sent_to_graphql(document: str) -> None:
    with pytest.raises(NotReadingError):
        GitHubSession(Egress()).graphql(f"https://{HOST}/graphql", document, {}, headers={})


def test_a_query_is_sent_only_to_graphql(certificate: Path, authority: Authority) -> None:
    with speaking(certificate, sending(answer(b'{"data": 1}'))) as peer:
        session = peer.session(authority)
        with pytest.raises(NotReadingError):
            session.graphql(f"https://{HOST}/api/v3/user", "{a}", {}, headers={})
        assert session.graphql(f"https://{HOST}/graphql", "{a}", {"b": 1}, headers={}).json() == {"data": 1}
        session.close()
    assert len(peer.requests) == 1
    assert peer.requests[0].startswith(b"POST /graphql HTTP/1.1\r\n")
    assert peer.requests[0].endswith(b'{"query": "{a}", "variables": {"b": 1}}')


# --- redirects ----------------------------------------------------------------------------------------------


def moving(*targets: str) -> Say:
    """Answer the n-th request with the n-th redirect, and then with a body."""
    left = list(targets)

    def say(connection: ssl.SSLSocket) -> None:
        more = answer(b"", f"Location: {left.pop(0)}", status="302 Found") if left else answer(b"there")
        connection.sendall(more)

    return say


def test_redirects_on_the_same_host_are_followed(certificate: Path, authority: Authority) -> None:
    with speaking(certificate, moving("/a", f"https://{HOST}/b", "c")) as peer:
        assert get(peer, authority) == b"there"
    assert [request.split()[1] for request in peer.requests] == [b"/api/v3/meta", b"/a", b"/b", b"/c"]
    assert all(TOKEN.encode() in request for request in peer.requests)


@pytest.mark.parametrize(
    ("target", "to"),
    [
        ("https://elsewhere.example/api", "elsewhere.example"),
        ("//elsewhere.example/api", "elsewhere.example"),
        (f"http://{HOST}/api", HOST),
        (f"https://{HOST}:8443/api", HOST),
        (f"https://{HOST}@elsewhere.example/", "?"),
        (f"https://mona:secret@{HOST}/", "?"),
        ("https://[::1", "?"),
        (f"https://{HOST}:99999999/", "?"),
    ],
)
def test_redirects_elsewhere_are_not(target: str, to: str, certificate: Path, authority: Authority) -> None:
    failed = failing(moving(target), certificate, authority)
    assert (failed.key, failed.params["to"], failed.permanent) == ("redirect", to, True)


def test_the_body_of_a_redirect_is_not_read(certificate: Path, authority: Authority) -> None:
    says: list[Say] = [
        lambda c: c.sendall(answer(b"x", "Location: /there", status="302 Found", length=2**30))
    ]

    def say(connection: ssl.SSLSocket) -> None:
        first = says.pop() if says else (lambda c: c.sendall(answer(b"there")))
        first(connection)

    with speaking(certificate, say) as peer:
        assert get(peer, authority) == b"there"
    assert peer.connections == 2


def test_redirects_in_a_circle_end(certificate: Path, authority: Authority) -> None:
    with speaking(certificate, moving(*["/again"] * 9)) as peer, pytest.raises(GitHubError) as failed:
        get(peer, authority)
    assert failed.value.key == "redirect"
    assert len(peer.requests) == 4


def test_a_query_is_never_sent_on(certificate: Path, authority: Authority) -> None:
    with speaking(certificate, moving("/graphql")) as peer:
        session = peer.session(authority)
        with pytest.raises(GitHubError) as failed:
            session.graphql(f"https://{HOST}/graphql", "{a}", {}, headers={})
        session.close()
    assert failed.value.key == "redirect"
    assert len(peer.requests) == 1


# --- bodies cut off -----------------------------------------------------------------------------------------

CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
ENDLESS = b"HTTP/1.1 200 OK\r\n\r\n"
PACKED = gzip.compress(b"id,login\n" * 5000)


@pytest.mark.parametrize("end", [cut, goodbye])
@pytest.mark.parametrize(
    "sent",
    [
        answer(b"id,login\n1,mona\n", length=500),
        CHUNKED + b"9\r\nid,login\n\r\n",
        CHUNKED + b"9\r\nid,lo",
        answer(PACKED, "Content-Encoding: gzip", length=len(PACKED) + 10),
    ],
)
def test_a_body_that_ends_too_early_is_seen(
    sent: bytes, end: Say, certificate: Path, authority: Authority
) -> None:
    def say(connection: ssl.SSLSocket) -> None:
        connection.sendall(sent)
        end(connection)

    with speaking(certificate, say) as peer, pytest.raises(GitHubError) as failed:
        download(peer, authority)
    assert (failed.value.key, failed.value.permanent) == ("truncated", False)


@pytest.mark.parametrize("left", [1, 8, 9, 200])
def test_a_packed_body_cut_before_it_was_sent_is_seen(
    left: int, certificate: Path, authority: Authority
) -> None:
    """Content-Length agrees with what came, so only the packing tells."""
    body = PACKED[:-left] if left < len(PACKED) else PACKED[:12]
    sent = sending(answer(body, "Content-Encoding: gzip"))
    with speaking(certificate, sent) as peer, pytest.raises(GitHubError) as failed:
        download(peer, authority)
    assert failed.value.key == "truncated"


def test_without_a_length_the_end_must_be_said(certificate: Path, authority: Authority) -> None:
    def cut_off(connection: ssl.SSLSocket) -> None:
        connection.sendall(ENDLESS + b"id,login\n")
        cut(connection)

    def ended(connection: ssl.SSLSocket) -> None:
        connection.sendall(ENDLESS + b"id,login\n")
        goodbye(connection)

    with speaking(certificate, cut_off) as peer, pytest.raises(GitHubError) as failed:
        download(peer, authority)
    assert failed.value.key == "truncated"
    with speaking(certificate, ended) as peer:
        assert download(peer, authority) == b"id,login\n"


def test_whole_bodies_of_every_framing_are_read(certificate: Path, authority: Authority) -> None:
    body = b"id,login\n" * 5000
    two_members = gzip.compress(body[:9]) + gzip.compress(body[9:])
    for sent in (
        answer(body),
        answer(PACKED, "Content-Encoding: gzip"),
        answer(two_members, "Content-Encoding: gzip"),
        CHUNKED + b"%x\r\n" % len(body) + body + b"\r\n0\r\n\r\n",
    ):
        with speaking(certificate, lambda c, sent=sent: c.sendall(sent)) as peer:  # type: ignore[misc]
            assert download(peer, authority) == body


# --- bodies too large ---------------------------------------------------------------------------------------


def test_a_body_above_its_limit_is_not_read_on(certificate: Path, authority: Authority) -> None:
    def say(connection: ssl.SSLSocket) -> None:
        connection.sendall(answer(b"x" * 300_000))

    with speaking(certificate, say) as peer:
        assert len(download(peer, authority, limit=300_000)) == 300_000
        with pytest.raises(GitHubError) as failed:
            download(peer, authority, limit=299_999)
    assert failed.value.key == "too_large"


def test_a_bomb_is_given_up_early(certificate: Path, authority: Authority) -> None:
    """200 MiB of zeros in 200 KB: given up after a fraction, and never held."""
    packer = zlib.compressobj(9, wbits=31)
    bomb = b"".join([*(packer.compress(bytes(2**20)) for _ in range(200)), packer.flush()])
    sizes: list[int] = []

    def weigh(peer: Peer) -> None:
        with peer.session(authority).download(URL, headers={}) as found:
            sizes.extend(len(piece) for piece in found.chunks)

    sent = sending(answer(bomb, "Content-Encoding: gzip"))
    with speaking(certificate, sent) as peer, pytest.raises(GitHubError) as failed:
        weigh(peer)
    assert failed.value.key == "too_large"
    assert max(sizes) <= 65536
    assert sum(sizes) < 50 * 2**20


@pytest.mark.parametrize("coding", ["br", "deflate", "gzip, gzip", "zstd"])
def test_a_packing_nobody_asked_for_is_refused(coding: str, certificate: Path, authority: Authority) -> None:
    sent = sending(answer(PACKED, f"Content-Encoding: {coding}"))
    with speaking(certificate, sent) as peer, pytest.raises(GitHubError) as failed:
        download(peer, authority)
    assert failed.value.key == "bad_answer"


def test_broken_packing_is_a_bad_answer(certificate: Path, authority: Authority) -> None:
    sent = sending(answer(b"not packed", "Content-Encoding: gzip"))
    with speaking(certificate, sent) as peer, pytest.raises(GitHubError) as failed:
        download(peer, authority)
    assert failed.value.key == "bad_answer"


@pytest.mark.parametrize("body", [b"<html>", b"", b"[" * 100_000, b"9" * 10_000, b"\xff\xfe{}"])
def test_what_is_no_json_is_a_bad_answer(body: bytes, certificate: Path, authority: Authority) -> None:
    with speaking(certificate, sending(answer(body))) as peer:
        session = peer.session(authority)
        with pytest.raises(GitHubError) as failed:
            session.get(URL, headers={}).json()
        session.close()
    assert failed.value.key == "bad_answer"


# --- time ---------------------------------------------------------------------------------------------------


def dripping(first: bytes) -> Say:
    """One byte each 0.2 s: no time-out between bytes ever strikes."""

    def say(connection: ssl.SSLSocket) -> None:
        connection.sendall(first)
        for _ in range(60):
            connection.sendall(b"x")
            time.sleep(0.2)

    return say


@pytest.mark.parametrize("first", [b"HTTP/1.1 200 OK\r\nX-Slow: ", answer(b"", length=1000)])
def test_a_peer_that_drips_is_left_at_the_deadline(
    first: bytes, certificate: Path, authority: Authority
) -> None:
    begun = time.monotonic()
    failed = failing(dripping(first), certificate, authority)
    assert (failed.key, failed.permanent) == ("timeout", False)
    assert QUICK.answer - 0.5 < time.monotonic() - begun < QUICK.answer + 8


def test_a_flood_ends_at_the_deadline_too(certificate: Path, authority: Authority) -> None:
    def say(connection: ssl.SSLSocket) -> None:
        connection.sendall(answer(b"", length=2**40))
        while True:
            connection.sendall(bytes(65536))

    def drink(peer: Peer) -> None:
        session = peer.session(authority, Timeouts(connect=2, read=1, download=1))
        try:
            with session.download(URL, headers={}, limit=2**40) as found:
                for _ in found.chunks:
                    pass
        finally:
            session.close()

    with speaking(certificate, say) as peer, pytest.raises(GitHubError) as failed:
        drink(peer)
    assert failed.value.key == "timeout"


def test_a_silent_peer_is_left_after_the_time_to_read(certificate: Path, authority: Authority) -> None:
    begun = time.monotonic()
    failed = failing(lambda _: time.sleep(2), certificate, authority)
    assert failed.key == "timeout"
    assert time.monotonic() - begun < 4


def test_a_body_that_stops_is_left(certificate: Path, authority: Authority) -> None:
    def say(connection: ssl.SSLSocket) -> None:
        connection.sendall(answer(b"abc", length=10))
        time.sleep(2)

    assert failing(say, certificate, authority).key == "timeout"


# --- the way there ------------------------------------------------------------------------------------------


def test_nobody_listens() -> None:
    session = GitHubSession(Egress(resolve={(HOST, 443): ("127.0.0.1", 9799)}, allowed_networks=LOOPBACK))
    with pytest.raises(GitHubError) as failed:
        session.get(URL, headers={})
    assert (failed.value.key, failed.value.params["host"]) == ("refused", HOST)


def test_no_such_name() -> None:
    with pytest.raises(GitHubError) as failed:
        GitHubSession(Egress()).get("https://nosuch.invalid/", headers={})
    assert (failed.value.key, failed.value.permanent) == ("dns", False)


def test_a_name_that_turns_to_a_refused_address_between_two_requests(
    certificate: Path, authority: Authority
) -> None:
    """Rebinding: the address is looked at where the connection is made, so the second one is not made."""

    def close(connection: ssl.SSLSocket) -> None:
        connection.sendall(answer(b"{}", "Connection: close"))
        goodbye(connection)

    with speaking(certificate, close) as peer:
        answers = iter([["127.0.0.1"], ["169.254.169.254"]])
        egress = Egress(resolver=lambda host, port: next(answers), allowed_networks=LOOPBACK)
        session = GitHubSession(egress, ca_bundle=authority.pem, timeouts=QUICK)
        url = f"https://{HOST}:{peer.port}/"
        assert session.get(url, headers={}).status == 200
        with pytest.raises(GitHubError) as failed:
            session.get(url, headers={})
        session.close()
    assert failed.value.key == "address_never"
    assert failed.value.params == {"host": HOST, "ip": "169.254.169.254"}
    assert peer.connections == 1


def test_the_address_connected_to_is_the_one_that_was_checked(
    certificate: Path, authority: Authority
) -> None:
    """A name asked once more at connect time would lead nowhere: it is not asked again."""
    asked: list[str] = []

    def resolver(host: str, port: int) -> list[str]:
        asked.append(host)
        return ["127.0.0.1"]

    with speaking(certificate, sending(answer(b"{}"))) as peer:
        egress = Egress(resolver=resolver, allowed_networks=LOOPBACK)
        session = GitHubSession(egress, ca_bundle=authority.pem, timeouts=QUICK)
        assert session.get(f"https://{HOST}:{peer.port}/", headers={}).status == 200
        session.close()
    assert asked == [HOST]


def test_a_refused_address_is_not_connected_to(certificate: Path, authority: Authority) -> None:
    with speaking(certificate, sending(answer(b"{}"))) as peer:
        session = GitHubSession(Egress(resolve=peer.egress.resolve), ca_bundle=authority.pem)
        with pytest.raises(GitHubError) as failed:
            session.get(URL, headers={})
        session.close()
    assert (failed.value.key, failed.value.permanent) == ("address_refused", True)
    assert peer.connections == 0


def test_the_next_address_is_tried_when_one_does_not_answer(certificate: Path, authority: Authority) -> None:
    with speaking(certificate, sending(answer(b"{}"))) as peer:
        networks = (*LOOPBACK, ip_network("::1/128"))
        egress = Egress(resolver=lambda host, port: ["::1", "127.0.0.1"], allowed_networks=networks)
        session = GitHubSession(egress, ca_bundle=authority.pem, timeouts=QUICK)
        assert session.get(f"https://{HOST}:{peer.port}/", headers={}).status == 200
        session.close()


# --- certificates -------------------------------------------------------------------------------------------


def test_an_unknown_authority_is_named(certificate: Path) -> None:
    with speaking(certificate, sending(answer(b"{}"))) as peer:
        session = GitHubSession(peer.egress, timeouts=QUICK)
        with pytest.raises(GitHubError) as failed:
            session.get(URL, headers={"Authorization": f"Bearer {TOKEN}"})
        session.close()
    assert (failed.value.key, failed.value.permanent) == ("tls_ca", False)
    assert failed.value.params == {"host": HOST, "issuer": "Octo test authority"}
    assert peer.requests == []


def test_a_certificate_of_another_name(folder: Path, authority: Authority) -> None:
    other = authority.issue(folder, "other.octo.example")
    assert failing(lambda c: None, other, authority).key == "tls_name"


def test_a_certificate_out_of_date(folder: Path, authority: Authority) -> None:
    old = authority.issue(folder, HOST, timedelta(days=-1))
    assert failing(lambda c: None, old, authority).key == "tls_expired"


def test_old_tls_is_refused(
    certificate: Path, authority: Authority, recwarn: pytest.WarningsRecorder
) -> None:
    try:
        with (
            speaking(certificate, lambda c: None, highest=ssl.TLSVersion.TLSv1_1) as peer,
            pytest.raises(GitHubError) as failed,
        ):
            get(peer, authority)
    except (ssl.SSLError, ValueError):
        pytest.skip("this OpenSSL speaks no TLS 1.1 to test with")
    assert failed.value.key == "tls"


def test_nothing_older_than_tls_1_2_is_offered(authority: Authority) -> None:
    context = trust(authority.pem)
    assert context.minimum_version == ssl.TLSVersion.TLSv1_2
    assert (context.verify_mode, context.check_hostname) == (ssl.CERT_REQUIRED, True)


@pytest.mark.parametrize(
    "text", ["no certificate", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"]
)
def test_what_is_no_ca_is_said(text: str) -> None:
    with pytest.raises(GitHubError) as failed:
        GitHubSession(Egress(), ca_bundle=text)
    assert failed.value.key == "bad_ca"


# --- the proxy ----------------------------------------------------------------------------------------------


def proxied(port: int, authority: Authority, ip: str = "140.82.121.4") -> GitHubSession:
    egress = Egress(proxy=f"http://127.0.0.1:{port}", resolver=lambda host, port: [ip])
    return GitHubSession(egress, ca_bundle=authority.pem, timeouts=QUICK)


def test_a_proxy_tunnels_and_the_certificate_checked_is_the_hosts(
    certificate: Path, authority: Authority
) -> None:
    with speaking(certificate, sending(answer(b"{}"))) as peer, tunnel(peer.port) as (port, asked):
        session = proxied(port, authority)
        assert session.get(URL, headers={"Authorization": TOKEN}).status == 200
        session.close()
    assert asked[0].startswith(f"CONNECT {HOST}:443 ".encode())
    assert TOKEN.encode() not in asked[0]


def test_a_proxy_that_refuses_is_said(authority: Authority) -> None:
    with tunnel(None) as (port, _), pytest.raises(GitHubError) as failed:
        proxied(port, authority).get(URL, headers={})
    assert (failed.value.key, failed.value.permanent) == ("proxy", False)


def test_a_name_known_to_lead_to_a_refused_address_is_not_asked_of_the_proxy(authority: Authority) -> None:
    with pytest.raises(GitHubError) as failed:
        proxied(1, authority, "169.254.169.254").get(URL, headers={})
    assert failed.value.key == "address_never"

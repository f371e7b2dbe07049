"""Adding, checking, changing and removing a server, and its token."""

from __future__ import annotations

from datetime import time, timedelta

import pytest
from django.utils import timezone

from ghconnect import features
from ghconnect.models import AuditEvent, ConnectedFeature, Connection, Enterprise, Server, ServerName, User
from ghconnect.seal import unseal
from ghconnect.usecases import hosts, servers
from tests.integration.deeds.conftest import wrong
from tests.support.sandbox import Sandbox

KEY = "license_usage_sync"


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What features were told, by host."""
    heard: list[str] = []
    for name in ("token_replaced", "server_removed"):
        monkeypatch.setattr(
            features,
            name,
            lambda *, server, by, name=name: heard.append(f"{name} {server.host.split('.')[0]}"),
        )
    return heard


def broken(server: Server) -> Connection:
    return Connection.objects.create(
        server=server, by_login="mona", at=timezone.now(), broken_at=timezone.now(), broken_key="unauthorized"
    )


def mended(connection: Connection) -> bool:
    connection.refresh_from_db()
    return connection.broken_at is None and connection.broken_key == ""


def test_a_pulled_server_is_added_with_what_it_says_of_itself(
    pretend: Sandbox, octo: Enterprise, mona: User
) -> None:
    row = pretend.server("tokyo")
    server = servers.add(
        enterprise=octo, host=f"https://{row['host'].upper()}/", way_in="pull", token=row["token"], by=mona
    )
    assert (server.host, unseal(server.token), server.version[:4]) == (row["host"], row["token"], "3.19")
    assert row["token"] not in server.token
    assert (server.license_seats, server.license_unlimited) == (250, False)
    assert all(check["ok"] for check in server.checks)
    assert (server.token_kind, server.token_scopes) == ("classic", ["site_admin"])
    assert server.token_login
    assert ServerName.objects.get(server=server).host == row["host"]
    event = AuditEvent.objects.get(action="server.add")
    assert (event.subject, event.data["after"]["way_in"]) == (row["host"], "pull")
    assert row["token"] not in str(event.data)


def test_a_server_is_added_with_its_failures_said(pretend: Sandbox, octo: Enterprise, mona: User) -> None:
    row = pretend.server("tokyo")
    server = servers.add(
        enterprise=octo, host=row["host"], way_in="pull", token=wrong(pretend, "TokyoExpired"), by=mona
    )
    assert [(c["key"], c["problem"]) for c in server.checks if c["ok"] is False] == [
        ("identity", "unauthorized")
    ]


def test_a_pushed_server_is_not_called(octo: Enterprise, mona: User) -> None:
    server = servers.add(enterprise=octo, host="nosuch.invalid", way_in="push", by=mona)
    assert (server.checks, server.checked_at, server.token) == ([], None, "")


def test_a_host_is_once_in_an_enterprise_and_again_in_another(
    octo: Enterprise, tokyo: Server, mona: User
) -> None:
    with pytest.raises(servers.AlreadyAdded):
        servers.add(enterprise=octo, host=tokyo.host.upper(), way_in="upload", by=mona)
    other = Enterprise.objects.create(slug="other", name="Other")
    assert servers.add(enterprise=other, host=tokyo.host, way_in="upload", by=mona).enterprise == other


@pytest.mark.parametrize(
    ("typed", "key"),
    [
        ("github.com", "host_is_cloud"),
        ("api.github.com", "host_is_cloud"),
        ("octo.ghe.com", "host_is_cloud"),
        ("127.0.0.1", "host_is_address"),
        ("[::1]", "host_is_address"),
        ("::1", "host_is_address"),
        ("2130706433", "bad_host"),
        ("0x7f.1", "bad_host"),
        ("localhost", "bad_host"),
        ("ghe.octo.example:8443", "bad_host"),
        ("mona@ghe.octo.example", "bad_host"),
        ("http://ghe.octo.example", "bad_host"),
        ("ghe..example", "bad_host"),
        ("-ghe.example", "bad_host"),
        ("ghe_1.example", "bad_host"),
        ("ghe.octo.example\r\nX: y", "bad_host"),
        ("", "bad_host"),
        ("x" * 64 + ".example", "bad_host"),
    ],
)
def test_what_is_no_host_of_a_server(typed: str, key: str, octo: Enterprise, mona: User) -> None:
    with pytest.raises(hosts.BadHost) as refused:
        servers.add(enterprise=octo, host=typed, way_in="upload", by=mona)
    assert refused.value.key == key


@pytest.mark.parametrize(
    ("typed", "host"),
    [
        ("https://ghe.octo.example/login?x", "ghe.octo.example"),
        ("GHE.Octo.Example.", "ghe.octo.example"),
        (" ghe.bücher.example ", "ghe.xn--bcher-kva.example"),
        ("ghe。例え.テスト", "ghe.xn--r8jz45g.xn--zckzah"),
        ("ghe.faß.example", "ghe.xn--fa-hia.example"),
    ],
)
def test_hosts_are_written_as_they_are_called(typed: str, host: str) -> None:
    assert hosts.of_server(typed) == host
    assert hosts.of_server(host) == host


def test_a_new_token_mends_the_connection_and_syncs_at_once(
    pretend: Sandbox, tokyo: Server, mona: User, told: list[str]
) -> None:
    connection, token = broken(tokyo), pretend.server("tokyo")["token"]
    server = servers.replace_token(server=tokyo, token=token, by=mona)
    assert (unseal(server.token), mended(connection), told) == (token, True, ["token_replaced ghe-tokyo"])
    assert token not in str(list(AuditEvent.objects.values()))


@pytest.mark.parametrize("part", ["TokyoExpired", "TokyoNoScope", "TokyoNotSiteAdmin"])
def test_a_refused_token_never_replaces_one_that_may_work(
    part: str, pretend: Sandbox, tokyo: Server, mona: User, told: list[str]
) -> None:
    connection, before = broken(tokyo), tokyo.token
    with pytest.raises(servers.TokenRefused) as refused:
        servers.replace_token(server=tokyo, token=wrong(pretend, part), by=mona)
    assert any(check.ok is False for check in refused.value.checks)
    tokyo.refresh_from_db()
    assert (tokyo.token, mended(connection), told, AuditEvent.objects.count()) == (before, False, [], 0)


def test_a_server_that_answers_again_is_no_longer_broken(
    pretend: Sandbox, tokyo: Server, mona: User, told: list[str]
) -> None:
    connection = broken(tokyo)
    pretend.post_control("break", host="tokyo", kind="token_revoked")
    servers.check(server=tokyo, by=mona)
    assert (mended(connection), told) == (False, [])
    pretend.post_control("repair")
    checked = servers.check(server=tokyo, by=mona)
    assert (mended(connection), told) == (True, ["token_replaced ghe-tokyo"])
    assert checked.checked_at is not None
    servers.check(server=tokyo, by=mona)
    assert told == ["token_replaced ghe-tokyo"]


def test_facts_a_check_did_not_learn_keep_their_value(pretend: Sandbox, tokyo: Server, mona: User) -> None:
    servers.check(server=tokyo, by=mona)
    pretend.post_control("break", host="tokyo", kind="refused")
    checked = servers.check(server=tokyo, by=mona)
    assert (checked.version[:4], checked.license_seats) == ("3.19", 250)


def test_a_token_that_cannot_be_opened_is_said_and_mends_nothing(
    tokyo: Server, mona: User, told: list[str]
) -> None:
    Server.objects.filter(pk=tokyo.pk).update(token="sealed by another console")
    connection = broken(tokyo)
    tokyo.refresh_from_db()
    checked = servers.check(server=tokyo, by=mona)
    assert [check["problem"] for check in checked.checks] == ["sealed"]
    assert (mended(connection), told) == (False, [])


def test_a_token_is_deleted_here(tokyo: Server, mona: User) -> None:
    server = servers.delete_token(server=tokyo, by=mona)
    assert (server.token, server.token_login, server.token_scopes) == ("", "", None)
    assert AuditEvent.objects.get().action == "server.token_delete"


def test_settings_change_and_are_named(pretend: Sandbox, tokyo: Server, mona: User) -> None:
    ca = pretend.ca.read_text()
    servers.change(server=tokyo, by=mona, ca_bundle=ca, managed_by="ldap", way_in="push")
    servers.change(server=tokyo, by=mona, quiet_from=time(22), quiet_to=time(6), managed_by="ldap")
    tokyo.refresh_from_db()
    assert (tokyo.ca_bundle, tokyo.managed_by, tokyo.quiet_to) == (ca, "ldap", time(6))
    first, second = (event.data for event in AuditEvent.objects.order_by("pk"))
    assert sorted(first["after"]) == ["ca_bundle", "managed_by", "way_in"]
    assert first["after"]["ca_bundle"].startswith("sha256:")
    assert second == {
        "before": {"quiet_from": None, "quiet_to": None},
        "after": {"quiet_from": "22:00:00", "quiet_to": "06:00:00"},
    }


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("ca_bundle", "no certificate"),
        ("way_in", "pigeon"),
        ("managed_by", "nobody"),
        ("quiet_from", "22:00"),
        ("quiet_to", time(6)),
        ("web_url", "javascript:alert(1)"),
        ("web_url", "https://mona@ghe.octo.example"),
        ("web_url", "https://[::1"),
        ("host", "other.octo.example"),
        ("token", "ghp_plain"),
        ("enterprise_id", 7),
    ],
)
def test_settings_hold_no_nonsense(field: str, value: object, tokyo: Server, mona: User) -> None:
    with pytest.raises(servers.BadValue) as refused:
        servers.change(server=tokyo, by=mona, **{field: value})
    assert (refused.value.field, AuditEvent.objects.count()) == (field, 0)


def test_a_private_key_is_not_taken_for_a_ca(pretend: Sandbox, tokyo: Server, mona: User) -> None:
    pasted = pretend.ca.read_text() + "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"
    with pytest.raises(servers.BadValue):
        servers.change(server=tokyo, by=mona, ca_bundle=pasted)


def test_a_renamed_server_keeps_its_old_name_with_its_time(
    octo: Enterprise, tokyo: Server, mona: User
) -> None:
    ServerName.objects.create(server=tokyo, host=tokyo.host)
    old = tokyo.host
    server = servers.rename(server=tokyo, host="GHE-new.octo.example", by=mona)
    names = {name.host: name for name in ServerName.objects.filter(server=server)}
    assert (server.host, set(names)) == ("ghe-new.octo.example", {old, "ghe-new.octo.example"})
    assert names[old].to_at is not None
    assert names[old].to_at == names["ghe-new.octo.example"].from_at
    other = Server.objects.create(enterprise=octo, host="other.octo.example")
    with pytest.raises(servers.AlreadyAdded):
        servers.rename(server=other, host=server.host, by=mona)


def test_a_token_is_never_sent_to_the_new_name_of_a_server(tokyo: Server, mona: User) -> None:
    """Else an owner could have a token that nobody sees again sent to a host of their own."""
    assert tokyo.token
    server = servers.rename(server=tokyo, host="ghe-new.octo.example", by=mona)
    server.refresh_from_db()
    assert (server.token, server.token_login, server.token_kind) == ("", "", "")


def test_a_name_begins_in_the_time_of_the_enterprise_as_what_github_says_of_it(
    octo: Enterprise, tokyo: Server, mona: User
) -> None:
    """Rows are evidence for the name a server had when GitHub synced it: both times must be of one clock."""
    Enterprise.objects.filter(pk=octo.pk).update(sandbox=True, clock_offset=86_400)
    server = servers.rename(server=tokyo, host="ghe-new.octo.example", by=mona)
    day_to_come = timezone.now() + timedelta(hours=23)
    assert server.names.filter(host=server.host, from_at__gt=day_to_come).exists()


def test_a_removed_server_takes_its_connection_along(tokyo: Server, mona: User, told: list[str]) -> None:
    connection = broken(tokyo)
    ConnectedFeature.objects.create(connection=connection, key=KEY, by_login="mona", at=timezone.now())
    servers.remove(server=tokyo, by=mona)
    assert (Server.objects.count(), Connection.objects.count(), ConnectedFeature.objects.count()) == (0, 0, 0)
    assert told == ["server_removed ghe-tokyo"]
    assert AuditEvent.objects.get().subject == "ghe-tokyo.octo-corp.example"

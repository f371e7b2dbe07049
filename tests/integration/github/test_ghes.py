"""One instance, read over real https from pretend GitHub; its troubles, each by its key."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from ghconnect.github.errors import GitHubError
from ghconnect.github.ghes import Server
from ghconnect.github.http import GitHubSession
from tests.support.sandbox import Sandbox


def token(sandbox: Sandbox, part: str) -> str:
    """One of the tokens that show what goes wrong."""
    found = (row["token"] for row in sandbox.world["wrong_tokens"] if part in row["token"])
    return str(next(found))


@pytest.fixture
def tokyo(pretend: Sandbox, session: GitHubSession) -> Server:
    row = pretend.server("tokyo")
    return Server(session, row["host"], row["token"])


def read(server: Server) -> bytes:
    with server.users_report() as report:
        return b"".join(report.chunks)


def key_of(server: Server) -> GitHubError:
    with pytest.raises(GitHubError) as failed:
        read(server)
    return failed.value


def test_the_instance_and_its_token_are_known(tokyo: Server) -> None:
    assert tokyo.meta().installed_version.startswith("3.19")
    me = tokyo.me()
    assert (me.kind, me.site_admin, me.scopes) == ("classic", True, ("site_admin",))
    assert me.login


def test_license_and_stats_are_read(tokyo: Server) -> None:
    found = tokyo.license()
    assert (found.seats, found.kind) == (250, "standard")
    assert 0 < found.seats_used <= 96
    assert found.days_until_expiration is not None
    assert tokyo.stats().total_users == 96


def test_the_report_is_whole_and_knows_its_age(tokyo: Server) -> None:
    with tokyo.users_report() as report:
        lines = b"".join(report.chunks).decode().splitlines()
        assert report.status == 200
        assert report.observed_at is not None
        assert abs(datetime.now(UTC) - report.observed_at) < timedelta(hours=1)
    assert len(lines) == 97
    assert lines[0].startswith("created_at,id,login,email,role,suspended?")


def test_a_cached_report_tells_its_own_age(tokyo: Server, pretend: Sandbox) -> None:
    pretend.post_control("break", host="tokyo", kind="old_report")
    with tokyo.users_report() as report:
        assert report.observed_at is not None
        assert datetime.now(UTC) - report.observed_at > timedelta(days=1)


@pytest.mark.parametrize(
    ("kind", "value", "key", "permanent"),
    [
        ("unauthorized", None, "unauthorized", True),
        ("rate_limit", 90, "rate", False),
        ("secondary_limit", 75, "secondary_rate", False),
        ("not_found", None, "not_site_admin", True),
        ("server_error", 500, "server_error", False),
        ("server_error", 503, "server_error", False),
        ("refused", None, "refused", False),
        ("cut_length", None, "truncated", False),
        ("cut_chunked", None, "truncated", False),
        ("accepted", None, "preparing", False),
        ("slow", 5, "timeout", False),
        ("token_revoked", None, "unauthorized", True),
    ],
)
def test_each_trouble_has_its_key(
    kind: str, value: float | None, key: str, permanent: bool, tokyo: Server, pretend: Sandbox
) -> None:
    tokyo.me()
    pretend.post_control("break", host="tokyo", kind=kind, value=value)
    failed = key_of(tokyo)
    assert (failed.key, failed.permanent, failed.params["host"]) == (key, permanent, tokyo.host)
    waits = {"rate_limit": 90, "secondary_limit": 75}
    assert failed.retry_after == (timedelta(seconds=waits[kind]) if kind in waits else None)


def test_an_empty_answer_is_not_a_report(tokyo: Server, pretend: Sandbox) -> None:
    tokyo.me()
    pretend.post_control("break", host="tokyo", kind="empty")
    assert key_of(tokyo).key == "bad_answer"


def test_an_empty_answer_is_not_an_instance(tokyo: Server, pretend: Sandbox) -> None:
    pretend.post_control("break", host="tokyo", kind="empty")
    with pytest.raises(GitHubError, match="wrong_host"):
        tokyo.meta()


def test_a_report_that_is_ready_later(tokyo: Server, pretend: Sandbox) -> None:
    pretend.post_control("settings", report_seconds=30)
    pretend.post_control("suspend", host="tokyo", login="fatima-zahra", suspended=False)
    assert key_of(tokyo).key == "preparing"
    pretend.post_control("settings", report_seconds=0)
    assert read(tokyo).count(b"\n") == 97


@pytest.mark.parametrize(
    ("part", "key"),
    [
        ("TokyoNoScope", "not_site_admin"),
        ("TokyoNotSiteAdmin", "not_site_admin"),
        ("TokyoExpired", "unauthorized"),
    ],
)
def test_wrong_tokens(part: str, key: str, pretend: Sandbox, session: GitHubSession) -> None:
    failed = key_of(Server(session, pretend.server("tokyo")["host"], token(pretend, part)))
    assert (failed.key, failed.permanent) == (key, True)


def test_the_account_is_named_when_it_is_no_site_administrator(
    pretend: Sandbox, session: GitHubSession
) -> None:
    failed = key_of(Server(session, pretend.server("tokyo")["host"], token(pretend, "TokyoNotSiteAdmin")))
    assert failed.params["login"] == "fatima-zahra"


def test_an_instance_that_was_retired_or_renamed_does_not_answer(tokyo: Server, pretend: Sandbox) -> None:
    for kind in ("retired", "renamed"):
        pretend.post_control("break", host="tokyo", kind=kind)
        with pytest.raises(GitHubError) as failed:
            tokyo.meta()
        assert (failed.value.key, failed.value.permanent) == ("refused", False)
        pretend.post_control("repair")


def test_an_air_gapped_instance_is_not_reached(pretend: Sandbox, session: GitHubSession) -> None:
    plant = pretend.server("plant")
    with pytest.raises(GitHubError) as failed:
        Server(session, plant["host"], plant["token"]).meta()
    assert failed.value.key == "refused"


def test_scim_users_are_read_page_by_page(pretend: Sandbox, session: GitHubSession) -> None:
    row = next(server for server in pretend.world["servers"] if server["scim"])
    server = Server(session, row["host"], row["token"])
    users = list(server.scim_users("octo-corp"))
    assert len(users) == read(server).count(b"\n") - 1
    assert any(user.active and "@" in user.email for user in users)


def test_an_instance_without_scim_says_so(tokyo: Server) -> None:
    with pytest.raises(GitHubError) as failed:
        list(tokyo.scim_users("octo-corp"))
    assert (failed.value.key, failed.value.permanent) == ("no_scim", False)

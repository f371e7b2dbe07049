"""An enterprise account, read over real https from pretend GitHub; its troubles, each by its key."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from ghconnect.github.errors import GitHubError
from ghconnect.github.ghec import Enterprise
from ghconnect.github.http import GitHubSession
from ghconnect.records import IDENTITY_KINDS, Identity
from tests.integration.github.test_ghes import token
from tests.support.sandbox import Sandbox

HOST = "github.octo-corp.example"


@pytest.fixture
def octo(pretend: Sandbox, session: GitHubSession) -> Enterprise:
    return Enterprise(session, HOST, "octo-corp", pretend.world["enterprise"]["token"])


def failed(enterprise: Enterprise) -> GitHubError:
    with pytest.raises(GitHubError) as found:
        enterprise.consumed_licenses(1)
    return found.value


def test_every_page_of_the_license_report_is_read(octo: Enterprise, pretend: Sandbox) -> None:
    first = octo.consumed_licenses(1)
    pages = [first, *(octo.consumed_licenses(number) for number in range(2, first.last + 1))]
    rows = [row for page in pages for row in page.rows]
    assert [page.last for page in pages] == [first.last] * first.last
    assert {page.total_seats_consumed for page in pages} == {236}
    assert first.total_seats_purchased == 250
    assert sum(row.github_com_user and row.enterprise_server_user for row in rows) == 92
    assert {row.license_type for row in rows} == {"enterprise", "visual studio subscription"}


def test_server_statistics_are_read_day_by_day(octo: Enterprise) -> None:
    today = datetime.now(UTC).date()
    found = octo.server_statistics(today - timedelta(days=3), today)
    hosts = {day.host.split(".")[0] for day in found}
    assert hosts == {"ghe-tokyo", "ghe-osaka", "ghe-nagoya"}
    assert len(found) == 9
    tokyo = next(day for day in found if day.host.startswith("ghe-tokyo"))
    assert tokyo.features[0] == "license_usage_sync"
    assert (tokyo.version, tokyo.total_users, tokyo.dormancy_threshold) == ("3.19.2", 96, "90 days")


def test_what_github_still_allows_is_known_for_each_kind_of_request(octo: Enterprise) -> None:
    octo.consumed_licenses(1)
    first = octo.left["core"]
    octo.consumed_licenses(2)
    octo.license_sync_status()
    assert octo.left["core"].remaining < first.remaining
    assert first.limit == 5000
    assert first.reset > datetime.now(UTC)


def test_a_long_read_leaves_requests_to_others(octo: Enterprise, pretend: Sandbox) -> None:
    """It pauses until GitHub counts anew; who looks once, a check of a token, is not kept from it."""
    pretend.post_control("break", host="ghec", kind="scarce", value=499)
    octo.consumed_licenses(1)
    octo.consumed_licenses(2)
    octo.least = 500
    error = failed(octo)
    assert (error.key, error.permanent) == ("rate", False)
    assert error.retry_after is not None
    assert abs(datetime.now(UTC) + error.retry_after - octo.left["core"].reset) < timedelta(seconds=5)
    octo.least = 499
    octo.consumed_licenses(2)


def test_one_page_is_the_last_page(octo: Enterprise) -> None:
    assert octo.visual_studio_subscriptions(1).last == 1


def test_the_sync_status_is_read_in_githubs_words(octo: Enterprise) -> None:
    by_host = {status.host.split(".")[0]: status for status in octo.license_sync_status()}
    assert by_host["ghe-tokyo"].status == "success"
    assert by_host["ghe-old"].date is not None
    assert by_host["ghe-old"].date.year == 2024


def test_visual_studio_subscribers_are_read(octo: Enterprise) -> None:
    page = octo.visual_studio_subscriptions(1)
    assert page.total == len(page.subscriptions)
    assert any(row.login for row in page.subscriptions)


def test_the_token_tells_whose_it_is(octo: Enterprise) -> None:
    me = octo.me()
    assert (me.kind, me.scopes) == ("classic", ("admin:enterprise", "admin:org", "read:enterprise"))


@pytest.mark.parametrize(
    ("kind", "value", "key", "permanent"),
    [
        ("unauthorized", None, "unauthorized", True),
        ("rate_limit", 90, "rate", False),
        ("secondary_limit", 75, "secondary_rate", False),
        ("not_found", None, "not_found_ghec", True),
        ("server_error", 502, "server_error", False),
        ("refused", None, "refused", False),
        ("cut_length", None, "truncated", False),
        ("cut_chunked", None, "truncated", False),
        ("empty", None, "bad_answer", False),
        ("slow", 5, "timeout", False),
    ],
)
def test_each_trouble_has_its_key(
    kind: str, value: float | None, key: str, permanent: bool, octo: Enterprise, pretend: Sandbox
) -> None:
    pretend.post_control("break", host="ghec", kind=kind, value=value)
    error = failed(octo)
    assert (error.key, error.permanent) == (key, permanent)
    waits = {"rate_limit": 90, "secondary_limit": 75}
    assert error.retry_after == (timedelta(seconds=waits[kind]) if kind in waits else None)


@pytest.mark.parametrize(
    ("part", "key", "scopes"),
    [
        ("NoScope", "not_found_ghec", "repo"),
        ("NotAnOwner", "not_found_ghec", "read:enterprise"),
        ("NoSingleSignOn", "sso", None),
        ("PRETENDExpired", "unauthorized", None),
        ("FineGrained", "token_kind", None),
    ],
)
def test_wrong_tokens(
    part: str, key: str, scopes: str | None, pretend: Sandbox, session: GitHubSession
) -> None:
    error = failed(Enterprise(session, HOST, "octo-corp", token(pretend, part)))
    assert (error.key, error.permanent, error.params.get("scopes")) == (key, True, scopes)


def test_a_wrong_name_is_said_with_the_other_two_causes(pretend: Sandbox, session: GitHubSession) -> None:
    error = failed(Enterprise(session, HOST, "octo corp/..", pretend.world["enterprise"]["token"]))
    assert (error.key, error.params["slug"]) == ("not_found_ghec", "octo corp/..")


def test_pages_that_shift_change_their_totals(octo: Enterprise, pretend: Sandbox) -> None:
    pretend.post_control("break", host="ghec", kind="shifting")
    totals = {octo.consumed_licenses(number).total_seats_consumed for number in (1, 2)}
    assert len(totals) == 2


def test_the_enterprise_is_described(octo: Enterprise) -> None:
    facts = octo.facts()
    assert (facts.slug, facts.viewer_is_admin, facts.total_licenses) == ("octo-corp", True, 250)


def test_identities_are_read_with_their_kinds(octo: Enterprise) -> None:
    page = octo.identities(first=50)
    seen: list[Identity] = []
    while True:
        seen += page.identities
        assert page.readable
        if page.end_cursor is None:
            break
        page = octo.identities(page.end_cursor, first=50)
    assert {identity.kind for identity in seen} <= set(IDENTITY_KINDS)
    assert len({identity.kind for identity in seen}) > 1
    assert all(identity.login and identity.value for identity in seen)


def test_members_are_read_with_their_numbers(octo: Enterprise) -> None:
    page = octo.members(first=100)
    found = dict(page.database_ids)
    while page.end_cursor is not None:
        page = octo.members(page.end_cursor, first=100)
        found |= page.database_ids
    assert len(found) == page.total
    assert "jdoe" in found


def test_servers_are_listed_with_whether_they_are_connected(octo: Enterprise) -> None:
    page = octo.installations(first=4)
    assert page.readable
    assert page.end_cursor is not None
    found = page.connected | octo.installations(page.end_cursor, first=4).connected
    states = {host.partition(".")[0]: state for host, state in found.items()}
    assert (states["ghe-tokyo"], states["ghe-old"], states["ghe-plant"]) == (True, True, False)


def test_graphql_refuses_like_the_report(pretend: Sandbox, session: GitHubSession) -> None:
    with pytest.raises(GitHubError) as found:
        Enterprise(session, HOST, "octo-corp", token(pretend, "NoScope")).facts()
    assert found.value.key == "not_found_ghec"

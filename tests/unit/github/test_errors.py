"""Answers that are failures: one class each, and how long to wait."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ghconnect.github.errors import Asked, GitHubError, check, http_date, retry_after

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
CLOUD = Asked("api.github.com", slug="octo-corp", kind="classic", not_found="not_found_ghec")


@dataclass
class Said:
    status: int
    headers: dict[str, str] = field(default_factory=dict)
    message: str = ""


def error(status: int, message: str = "", asked: Asked = CLOUD, **headers: str) -> GitHubError:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    with pytest.raises(GitHubError) as found:
        check(Said(status, named, message), asked, NOW)
    return found.value


IP_LIST = (
    "The `octo-corp` enterprise has an IP allow list enabled, and 192.0.2.1 is not permitted to access it."
)


@pytest.mark.parametrize(
    ("found", "key", "permanent"),
    [
        (error(401), "unauthorized", True),
        (error(404), "not_found_ghec", True),
        (error(404, asked=Asked("h")), "wrong_host", True),
        (error(404, asked=Asked("h", not_found="not_site_admin")), "not_site_admin", True),
        (error(403, asked=Asked("h", not_found="not_site_admin")), "not_site_admin", True),
        (error(404, asked=Asked("h", kind="fine-grained", not_found="not_found_ghec")), "token_kind", True),
        (error(403, asked=Asked("h", kind="GitHub App", not_found="not_found_ghec")), "token_kind", True),
        (error(403, x_github_sso="required; url=https://github.com/sso"), "sso", True),
        (error(403, IP_LIST), "ip_list", True),
        (error(403), "forbidden", True),
        (error(403, "Maximum number of login attempts exceeded."), "unauthorized", True),
        (error(403, x_ratelimit_remaining="0"), "rate", False),
        (error(429), "secondary_rate", False),
        (error(403, "You have exceeded a secondary rate limit"), "secondary_rate", False),
        (error(403, retry_after="5"), "secondary_rate", False),
        (error(202), "preparing", False),
        (error(500), "server_error", False),
        (error(503, retry_after="120"), "server_error", False),
        (error(204), "bad_answer", False),
        (error(206), "bad_answer", False),
        (error(304), "bad_answer", False),
        (error(410), "bad_answer", False),
    ],
)
def test_each_answer_has_its_class(found: GitHubError, key: str, permanent: bool) -> None:
    assert (found.key, found.permanent) == (key, permanent)


def test_200_is_no_error() -> None:
    check(Said(200), CLOUD, NOW)


def test_partial_single_sign_on_is_no_refusal() -> None:
    assert error(403, x_github_sso="partial-results; organizations=1,2").key == "forbidden"


def test_the_three_causes_of_404_are_told_with_the_scopes_github_saw() -> None:
    assert error(404, x_oauth_scopes="repo, user").params == {
        "host": "api.github.com",
        "slug": "octo-corp",
        "kind": "classic",
        "scopes": "repo, user",
    }
    assert "scopes" not in error(404).params


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "90"}, 90),
        ({"retry-after": "0"}, 0),
        ({"retry-after": "999999999"}, 6 * 3600),
        ({"retry-after": "Tue, 24 Nov 2026 12:01:00 GMT"}, 60),
        ({"retry-after": "Tue, 24 Nov 2026 11:00:00 GMT"}, 0),
        ({"retry-after": "Tue, 24 Nov 2026 12:01:00 GMT", "date": "Tue, 24 Nov 2026 12:00:30 GMT"}, 30),
        ({"x-ratelimit-remaining": "0", "x-ratelimit-reset": str(int(NOW.timestamp()) + 600)}, 600),
        (
            {
                "x-ratelimit-remaining": "0",
                "x-ratelimit-reset": str(int(NOW.timestamp()) + 600),
                "date": "Tue, 24 Nov 2026 12:05:00 GMT",
            },
            300,
        ),
        ({"x-ratelimit-remaining": "5", "x-ratelimit-reset": str(int(NOW.timestamp()) + 600)}, None),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "-5"}, None),
        ({}, None),
    ],
)
def test_how_long_to_wait(headers: dict[str, str], seconds: int | None) -> None:
    assert retry_after(headers, NOW) == (None if seconds is None else timedelta(seconds=seconds))


@given(
    st.dictionaries(
        st.sampled_from(["retry-after", "date", "x-ratelimit-remaining", "x-ratelimit-reset"]),
        st.text(max_size=40) | st.integers().map(str) | st.just("0"),
    )
)
def test_no_header_can_make_the_wait_absurd_or_fail(headers: dict[str, str]) -> None:
    wait = retry_after(headers, NOW)
    assert wait is None or timedelta(0) <= wait <= timedelta(hours=6)


@given(st.text(max_size=60))
def test_any_text_is_a_date_in_utc_or_none(text: str) -> None:
    found = http_date(text)
    assert found is None or found.utcoffset() == timedelta(0)

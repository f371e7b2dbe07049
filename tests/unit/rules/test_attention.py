"""Attention: the storyline's five items in their order, and each cause."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from licensing.rules.attention import (
    AttentionFacts,
    CloudFacts,
    ServerFacts,
    UnknownHost,
    attention,
)
from licensing.rules.states import State

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
DAY = timedelta(days=1)
FRESH, SYNCED = State("fresh", NOW), State("synced", NOW - DAY)
HELD = State("held", NOW - 4 * DAY, {"n": 41, "m": 44, "l": 12})
FAILING = State("failing", NOW - 3 * DAY, {"reason": "unauthorized", "n": 5})
SILENT = State("silent", NOW - 33 * DAY, {"n": 33})
STALE_THERE = State("synced_stale", NOW - 26 * DAY)


def test_the_week_before_renewal() -> None:
    servers = (
        ServerFacts("ghe-tokyo", FRESH, SYNCED, licenses=60),
        ServerFacts("ghe-berlin", HELD, SYNCED, licenses=30, releases=12),
        ServerFacts("ghe-nagoya", FAILING, SYNCED, licenses=9),
        ServerFacts("ghe-osaka", FRESH, STALE_THERE, licenses=40, pending=7),
        ServerFacts("ghe-plant", SILENT, State("uploaded", NOW - DAY), licenses=3),
    )
    old = UnknownHost("ghe-old", 5, datetime(2024, 3, 14, tzinfo=UTC))
    cloud = CloudFacts(consumed=236, consumed_before=236, purchased=250)
    found = attention(AttentionFacts(servers, (old,), cloud), NOW)
    assert [(one.subject, one.key, one.licenses, one.verb) for one in found] == [
        ("ghe-berlin", "held", 12, "review"),
        ("ghe-nagoya", "failing", 9, "remedy"),
        ("ghe-osaka", "github_stale", 7, "open_on_the_instance"),
        ("ghe-old", "unknown_server", 5, "see_people"),
        ("ghe-plant", "silent", 3, "show_how"),
    ]
    assert found[0].params == {"n": 41, "m": 44, "l": 12}
    assert (found[2].since, found[2].params) == (NOW - 26 * DAY, {"date": NOW - 26 * DAY})


def test_a_host_of_a_known_servers_id_is_asked_about_and_not_called_unknown() -> None:
    (found,) = attention(AttentionFacts((), (UnknownHost("ghe-lab", 2, NOW, "ghe-tokyo"),)), NOW)
    assert (found.key, found.verb, found.licenses) == ("moved_or_copied", "answer", 2)
    assert found.params == {"twin": "ghe-tokyo"}


@pytest.mark.parametrize("key", ["disconnected", "disabled", "syncing", "fresh"])
def test_states_that_need_nobody(key: str) -> None:
    assert attention(AttentionFacts((ServerFacts("h", State(key), State("not_reported")),)), NOW) == []


@pytest.mark.parametrize(
    ("state", "added", "found"),
    [
        (State("never_synced"), NOW - DAY, []),
        (State("never_synced"), NOW - 8 * DAY, []),
        (State("never_synced"), NOW - 9 * DAY, ["github_never_synced"]),
        (State("never_synced"), None, ["github_never_synced"]),
        (State("failed", NOW, {"words": "no route"}), NOW, ["github_failed"]),
        (State("uploaded_stale", NOW), NOW, ["github_upload_stale"]),
        (State("uploaded", NOW), NOW, []),
        (State("not_reported"), NOW, []),
    ],
)
def test_the_clock_at_github(state: State, added: datetime | None, found: list[str]) -> None:
    facts = AttentionFacts((ServerFacts("h", FRESH, state, added_at=added),))
    assert [item.key for item in attention(facts, NOW)] == found


@pytest.mark.parametrize(
    ("cloud", "key", "licenses"),
    [
        (CloudFacts(unexplained=-3), "not_explained", 3),
        (CloudFacts(consumed=100, consumed_before=1304), "count_fell", 1204),
        (CloudFacts(consumed=318, purchased=250), "over_purchased", 68),
        (CloudFacts(consumed=236, failing_since=NOW, reason="unauthorized"), "cloud_failing", 236),
        (CloudFacts(consumed=236, held={"n": 50}, held_at=NOW), "cloud_held", 236),
        (CloudFacts(consumed=236, token_ends_at=NOW + 14 * DAY), "token_ends", 236),
        (CloudFacts(consumed=236, token_ends_at=NOW - DAY), "token_ends", 236),
    ],
)
def test_the_side_of_github(cloud: CloudFacts, key: str, licenses: int) -> None:
    (one,) = attention(AttentionFacts(cloud=cloud), NOW)
    assert (one.key, one.licenses, one.subject) == (key, licenses, "")


@pytest.mark.parametrize(
    "cloud",
    [
        CloudFacts(),
        CloudFacts(consumed=237, purchased=250, consumed_before=237),
        CloudFacts(consumed=251, purchased=None, consumed_before=250),
        CloudFacts(token_ends_at=NOW + 15 * DAY),
    ],
)
def test_nothing_is_made_up(cloud: CloudFacts) -> None:
    assert attention(AttentionFacts(cloud=cloud), NOW) == []


@pytest.mark.parametrize(
    ("consumed", "found"),
    [(237, []), (238, ["limit_near"]), (250, ["limit_near"]), (251, ["over_purchased"])],
)
def test_close_to_the_limit_until_it_is_passed(consumed: int, found: list[str]) -> None:
    cloud = CloudFacts(consumed=consumed, purchased=250)
    assert [item.key for item in attention(AttentionFacts(cloud=cloud), NOW)] == found


def test_the_license_of_an_instance_ends() -> None:
    def found(days: int) -> list[str]:
        server = ServerFacts("h", FRESH, SYNCED, license_ends_at=NOW + days * DAY)
        return [item.key for item in attention(AttentionFacts((server,)), NOW)]

    assert (found(15), found(14), found(-1)) == ([], ["license_ends"], ["license_ends"])


def test_equal_ones_by_age_and_those_without_a_time_last() -> None:
    states = [State("late", None), State("late", NOW), State("late", NOW - DAY)]
    servers = tuple(ServerFacts(f"h{n}", state, SYNCED) for n, state in enumerate(states))
    assert [item.subject for item in attention(AttentionFacts(servers), NOW)] == ["h2", "h1", "h0"]


SERVERS = st.builds(
    ServerFacts,
    st.sampled_from(["a", "b", "c"]),
    st.sampled_from([FRESH, HELD, FAILING, SILENT, State("late", None)]),
    st.sampled_from([SYNCED, STALE_THERE]),
    st.integers(0, 3),
    st.integers(0, 3),
    st.integers(0, 3),
)


@given(st.lists(SERVERS, max_size=6, unique_by=lambda server: server.host))
def test_most_licenses_first_whatever_the_order(servers: list[ServerFacts]) -> None:
    found = attention(AttentionFacts(tuple(servers)), NOW)
    licenses = [item.licenses for item in found]
    assert licenses == sorted(licenses, reverse=True)
    assert attention(AttentionFacts(tuple(servers[::-1])), NOW) == found
    names = [(item.key, item.subject) for item in found]
    assert len(names) == len(set(names))

"""States: the first that is true, from top to bottom."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from licensing.rules.states import (
    ConsoleFacts,
    GitHubFacts,
    Thresholds,
    cadence,
    console_state,
    github_state,
)

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
ORDER = [
    "disconnected",
    "disabled",
    "syncing",
    "held",
    "failing",
    "silent",
    "never_synced",
    "stale",
    "late",
    "fresh",
]

# What makes each state true, in the order of the table; each later one is overruled by those before.
CAUSES: list[dict[str, object]] = [
    {"connected": False},
    {"enabled": False},
    {"moving": {"a": 2, "b": 5, "n": 7}, "moving_at": NOW - HOUR},
    {"held": {"n": 41, "m": 44, "l": 12}, "held_at": NOW - DAY},
    {"failing_since": NOW - 3 * DAY, "attempts": 9, "reason": "unauthorized", "picture_at": NOW - 4 * DAY},
    {"way_in": "upload", "last_contact": NOW - 33 * DAY},
    {"last_success": None},
    {"last_success": NOW - 16 * DAY},
    {"due_at": NOW - 25 * HOUR},
    {},
]
GOOD: dict[str, object] = {
    "connected": True,
    "enabled": True,
    "last_contact": NOW - 3 * HOUR,
    "last_success": NOW - 3 * HOUR,
    "due_at": NOW + 6 * DAY,
}


@pytest.mark.parametrize("place", range(len(ORDER)))
def test_each_state_overrules_those_below(place: int) -> None:
    facts = dict(GOOD)
    for cause in reversed(CAUSES[place:]):
        facts |= cause
    assert console_state(ConsoleFacts(**facts), NOW).key == ORDER[place]  # type: ignore[arg-type]


@pytest.mark.parametrize("place", range(len(ORDER)))
def test_each_state_by_its_cause_alone(place: int) -> None:
    facts = ConsoleFacts(**{**GOOD, **CAUSES[place]})  # type: ignore[arg-type]
    assert console_state(facts, NOW).key == ORDER[place]


def test_what_the_sentences_say() -> None:
    failing = console_state(ConsoleFacts(**{**GOOD, **CAUSES[4]}), NOW)  # type: ignore[arg-type]
    assert failing.at == NOW - 3 * DAY
    assert failing.params == {
        "n": 9,
        "reason": "unauthorized",
        "date": NOW - 3 * DAY,
        "date2": NOW - 4 * DAY,
    }
    silent = console_state(ConsoleFacts(**{**GOOD, **CAUSES[5]}), NOW)  # type: ignore[arg-type]
    assert (silent.at, silent.params) == (NOW - 33 * DAY, {"n": 33})


@pytest.mark.parametrize(
    ("facts", "key"),
    [
        ({"last_contact": NOW - 14 * DAY, "way_in": "push"}, "fresh"),
        ({"last_contact": NOW - 14 * DAY - HOUR, "way_in": "push"}, "silent"),
        ({"last_contact": NOW - 90 * DAY, "way_in": "pull"}, "fresh"),
        ({"last_contact": None, "enabled_at": NOW - 20 * DAY, "way_in": "push"}, "silent"),
        ({"last_contact": None, "last_success": None, "way_in": "push"}, "never_synced"),
        ({"last_success": NOW - 15 * DAY}, "fresh"),
        ({"due_at": NOW - 24 * HOUR}, "fresh"),
        ({"due_at": None}, "fresh"),
    ],
)
def test_thresholds_are_passed_not_reached(facts: dict[str, object], key: str) -> None:
    assert console_state(ConsoleFacts(**{**GOOD, **facts}), NOW).key == key  # type: ignore[arg-type]


def test_thresholds_are_settings() -> None:
    limits = Thresholds(stale=HOUR)
    assert console_state(ConsoleFacts(**GOOD), NOW, limits).key == "stale"  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("facts", "key", "params"),
    [
        (GitHubFacts(False), "not_reported", {}),
        (GitHubFacts(True), "never_synced", {"words": ""}),
        (GitHubFacts(True, None, "never"), "never_synced", {"words": "never"}),
        (GitHubFacts(True, NOW - DAY, "success"), "synced", {}),
        (GitHubFacts(True, NOW - 8 * DAY, "success"), "synced", {}),
        (GitHubFacts(True, NOW - 8 * DAY - HOUR, "success"), "synced_late", {}),
        (GitHubFacts(True, NOW - 15 * DAY, "success"), "synced_late", {}),
        (GitHubFacts(True, NOW - 15 * DAY - HOUR, "success"), "synced_stale", {}),
        (GitHubFacts(True, NOW - 2 * DAY - HOUR, "success", cadence=DAY), "synced_late", {}),
        (GitHubFacts(True, NOW - 20 * DAY, "success", cadence=30 * DAY), "synced", {}),
        (GitHubFacts(True, NOW - 32 * DAY, "success", cadence=30 * DAY), "synced_stale", {}),
        (GitHubFacts(True, NOW - 26 * DAY, "success"), "synced_stale", {}),
        (GitHubFacts(True, NOW - DAY, "success", kind="upload"), "uploaded", {}),
        (GitHubFacts(True, NOW - 33 * DAY, "success", kind="upload"), "uploaded_stale", {}),
        (GitHubFacts(True, NOW, "failure", "no route"), "failed", {"words": "no route"}),
        (GitHubFacts(True, NOW, "Success?"), "failed", {"words": "Success?"}),
        (GitHubFacts(True, None, "", "no route"), "failed", {"words": "no route"}),
        (GitHubFacts(True, NOW, ""), "failed", {"words": ""}),
    ],
)
def test_states_at_github(facts: GitHubFacts, key: str, params: dict[str, object]) -> None:
    found = github_state(facts, NOW)
    assert (found.key, found.params) == (key, params)
    assert found.at == (facts.date if key not in {"not_reported", "never_synced"} else None)


@given(st.text(), st.text(), st.none() | st.just(NOW))
def test_unknown_words_are_never_a_success(status: str, error: str, date: datetime | None) -> None:
    found = github_state(GitHubFacts(True, date, status, error), NOW)
    assert (found.key == "synced") == (status == "success" and date is not None)


def test_the_rhythm_of_a_server_is_learnt_from_its_own_syncs() -> None:
    def every(step: timedelta, times: int) -> list[datetime]:
        return [NOW - n * step for n in range(times)]

    assert cadence([]) == cadence(every(DAY, 3)) == 7 * DAY
    assert cadence(every(DAY, 4)) == DAY
    assert cadence(every(14 * DAY, 9)) == 14 * DAY
    # Sync now, pressed again and again, is no rhythm; one long gap does not make a slow one.
    assert cadence(every(HOUR, 30)) == 7 * DAY
    assert cadence([*every(DAY, 8), NOW - 60 * DAY]) == DAY
    # What was daily until a season ago and is weekly now is weekly.
    assert cadence([*every(7 * DAY, 9), *[NOW - 100 * DAY - n * DAY for n in range(30)]]) == 7 * DAY

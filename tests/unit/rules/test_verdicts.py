"""Verdicts: each row of the table, and that every account has exactly one."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from licensing.rules.verdicts import EFFECT, LINE_ORDER, RowSays, VerdictInput, verdict

SYNC = datetime(2026, 11, 22, tzinfo=UTC)
BEFORE, AFTER = SYNC - timedelta(days=1), SYNC + timedelta(days=1)
KEY = "jane@x.example"
TO_SEVEN = RowSays(True, 7, (KEY,))
ALONE = RowSays(True, None, (KEY,))


def say(row: RowSays | None, **facts: object) -> str:
    plain: dict[str, object] = {"key": KEY, "consumes": True, "last_sync": SYNC}
    return verdict(VerdictInput(row=row, **{**plain, **facts}))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("row", "facts", "key"),
    [
        (TO_SEVEN, {"explained_cloud_id": 7}, "agreed"),
        (TO_SEVEN, {}, "joined_unseen"),
        (RowSays(True, 7, ()), {}, "joined_unseen"),
        (TO_SEVEN, {"key": "new@x.example"}, "may_split"),
        (TO_SEVEN, {"key": ""}, "may_split"),
        (TO_SEVEN, {"key": "new@x.example", "explained_cloud_id": 7}, "agreed"),
        (TO_SEVEN, {"explained_cloud_id": 3}, "conflict"),
        (ALONE, {"cloud_id": 7, "matched_at": AFTER}, "will_join"),
        (ALONE, {"cloud_id": 7, "matched_at": None}, "will_join"),
        (ALONE, {"cloud_id": 7, "matched_at": SYNC}, "will_join"),
        (ALONE, {"cloud_id": 7, "matched_at": AFTER, "last_sync": None}, "will_join"),
        (ALONE, {"cloud_id": 7, "matched_at": BEFORE}, "should_have_joined"),
        (ALONE, {"joins_other": True, "matched_at": AFTER}, "will_join"),
        (ALONE, {"joins_other": True, "matched_at": BEFORE}, "should_have_joined"),
        (ALONE, {"row_parts": True}, "will_part"),
        (ALONE, {}, "alone"),
        (None, {}, "new_since"),
        (None, {"never_synced": True, "last_sync": None}, "never_received"),
        (None, {"consumes": False}, "not_counted"),
        (TO_SEVEN, {"consumes": False, "stopped_at": AFTER}, "gone_since"),
        (ALONE, {"consumes": False, "stopped_at": AFTER}, "gone_since"),
        (ALONE, {"consumes": False, "stopped_at": BEFORE}, "gone_but_counted"),
        (ALONE, {"consumes": False, "stopped_at": BEFORE, "last_sync": None}, "gone_since"),
        (RowSays(False, 7, ()), {}, "other_account"),
        (RowSays(False, None, ()), {"consumes": False}, "other_account"),
        (None, {"known_server": False}, "unknown_server"),
        (TO_SEVEN, {"known_server": False}, "unknown_server"),
    ],
)
def test_the_table(row: RowSays | None, facts: dict[str, object], key: str) -> None:
    assert say(row, **facts) == key


IDS = st.none() | st.integers(1, 2)
TIMES = st.none() | st.sampled_from([BEFORE, SYNC, AFTER])
ROWS = st.builds(RowSays, st.booleans(), IDS, st.sampled_from([(), (KEY,), ("old@x.example",)]))
BOOLEANS = st.booleans()


@given(
    st.builds(
        VerdictInput,
        st.sampled_from(["", KEY]),
        BOOLEANS,
        st.none() | ROWS,
        IDS,
        IDS,
        BOOLEANS,
        BOOLEANS,
        TIMES,
        BOOLEANS,
        TIMES,
        TIMES,
        BOOLEANS,
    )
)
def test_every_account_has_one(given_: VerdictInput) -> None:
    key = verdict(given_)
    assert key in EFFECT
    assert not (EFFECT[key] > 0 and given_.row is not None and given_.row.cloud_id is not None)
    assert key != "should_have_joined" or given_.last_sync is not None  # nobody is accused without a sync


def test_usual_effects() -> None:
    up = {"new_since", "never_received", "will_part"}
    down = {"gone_since", "will_join"}
    assert {key: (key in up) - (key in down) for key in LINE_ORDER} == EFFECT


def test_lines_are_all_verdicts_once() -> None:
    assert len(set(LINE_ORDER)) == len(LINE_ORDER) == 15
    assert LINE_ORDER[0] == "new_since"

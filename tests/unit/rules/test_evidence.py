"""Valid evidence: each condition alone makes a row one of another account."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from licensing.rules.evidence import Claim, Known, Name, names_at, valid

HOST = "ghe-tokyo.octo-corp.example"
NOW = datetime(2026, 11, 24, tzinfo=UTC)
DAY = timedelta(days=1)
CLAIM = Claim(HOST, ("jane@x.example", "other@x.example"), NOW)


def known(**facts: object) -> Known:
    plain: dict[str, object] = {"names": frozenset({HOST}), "key": "jane@x.example", "key_since": NOW - DAY}
    return Known(**{**plain, **facts})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "facts",
    [
        {},
        {"key": "new@x.example", "former_keys": ("jane@x.example",)},
        {"key": "new@x.example", "key_since": NOW + DAY},
        {"key": "new@x.example", "key_since": None},
        {"key": ""},
        {"created_at": NOW - DAY},
        {"created_at": NOW},
        {"key": "new@x.example", "key_since": NOW},
        {"created_at": None},
    ],
    ids=str,
)
def test_valid(facts: dict[str, object]) -> None:
    assert valid(CLAIM, known(**facts))


@pytest.mark.parametrize(
    "facts",
    [
        {"names": frozenset({"ghe-osaka.octo-corp.example"})},
        {"names": frozenset()},
        {"server_id_changed": True},
        {"key": "new@x.example"},
        {"key": "", "former_keys": ("old@x.example",)},
        {"key": "new@x.example", "former_keys": ("old@x.example",), "key_since": NOW + DAY},
        {"created_at": NOW + DAY},
    ],
    ids=str,
)
def test_not_valid(facts: dict[str, object]) -> None:
    assert not valid(CLAIM, known(**facts))


def test_a_row_of_unknown_time_is_not_older_than_anything() -> None:
    claim = Claim(HOST, ("old@x.example",))
    assert valid(claim, known(created_at=NOW))


def test_names_have_times() -> None:
    names = [Name("a", None, NOW), Name("b", NOW, NOW + DAY), Name("c", NOW + DAY)]
    moments = [NOW - DAY, NOW, NOW + DAY / 2, NOW + DAY, NOW + 9 * DAY]
    assert [names_at(names, at) for at in moments] == [{"a"}, {"b"}, {"b"}, {"c"}, {"c"}]

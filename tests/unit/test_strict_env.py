"""A setting that is none of its kind ends the start with its name and advice, and never means something else."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from ghconnect.strict_env import LEVELS, Env

WRONG: list[tuple[str, Callable[[Env], object], str]] = [
    ("abc", lambda env: env.whole("X", 30), "X: 'abc' is not a whole number from 0 on, for instance 30."),
    (
        "-1",
        lambda env: env.whole("X", 30, least=1),
        "X: '-1' is not a whole number from 1 on, for instance 30.",
    ),
    ("0", lambda env: env.seconds("X", 5.0), "X: '0' is not a number from 0.05 on, for instance 5.0."),
    ("nan", lambda env: env.seconds("X", 5.0), "X: 'nan' is not a number from 0.05 on, for instance 5.0."),
    ("ture", lambda env: env.bool("X"), "X: 'ture' is neither yes nor no. Write True or False."),
    (
        "foo",
        lambda env: env.database("X", ""),
        "X: write postgres://user:secret@host/name, or sqlite:///path.",
    ),
    ("http://x", lambda env: env.broker("X", ""), "X: write redis://host:6379/0, or rediss:// for TLS."),
    ("LOUD", lambda env: env.one_of("X", "INFO", LEVELS), f"X: 'LOUD' is none of {', '.join(LEVELS)}."),
]


@pytest.mark.parametrize(("value", "read", "words"), WRONG, ids=[each[0] for each in WRONG])
def test_what_is_none_of_its_kind_is_refused_with_advice(
    value: str, read: Callable[[Env], object], words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("X", value)
    with pytest.raises(ImproperlyConfigured) as refused:
        read(Env())
    assert str(refused.value) == words


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("X_FILE", str(tmp_path / "nowhere"))
    with pytest.raises(ImproperlyConfigured, match=r"X_FILE: .*nowhere cannot be read"):
        Env().str("X", default="")


def test_what_is_right_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("X", "7")
    assert (Env().whole("X", 30), Env().seconds("X", 1.0), Env().whole("Y", 30)) == (7, 7.0, 30)
    for word, meant in {"True": True, "1": True, "on": True, "False": False, "": False, "0": False}.items():
        monkeypatch.setenv("X", word)
        assert Env().bool("X", default=not meant) is meant

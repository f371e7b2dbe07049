"""The text of our own tokens: recognisable, unguessable, and wrong when mistyped."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ghconnect import token_text


def test_a_token_begins_as_scanners_look_for_it_and_none_is_like_another() -> None:
    made = {token_text.make() for _ in range(200)}
    assert len(made) == 200
    assert all(re.fullmatch(r"ghct_[0-9A-Za-z]{36}", text) for text in made)
    assert all(map(token_text.is_whole, made))
    assert len({text[9:14] for text in made}) > 190


def test_what_is_shown_and_kept_does_not_give_it_away() -> None:
    text = token_text.make()
    assert token_text.shown(text) == text[:9]
    assert re.fullmatch(r"[0-9a-f]{64}", token_text.digest(text))
    assert text[9:] not in token_text.digest(text)


@given(st.integers(5, 40), st.sampled_from(token_text.ALPHABET))
def test_one_wrong_character_is_found_out_without_asking_anybody(place: int, other: str) -> None:
    text = token_text.make()
    mistyped = text[:place] + other + text[place + 1 :]
    assert token_text.is_whole(mistyped) == (mistyped == text)


@pytest.mark.parametrize(
    "text", ["", "ghct_", "ghp_" + "x" * 36, "ghct_" + "é" * 36, "ghct_" + "0" * 36 + "0"]
)
def test_other_texts_are_none(text: str) -> None:
    assert not token_text.is_whole(text)
    assert not token_text.is_whole(token_text.make() + "\n")
    assert not token_text.is_whole(token_text.make()[:-1])

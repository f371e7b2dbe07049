"""What is typed into the search, read: never a failure, never a qualifier silently lost."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from licensing import search
from licensing.exports import FORMULA, safe
from licensing.search import Query, Term


@pytest.mark.parametrize(
    ("typed", "query"),
    [
        ("", Query()),
        ("jane doe", Query("jane doe")),
        ('"jane doe"', Query("jane doe")),
        ("is:cloud", Query("", (Term("is", "cloud"),))),
        ("IS:Cloud", Query("", (Term("is", "cloud"),))),
        ("-verdict:will-join", Query("", (Term("verdict", "will_join", exclude=True),))),
        ("matched-by:scim-username jane", Query("jane", (Term("matched-by", "scim_username"),))),
        ('org:"my org"', Query("", (Term("org", "my org"),))),
        ("server:GHE-Tokyo", Query("", (Term("server", "GHE-Tokyo"),))),
        ("ghe-tokyo:17", Query("", (Term("account", "ghe-tokyo:17"),))),
        ("is:", Query("", (), ("is:",))),
        ("is:purple", Query("", (), ("is:purple",))),
        ("a foo:bar", Query("a", (), ("foo:bar",))),
        ("jane@octo.example", Query("jane@octo.example")),
        ('"unclosed', Query("unclosed")),
    ],
)
def test_reads(typed: str, query: Query) -> None:
    assert search.parse(typed) == query


@given(st.text())
def test_never_fails_and_narrows_when_anything_but_space_was_typed(typed: str) -> None:
    query = search.parse(typed)
    assert query.narrows or not typed.replace('"', "").replace("\0", "").strip()


@given(st.text())
def test_a_safe_cell_begins_like_no_formula_and_keeps_its_text(text: str) -> None:
    assert not safe(text).startswith(FORMULA)
    assert safe(text).endswith(text)

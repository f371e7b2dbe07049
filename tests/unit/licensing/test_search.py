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
        ("jane doe", Query(("jane", "doe"))),
        ('"jane doe"', Query(("jane doe",))),
        ("is:cloud", Query((), (Term("is", "cloud"),))),
        ("IS:Cloud", Query((), (Term("is", "cloud"),))),
        ("is:pending", Query((), (Term("is", "invitation"),))),
        ("is:never-active", Query((), (Term("is", "never_active"),))),
        ("type:vss", Query((), (Term("type", "visual_studio"),))),
        ("role:outside-collaborator", Query((), (Term("role", "outside_collaborator"),))),
        ("since:2026-01-01", Query((), (Term("since", "2026-01-01"),))),
        ("since:2026-02-30", Query((), (), ("since:2026-02-30",))),
        ("since:20260101", Query((), (), ("since:20260101",))),
        ("-verdict:will-join", Query((), (Term("verdict", "will_join", exclude=True),))),
        ("-org:octo", Query((), (Term("org", "octo", exclude=True),))),
        ("matched-by:scim-username jane", Query(("jane",), (Term("matched-by", "scim_username"),))),
        ("matched-by:verified", Query((), (Term("matched-by", "verified_email"),))),
        ('org:"my org"', Query((), (Term("org", "my org"),))),
        ("server:GHE-Tokyo", Query((), (Term("server", "GHE-Tokyo"),))),
        ("ghe-tokyo:17", Query((), (Term("account", "ghe-tokyo:17"),))),
        ("is:", Query((), (), ("is:",))),
        ("is:purple", Query((), (), ("is:purple",))),
        ("a foo:bar", Query(("a",), (), ("foo:bar",))),
        ("jane@octo.example", Query(("jane@octo.example",))),
        ('"unclosed', Query(("unclosed",))),
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


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("is:supended", "is:suspended"),
        ("-is:dorment", "-is:dormant"),
        ("roel:owner", "role:owner"),
        ("serber:ghe-tokyo", "server:ghe-tokyo"),
        ("is:vss", "type:vss"),
        ("matched-by:same-emails", "matched-by:same-email"),
        ("zzz:qqq", ""),
        ("since:yesterday", ""),
    ],
)
def test_suggests_what_is_near(typed: str, meant: str) -> None:
    assert search.suggestion(typed) == meant


@given(st.text())
def test_what_is_suggested_is_known(typed: str) -> None:
    meant = search.suggestion(typed)
    assert search.parse(meant).unknown == ()


def test_a_choice_of_a_menu_replaces_the_one_before_and_chosen_again_leaves() -> None:
    assert search.with_term("jane", "org", "octo") == "jane org:octo"
    assert search.with_term("org:octo jane", "org", "my org") == 'jane org:"my org"'
    assert search.with_term('jane org:"my org"', "org", "my org") == "jane"
    assert search.with_term("-org:octo", "org", "octo") == "-org:octo org:octo"


def test_a_choice_leaves_what_another_menu_asks_for_by_the_same_qualifier() -> None:
    typed = "is:cloud is:never-active jane"
    assert search.with_term(typed, "is", "dormant", search.STATES) == "is:cloud jane is:dormant"
    assert search.with_term(typed, "is", "never-active", search.STATES) == "is:cloud jane"
    assert search.with_term(typed, "is", "server", search.DEPLOYMENTS) == "is:never-active jane is:server"

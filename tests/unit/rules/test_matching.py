"""Matching: examples of each rule, and properties against the oracle."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Iterable, Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ghconnect.records import (
    IDENTITY_KINDS,
    SAML_NAME_ID,
    SCIM_EMAILS,
    VERIFIED_EMAIL,
)
from licensing.rules.matching import (
    AccountInput,
    CloudValue,
    Decision,
    Evidence,
    decide_key,
    learned_cloud,
)
from tests.unit.rules.oracle import Account, Cloud, home, partition

JANE = "jane@octo-corp.example"


def account(number: int, evidence: Evidence | None = None, key: str = JANE) -> AccountInput:
    return AccountInput(number, key, evidence)


def joined(cloud_id: int, *emails: str, valid: bool = True, database_id: int | None = None) -> Evidence:
    return Evidence(cloud_id, valid, emails, row_id=cloud_id, login=f"u{cloud_id}", database_id=database_id)


def value(cloud_id: int, kind: str, database_id: int | None = None, login: str = "") -> CloudValue:
    return CloudValue(cloud_id, login or f"u{cloud_id}", database_id, kind, JANE)


def decide(
    accounts: Sequence[AccountInput], values: Sequence[CloudValue] = (), key: str = JANE
) -> list[Decision]:
    return decide_key(key, accounts, values, learned_cloud(key, accounts))


@pytest.mark.parametrize("kind", [*IDENTITY_KINDS, VERIFIED_EMAIL])
def test_each_value_places_an_account(kind: str) -> None:
    found = (kind, JANE, 7)
    assert decide([account(1)], [value(7, kind)]) == [Decision(1, "c:7", 7, kind, JANE, False, *found)]


def test_identities_come_before_verified_emails() -> None:
    (one,) = decide([account(1)], [value(3, VERIFIED_EMAIL, 1), value(7, SCIM_EMAILS, 2)])
    assert (one.cloud_id, one.rule, one.tie) == (7, SCIM_EMAILS, False)


def test_the_best_kind_of_one_account_is_shown() -> None:
    (one,) = decide([account(1)], [value(7, SCIM_EMAILS), value(7, SAML_NAME_ID)])
    assert (one.rule, one.tie) == (SAML_NAME_ID, False)


def test_a_tie_goes_to_the_smallest_database_id_whatever_the_kind() -> None:
    (one,) = decide([account(1)], [value(3, SAML_NAME_ID, 20), value(7, SCIM_EMAILS, 10)])
    assert (one.cloud_id, one.rule, one.tie) == (7, SCIM_EMAILS, True)


def test_a_tie_without_database_ids_goes_to_the_first_login() -> None:
    (one,) = decide([account(1)], [value(3, VERIFIED_EMAIL, login="b"), value(7, VERIFIED_EMAIL, login="a")])
    assert (one.cloud_id, one.tie) == (7, True)


def test_a_database_id_that_was_read_comes_before_one_that_was_not() -> None:
    (one,) = decide([account(1)], [value(3, VERIFIED_EMAIL, login="a"), value(7, VERIFIED_EMAIL, 99, "b")])
    assert one.cloud_id == 7


def test_a_join_of_github_stands_and_is_explained() -> None:
    (one,) = decide([account(1, joined(7, JANE))], [value(7, VERIFIED_EMAIL)])
    assert one == Decision(1, "c:7", 7, "github", "", False, VERIFIED_EMAIL, JANE, 7)


def test_a_join_of_github_by_an_address_we_do_not_see_is_not_explained() -> None:
    (one,) = decide([account(1, joined(7, JANE))])
    assert (one.cloud_id, one.rule, one.explained_rule, one.explained_cloud_id) == (7, "github", "", None)


def test_a_join_of_github_that_contradicts_the_rules_stands() -> None:
    (one,) = decide([account(1, joined(7, JANE))], [value(3, VERIFIED_EMAIL)])
    assert (one.cloud_id, one.explained_cloud_id, one.explained_rule) == (7, 3, VERIFIED_EMAIL)


def test_a_join_of_github_to_the_loser_of_a_tie_is_explained_and_shown_as_a_tie() -> None:
    (one,) = decide([account(1, joined(7))], [value(3, VERIFIED_EMAIL, 1), value(7, VERIFIED_EMAIL, 2)])
    assert (one.cloud_id, one.explained_cloud_id, one.tie) == (7, 7, True)


@pytest.mark.parametrize("row", [joined(7, JANE, valid=False), Evidence(None, True, (JANE,), 1)])
def test_a_row_that_is_not_valid_or_has_no_login_decides_nothing(row: Evidence) -> None:
    first, second = decide([account(1, row), account(2)])
    assert first.rule == second.rule == "same_email"
    assert first.group == second.group == f"k:{JANE}"


def test_what_github_joined_is_learned_for_the_key() -> None:
    _, second = decide([account(1, joined(7, "old@x.example", JANE)), account(2)])
    assert second == Decision(2, "c:7", 7, "github_learned", JANE, False)


def test_nothing_is_learned_from_a_row_without_the_key() -> None:
    _, second = decide([account(1, joined(7, "old@x.example")), account(2)])
    assert (second.group, second.rule) == (f"k:{JANE}", "own_email")


def test_documented_rules_come_before_what_was_learned() -> None:
    _, second = decide([account(1, joined(7, JANE)), account(2)], [value(3, VERIFIED_EMAIL)])
    assert (second.cloud_id, second.rule) == (3, VERIFIED_EMAIL)


def test_a_tie_of_what_was_learned_is_shown() -> None:
    rows = [account(1, joined(3, JANE, database_id=20)), account(2, joined(7, JANE, database_id=10))]
    *_, third = decide([*rows, account(3)])
    assert (third.cloud_id, third.rule, third.tie) == (7, "github_learned", True)


def test_one_account_with_a_key_is_its_own() -> None:
    assert decide([account(1)]) == [Decision(1, f"k:{JANE}", None, "own_email", JANE, False)]


def test_accounts_without_email_are_alone_unless_github_joined_them() -> None:
    rows = [account(1, key=""), account(2, key=""), account(3, joined(7), key="")]
    first, second, third = decide(rows, [value(9, VERIFIED_EMAIL)], key="")
    assert (first.group, second.group, first.rule) == ("a:1", "a:2", "alone")
    assert (third.group, third.rule, third.explained_rule) == ("c:7", "github", "")


KEYS = ["", "a@x", "b@x", "c@x"]
CLOUD_IDS = [1, 2, 3]
KINDS = [*IDENTITY_KINDS[:2], VERIFIED_EMAIL]


@st.composite
def clouds(draw: st.DrawFn) -> list[Cloud]:
    numbers = draw(st.permutations([5, 6, None]))
    values = st.lists(st.tuples(st.sampled_from(KINDS), st.sampled_from(KEYS[1:])), max_size=3)
    return [Cloud(i, f"u{(i * 2) % 5}", numbers[i - 1], tuple(draw(values))) for i in CLOUD_IDS]


@st.composite
def accounts(draw: st.DrawFn) -> list[Account]:
    rows = st.tuples(
        st.sampled_from(KEYS),
        st.sampled_from([None, None, *CLOUD_IDS]),
        st.booleans(),
        st.lists(st.sampled_from(KEYS[1:]), max_size=2).map(tuple),
    )
    return [Account(i, *row) for i, row in enumerate(draw(st.lists(rows, max_size=8)), 1)]


def decide_keys(
    keys: Iterable[str], estate: Sequence[Account], known: Sequence[Cloud], seed: int = 0
) -> dict[int, Decision]:
    """What the engine does: each key from its own inputs, in an order nobody may rely on."""
    shuffle = random.Random(seed).shuffle  # noqa: S311
    of_key, values, by_id = defaultdict(list), defaultdict(list), {c.id: c for c in known}
    for a in estate:
        cloud = by_id[a.row_cloud] if a.row_cloud else None
        names = (cloud.login, cloud.database_id) if cloud else ("", None)
        row = Evidence(a.row_cloud, a.row_valid, a.row_emails, a.id, *names)
        of_key[a.key].append(AccountInput(a.id, a.key, row))
    for c in known:
        for kind, key in c.values:
            values[key].append(CloudValue(c.id, c.login, c.database_id, kind, key))
    decisions = []
    for key in keys:
        shuffle(of_key[key])
        shuffle(values[key])
        decisions += decide_key(key, of_key[key], values[key], learned_cloud(key, of_key[key]))
    return {decision.account_id: decision for decision in decisions}


def groups(decisions: dict[int, Decision]) -> set[frozenset[int]]:
    people = defaultdict(set)
    for decision in decisions.values():
        people[decision.group].add(decision.account_id)
    return {frozenset(members) for members in people.values()}


@given(accounts(), clouds())
@settings(max_examples=400)
def test_the_partition_and_rules_are_those_of_the_oracle(estate: list[Account], known: list[Cloud]) -> None:
    decisions = decide_keys(KEYS, estate, known)
    assert groups(decisions) == partition(estate, known)
    for a in estate:
        rule, cloud_id = home(a, estate, known)
        decision = decisions[a.id]
        assert decision.cloud_id == cloud_id
        if rule == "documented":
            assert decision.rule in KINDS
        elif rule == "key":
            assert decision.rule in {"own_email", "same_email"}
        else:
            assert decision.rule == rule


@given(accounts(), clouds(), st.integers())
def test_order_does_not_matter(estate: list[Account], known: list[Cloud], seed: int) -> None:
    assert decide_keys(KEYS, estate, known) == decide_keys(KEYS[::-1], estate, known, seed)


@given(accounts(), clouds())
def test_joins_of_github_stand_and_cloud_accounts_stay_apart(
    estate: list[Account], known: list[Cloud]
) -> None:
    decisions = decide_keys(KEYS, estate, known)
    for a in estate:
        if a.row_valid and a.row_cloud is not None:
            assert decisions[a.id].group == f"c:{a.row_cloud}"
    for decision in decisions.values():
        assert decision.group == f"c:{decision.cloud_id}" or decision.cloud_id is None


@given(accounts(), accounts(), clouds(), clouds())
@settings(max_examples=400)
def test_deciding_changed_keys_equals_deciding_all(
    before: list[Account], after: list[Account], known: list[Cloud], now_known: list[Cloud]
) -> None:
    """Affected keys, before and after: of accounts that changed, of values and names gained or lost."""
    old, new = {a.id: a for a in before}, {a.id: a for a in after}
    keys = {a.key for a in set(before) ^ set(after)}
    keys |= {key for *_, (_, key) in named(known) ^ named(now_known)}
    names, now_names = ({c.id: (c.login, c.database_id) for c in side} for side in (known, now_known))
    keys |= {a.key for a in after if a.row_cloud and names[a.row_cloud] != now_names[a.row_cloud]}
    decided = decide_keys(KEYS, before, known)
    kept = {i: decision for i, decision in decided.items() if i in new and old[i].key not in keys}
    assert {**kept, **decide_keys(keys, after, now_known)} == decide_keys(KEYS, after, now_known)


def named(known: Sequence[Cloud]) -> set[tuple[int, str, int | None, tuple[str, str]]]:
    return {(c.id, c.login, c.database_id, value) for c in known for value in c.values}


@given(accounts(), clouds())
def test_what_explains_a_join_is_a_documented_rule(estate: list[Account], known: list[Cloud]) -> None:
    for number, decision in decide_keys(KEYS, estate, known).items():
        key = next(a.key for a in estate if a.id == number)
        having = {c.id for c in known if key and any(v == key for _, v in c.values)}
        assert (decision.explained_cloud_id in having) if having else decision.explained_rule == ""


@given(accounts(), clouds())
@settings(max_examples=200)
def test_each_match_names_a_rule_and_a_value_both_sides_have(
    estate: list[Account], known: list[Cloud]
) -> None:
    """Whoever doubts a match finds its value on both sides; a join of GitHub's has GitHub's row on its side."""
    by_id, decisions = {a.id: a for a in estate}, decide_keys(KEYS, estate, known)
    for number, found in decisions.items():
        mine, cloud = by_id[number], next((c for c in known if c.id == found.cloud_id), None)
        fellows = [a for a in estate if decisions[a.id].group == found.group and a.id != number]
        assert found.value in {"", mine.key}, "a value the account does not have"
        match found.rule:
            case "github":
                assert (mine.row_valid, mine.row_cloud, found.value) == (True, found.cloud_id, "")
            case "github_learned":
                told = [a for a in estate if a.row_valid and a.key == mine.key and mine.key in a.row_emails]
                assert found.value in {a.key for a in told if a.row_cloud == found.cloud_id}
            case "same_email":
                assert found.value in {a.key for a in fellows}
            case "own_email":
                assert (found.value, fellows) == (mine.key, [])
            case "alone":
                assert (mine.key, found.value, fellows) == ("", "", [])
            case rule:
                assert cloud
                assert (rule, found.value) in cloud.values
        if found.explained_rule:
            side = next(c for c in known if c.id == found.explained_cloud_id)
            assert found.explained_value == mine.key
            assert (found.explained_rule, found.explained_value) in side.values

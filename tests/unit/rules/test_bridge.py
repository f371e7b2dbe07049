"""The bridge: the storyline's figures, and sums that are exact whatever happens."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from licensing.rules.bridge import OTHER, Bridge, Line, Person, Row, bridge, components, line_of
from licensing.rules.verdicts import LINE_ORDER


def test_the_week_before_renewal() -> None:
    """236 + 3 new on Osaka − 1 (Fatima) − 1 (Kenji) = 237."""
    rows = [Row(n, True) for n in range(233)]
    persons = [Person(n, True, rows=(n,)) for n in range(233)]
    fatima, kenji_cloud, kenji_osaka = Row(300, True, (40,)), Row(301, True), Row(302, True, (9,))
    rows += [fatima, kenji_cloud, kenji_osaka, Row(303, False)]
    persons += [Person(900, False, (40,)), Person(901, True, (9,), (301,))]
    persons += [Person(1000 + n, True, (100 + n,)) for n in range(3)]
    verdicts = {40: "gone_since", 9: "will_join", 100: "new_since", 101: "new_since", 102: "new_since"}
    assert bridge(rows, persons, verdicts, 236) == Bridge(
        236,
        (
            Line("new_since", 3, (1000, 1001, 1002)),
            Line("gone_since", -1, (900,)),
            Line("will_join", -1, (901,)),
        ),
        237,
        0,
    )


def test_what_github_counts_beyond_its_rows_is_not_explained() -> None:
    found = bridge([Row(1, True)], [Person(1, True, rows=(1,))], {}, 5)
    assert (found.counted, found.lines, found.expected, found.unexplained) == (5, (), 1, 4)


def test_accounts_that_part() -> None:
    persons = [Person(1, True, (11,)), Person(2, True, (12,))]
    (one,) = components([Row(1, True, (11, 12))], persons, {11: "will_part", 12: "will_part"})
    assert (one.line, one.delta, one.people) == ("will_part", 1, (1, 2))


def test_a_row_nobody_is_behind() -> None:
    (one,) = components([Row(1, True)], [], {})
    assert (one.line, one.delta, one.people) == (OTHER, -1, ())


@pytest.mark.parametrize(
    ("delta", "verdicts", "line"),
    [
        (-1, ["agreed", "will_join"], "will_join"),
        (-1, ["new_since", "will_join"], "will_join"),
        (+1, ["new_since", "will_join"], "new_since"),
        (-1, ["agreed", "gone_but_counted"], "gone_but_counted"),
        (-1, ["agreed", "should_have_joined"], "should_have_joined"),
        (-1, ["new_since", "should_have_joined"], "should_have_joined"),
        (-1, ["new_since"], "new_since"),
        (-1, ["alone"], "alone"),
        (+1, [], OTHER),
    ],
)
def test_a_component_stands_where_its_number_is_explained(delta: int, verdicts: list[str], line: str) -> None:
    assert line_of(delta, verdicts) == line


NUMBERS = st.integers(1, 8)
ACCOUNTS = st.lists(NUMBERS, max_size=3).map(tuple)


@st.composite
def estates(draw: st.DrawFn) -> tuple[list[Row], list[Person], dict[int, str]]:
    some_rows = [Row(n, draw(st.booleans()), draw(ACCOUNTS)) for n in range(draw(st.integers(0, 5)))]
    people = [
        Person(
            n, draw(st.booleans()), draw(ACCOUNTS), draw(st.lists(st.integers(0, 4), max_size=1).map(tuple))
        )
        for n in range(draw(st.integers(0, 5)))
    ]
    return some_rows, people, draw(st.dictionaries(NUMBERS, st.sampled_from(LINE_ORDER)))


def tied(rows: Sequence[Row], persons: Sequence[Person]) -> list[set[tuple[str, int]]]:
    """Components by definition: sets that share anything are one, until nothing changes."""
    sets = [{("r", r.row_id), *(("a", one) for one in r.accounts)} for r in rows]
    sets += [
        {("p", p.person_id), *(("a", one) for one in p.accounts), *(("r", one) for one in p.rows)}
        for p in persons
    ]
    while pair := next(((a, b) for a in sets for b in sets if a is not b and a & b), None):
        sets = [one for one in sets if one is not pair[0] and one is not pair[1]] + [pair[0] | pair[1]]
    return sets


@given(estates(), st.integers(0, 20), st.integers())
@settings(max_examples=400)
def test_sums_are_exact_and_order_does_not_matter(
    estate: tuple[list[Row], list[Person], dict[int, str]], total: int, seed: int
) -> None:
    rows, persons, verdicts = estate
    found = bridge(rows, persons, verdicts, total)
    assert found.expected == sum(person.consumes for person in persons)
    assert found.counted + sum(line.delta for line in found.lines) == found.expected + found.unexplained
    assert found.unexplained == total - sum(row.counted for row in rows)
    mixed = random.Random(seed)  # noqa: S311
    mixed.shuffle(rows)
    mixed.shuffle(persons)
    assert bridge(rows, persons, dict(reversed(verdicts.items())), total) == found


@given(estates())
@settings(max_examples=400)
def test_components_are_those_of_the_definition(
    estate: tuple[list[Row], list[Person], dict[int, str]],
) -> None:
    rows, persons, verdicts = estate
    found = components(rows, persons, verdicts)
    expected = []
    for nodes in tied(rows, persons):
        delta = sum(p.consumes for p in persons if ("p", p.person_id) in nodes)
        delta -= sum(r.counted for r in rows if ("r", r.row_id) in nodes)
        if delta:
            expected.append((tuple(sorted(n for kind, n in nodes if kind == "p")), delta))
    assert sorted((one.people, one.delta) for one in found) == sorted(expected)
    lines = defaultdict(set)
    for one in found:
        for person in one.people:
            lines[person].add(one.line)
    assert all(len(on) == 1 for on in lines.values())

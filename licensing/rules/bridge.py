"""From GitHub's count to the expected one, by components of rows and persons that share accounts.

The delta of a component is its consuming persons less the rows GitHub counts. So GitHub's rows and all deltas
make the expected count by construction; not explained is only what GitHub counts beyond the rows it lists.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from .verdicts import EFFECT, LINE_ORDER

# The line of people none of whose accounts has a verdict.
OTHER = "other"
_ORDER = {key: place for place, key in enumerate((*LINE_ORDER, OTHER))}

Node = tuple[str, int]


@dataclass(frozen=True, slots=True)
class Row:
    """A row of GitHub's, whether GitHub counts it, and our accounts that it lists."""

    row_id: int
    counted: bool
    accounts: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Person:
    """A person as expected, their accounts, and the rows they are tied to without an account of ours."""

    person_id: int
    consumes: bool
    accounts: tuple[int, ...] = ()
    rows: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Component:
    """People whose count differs, by how many, the line they stand on, and GitHub's rows of them."""

    line: str
    delta: int
    people: tuple[int, ...]
    rows: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the bridge: a verdict, the sum of its components' deltas, everybody on it."""

    key: str
    delta: int
    people: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Bridge:
    """`counted` by GitHub + the lines' deltas = `expected` + `unexplained`."""

    counted: int
    lines: tuple[Line, ...]
    expected: int
    unexplained: int


def bridge(
    rows: Iterable[Row], persons: Iterable[Person], verdicts: Mapping[int, str], total_seats_consumed: int
) -> Bridge:
    """The whole bridge; `verdicts` are those of accounts by id."""
    rows = list(rows)
    found = components(rows, persons, verdicts)
    counted = sum(row.counted for row in rows)
    return Bridge(
        counted=total_seats_consumed,
        lines=lines(found),
        expected=counted + sum(one.delta for one in found),
        unexplained=total_seats_consumed - counted,
    )


def components(
    rows: Iterable[Row], persons: Iterable[Person], verdicts: Mapping[int, str]
) -> list[Component]:
    """The components whose delta is not 0, in the order of their people."""
    parts = [*map(_of_row, rows), *map(_of_person, persons)]
    groups = _groups(parts)
    sums: defaultdict[Node, _Part] = defaultdict(lambda: _Part(("", 0)))
    for part in parts:
        sums[groups[part.node]].add(part)
    found = [part.component(verdicts) for part in sums.values() if part.delta]
    return sorted(found, key=lambda one: (one.people, one.line, one.delta))


def lines(found: Iterable[Component]) -> tuple[Line, ...]:
    """The lines of components, in the order of LINE_ORDER."""
    on: defaultdict[str, list[Component]] = defaultdict(list)
    for one in found:
        on[one.line].append(one)
    return tuple(
        Line(key, sum(one.delta for one in on[key]), tuple(sorted(p for one in on[key] for p in one.people)))
        for key in sorted(on, key=_ORDER.__getitem__)
    )


def line_of(delta: int, verdicts: Iterable[str]) -> str:
    """The line of a component: the first verdict in order that does not contradict its delta, else the first.

    A component that somebody joined and another left is so on the line that explains its number.
    """
    ordered = sorted(set(verdicts), key=_ORDER.__getitem__)
    return next((key for key in ordered if EFFECT[key] * delta >= 0), ordered[0] if ordered else OTHER)


@dataclass(slots=True)
class _Part:
    """A row, a person, or the sum of a component: what it is tied to, its delta, people and accounts."""

    node: Node
    ties: list[Node] = field(default_factory=list)
    delta: int = 0
    people: list[int] = field(default_factory=list)
    accounts: list[int] = field(default_factory=list)
    rows: list[int] = field(default_factory=list)

    def add(self, part: _Part) -> None:
        self.delta += part.delta
        self.people += part.people
        self.accounts += part.accounts
        self.rows += part.rows

    def component(self, verdicts: Mapping[int, str]) -> Component:
        known = {verdicts[one] for one in self.accounts if one in verdicts}
        line = line_of(self.delta, known)
        return Component(line, self.delta, tuple(sorted(self.people)), tuple(sorted(self.rows)))


def _of_row(row: Row) -> _Part:
    ties: list[Node] = [("account", one) for one in row.accounts]
    return _Part(("row", row.row_id), ties, -row.counted, [], list(row.accounts), [row.row_id])


def _of_person(person: Person) -> _Part:
    ties: list[Node] = [("account", one) for one in person.accounts]
    ties += [("row", one) for one in person.rows]
    node = ("person", person.person_id)
    return _Part(node, ties, int(person.consumes), [person.person_id], list(person.accounts))


def _groups(parts: Iterable[_Part]) -> dict[Node, Node]:
    """By node a node that stands for its component (union-find)."""
    parent: dict[Node, Node] = {}

    def root(node: Node) -> Node:
        while (above := parent.setdefault(node, node)) != node:
            parent[node] = node = parent[above]
        return node

    for part in parts:
        for tie in part.ties:
            parent[root(tie)] = root(part.node)
    return {part.node: root(part.node) for part in parts}

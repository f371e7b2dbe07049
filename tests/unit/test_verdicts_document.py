"""docs/verdicts.md: every verdict of the code stands there, with a file that decides it and a test that is there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from licensing.rules.verdicts import EFFECT

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs/verdicts.md").read_text()
# The cells of every line of a table, its head left out.
LINES = [
    line.strip("|").split("|")
    for table in re.findall(r"^\|[-|]+\|\n((?:\|.*\n?)+)", TEXT, re.MULTILINE)
    for line in table.splitlines()
]
VERDICTS = {line[0].strip(" `"): line for line in LINES if len(line) == 5}


def test_every_verdict_of_the_code_stands_in_the_table() -> None:
    assert set(VERDICTS) == set(EFFECT)


@pytest.mark.parametrize("line", LINES, ids=lambda line: line[0].strip(" `")[:40])
def test_a_line_names_a_file_and_a_test_that_exist(line: list[str]) -> None:
    *_, rule, test = (cell.strip(" `") for cell in line)
    assert (ROOT / rule).is_file()
    path, _, name = test.partition("::")
    assert re.search(rf"^\s*def {name}\(", (ROOT / "tests" / path).read_text(), re.MULTILINE)


@pytest.mark.parametrize("key", EFFECT)
def test_a_usual_effect_is_the_code_s(key: str) -> None:
    told = re.match(r"\s*([+−]?)(\d)", VERDICTS[key][2])
    assert told is not None
    assert int(told[2]) * {"−": -1}.get(told[1], 1) == EFFECT[key]

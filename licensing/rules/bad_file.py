"""What is wrong with a file, where."""

from __future__ import annotations

TRUNCATED = "truncated"
ENCRYPTED = "encrypted_export"


class BadFile(Exception):
    """A file that cannot be read: nothing is changed by it.

    `key` is the sentence: "truncated", "encrypted_export" or "bad_file"; `problem` the key of what is wrong.
    `line` counts from 1, 0 when the whole file is meant; `column` names a column or field. `params` is all of
    it, for the sentence. Values are not kept: they may be of somebody.
    """

    def __init__(self, problem: str, line: int = 0, column: str = "", **details: str | int) -> None:
        super().__init__(f"{problem}, line {line}, column {column!r}")
        self.key = problem if problem in {TRUNCATED, ENCRYPTED} else "bad_file"
        self.problem = problem
        self.line = line
        self.column = column
        self.params: dict[str, str | int] = {"problem": problem, "n": line, "c": column, **details}

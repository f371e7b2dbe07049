"""Queries of every call: Django writes their SQL once, since writing it takes longer than the database's answer."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from django.db import connection
from django.db.models import QuerySet

Row = tuple[Any, ...]
# What turns a column's value into Python's: functions, and the expression they are of.
Converters = dict[int, tuple[Sequence[Callable[..., Any]], Any]]


class Prepared:
    """A `values_list` of which only some filtered values differ from call to call.

    `build` makes it of `marks`, which stand for these values and are like no other parameter of the query.
    """

    def __init__(self, build: Callable[..., QuerySet[Any, Any]], *marks: int | str) -> None:
        self._build, self._marks = build, marks
        self._written: dict[str, tuple[str, list[Any], Converters]] = {}

    def first(self, *given: int | str) -> Row | None:
        """Return the first row for these values, None where there is none: one query."""
        sql, params, converters = self._written.get(connection.vendor) or self._write()
        values = dict(zip(self._marks, given, strict=True))
        with connection.cursor() as cursor:
            cursor.execute(sql, [values.get(each, each) for each in params])
            found = cursor.fetchone()
        return found and _converted(found, converters)

    def _write(self) -> tuple[str, list[Any], Converters]:
        compiler = self._build(*self._marks).query.get_compiler(connection=connection)
        sql, params = compiler.as_sql()
        if not set(self._marks) <= set(params):
            raise ValueError(f"{self._marks} are not all in {params}")
        told = compiler.get_converters([column for column, _sql, _name in compiler.select])
        self._written[connection.vendor] = sql, list(params), told
        return self._written[connection.vendor]


def _converted(row: Sequence[Any], converters: Converters) -> Row:
    values = list(row)
    for place, (functions, expression) in converters.items():
        for function in functions:
            values[place] = function(values[place], expression, connection)
    return tuple(values)

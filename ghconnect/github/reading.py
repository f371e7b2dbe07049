"""Reads values out of JSON that may hold anything: what is not of the expected kind counts as absent."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any


def text(source: Mapping[str, Any], key: str) -> str:
    """A string, "" for null and everything that is none."""
    value = source.get(key)
    return value if isinstance(value, str) else ""


def texts(source: Mapping[str, Any], key: str) -> tuple[str, ...]:
    """The strings of a list that are not empty; also of a list of {"value": string}."""
    values = source.get(key)
    if not isinstance(values, list):
        return ()
    plain = (item.get("value") if isinstance(item, dict) else item for item in values)
    return tuple(item for item in plain if isinstance(item, str) and item)


def flag(source: Mapping[str, Any], key: str) -> bool | None:
    """True or false, None for everything else."""
    value = source.get(key)
    return value if isinstance(value, bool) else None


def number(source: Mapping[str, Any], key: str) -> int | None:
    """A whole number, None for everything else."""
    value = source.get(key)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def moment(source: Mapping[str, Any], key: str) -> datetime | None:
    """An ISO 8601 time as aware UTC time, None for everything else."""
    try:
        value = datetime.fromisoformat(text(source, key))
    except ValueError:
        return None
    return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def objects(source: Mapping[str, Any], key: str) -> Iterator[dict[str, Any]]:
    """The objects of a list, none where it is no list."""
    values = source.get(key)
    yield from (item for item in (values if isinstance(values, list) else []) if isinstance(item, dict))


def inner(source: Mapping[str, Any], *keys: str) -> dict[str, Any]:
    """The object under a path of keys, {} where anything on the way is none."""
    value: Any = source
    for key in keys:
        value = value.get(key) if isinstance(value, dict) else None
    return value if isinstance(value, dict) else {}

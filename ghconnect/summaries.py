"""The slot through which the list of enterprises learns counts and states, which other apps know."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from .models import Enterprise


@dataclass(frozen=True, slots=True)
class Summary:
    """One enterprise in words: `count` of consumed licenses (None for not known) and who counted (`source`).

    `counted_at` and `console_at` are GitHub's time of its count, None without one, and when this console last read.
    `state` and `css` (of `Label--css`) are the worst state of its servers; "" where there is none.
    """

    count: int | None
    source: str = ""
    counted_at: datetime | None = None
    console_at: datetime | None = None
    state: str = ""
    css: str = "secondary"


# Takes the enterprises of a page, returns what is known by primary key; a constant number of queries.
Summarise = Callable[[Sequence[Enterprise]], Mapping[int, Summary]]
_registered: list[Summarise] = []


def register(summarise: Summarise) -> None:
    """Let `summarise` fill the columns; called once at start."""
    _registered[:] = [summarise]


def known() -> bool:
    """Tell whether somebody fills the columns."""
    return bool(_registered)


def of(enterprises: Sequence[Enterprise]) -> Mapping[int, Summary]:
    """Return the summaries of these enterprises by primary key."""
    return _registered[0](enterprises) if _registered else {}

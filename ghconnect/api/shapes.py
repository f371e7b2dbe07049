"""Shapes of answers, as the document shows them. Answers are built as plain data; tests hold them against these."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any

from ninja import Schema
from pydantic import BeforeValidator, Field, GetJsonSchemaHandler
from pydantic_core import CoreSchema

MOST_PER_PAGE, PER_PAGE = 100, 30


class GitHubError(Schema):
    """An error as GitHub says it; `status` is a text there."""

    message: str
    documentation_url: str
    status: str


class Problem(Schema):
    """What is wrong, for programs (`reason`) and people (`detail`); RFC 9457."""

    type: str
    title: str
    status: int
    detail: str
    reason: str


GITHUB_ERRORS: dict[int, Any] = dict.fromkeys((400, 401, 403, 404, 410, 422, 429), GitHubError)
PROBLEMS: dict[int, Any] = dict.fromkeys((400, 401, 404, 422, 429), Problem)
CONFLICTS: dict[int, Any] = {409: Problem, **PROBLEMS}
# Of what If-Match can hold to the state that was seen.
CHANGES: dict[int, Any] = {412: Problem, **CONFLICTS}


class Paged(Schema):
    """A page by cursor; `next` and `previous` are addresses."""

    next: str | None
    previous: str | None


def _page(value: Any) -> int:
    """Nonsense is the first page, as at GitHub."""
    text = str(value)
    return int(text) if text.isascii() and text.isdecimal() and 0 < len(text) < 10 and int(text) else 1


def _per_page(value: Any) -> int:
    """Nonsense is the usual size, and what is too much the most there is."""
    text = str(value)
    fits = text.isascii() and text.isdecimal() and int(text[:10]) > 0
    return min(int(text[:10]), MOST_PER_PAGE) if fits else PER_PAGE


def _edition(value: Any) -> int:
    text = str(value)
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 18 else 0


@dataclass(frozen=True, slots=True)
class Said:
    """Words of a parameter; ninja forgets those of a pydantic Field."""

    words: str

    def __get_pydantic_json_schema__(self, core: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        return {**handler(core), "description": self.words}


Page = Annotated[int, BeforeValidator(_page), Said("The page number of the results to fetch.")]
PerPage = Annotated[int, BeforeValidator(_per_page), Said("The number of results per page (max 100).")]
Edition = Annotated[
    int,
    BeforeValidator(_edition),
    Said("The edition a walk began with; Link headers carry it. 410 when it is no longer kept."),
]
Cursor = Annotated[str, Said("Where the page begins; `next` and `previous` carry it.")]
Size = Annotated[int, Field(ge=1, le=MOST_PER_PAGE), Said("How many on a page (max 100).")]

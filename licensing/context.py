"""What every page knows of what workers gave up; asked only where a page says that something is being counted."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from licensing import given_up


def given_up_counts(request: HttpRequest) -> dict[str, Any]:
    """Return `given_up`: causes of counts nobody tries any more, hosts for servers; queried when asked."""
    where = getattr(request, "place", None)

    def found() -> set[str]:
        rows = given_up.of(where.enterprise) if where and where.enterprise else []
        return {row.subject or row.cause for row in rows}

    return {"given_up": SimpleLazyObject(found)}

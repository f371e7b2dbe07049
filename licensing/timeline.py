"""One time line of a server's syncs: this console's runs and GitHub's own, newest first."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Q, QuerySet
from django.db.models.functions import Coalesce
from django.http import HttpRequest

from ghconnect import paging, wording
from ghconnect.models import Server
from licensing import showing, sides
from licensing.models import GitHubSync, SyncRun

# The kind breaks ties of time.
GITHUB, RUN = 0, 1


@dataclass(frozen=True, slots=True)
class Entry:
    """A line: of a run (`run`), or of GitHub's sync with its state in words and what GitHub said of it."""

    at: datetime
    kind: int
    pk: int
    run: showing.RunLine | None = None
    label: str = ""
    css: str = ""
    note: str = ""
    seen_at: datetime | None = None


def page(request: HttpRequest, server: Server) -> paging.Page[Entry]:
    """Return the page that the query names; two queries, however long the line is."""
    return paging.assemble(
        request,
        lambda cursor, limit: _fetch(server, cursor, limit),
        lambda entry: (entry.at, entry.kind, entry.pk),
        kinds=(datetime, int, int),
    )


def _fetch(server: Server, cursor: paging.Cursor | None, limit: int) -> list[Entry]:
    back = cursor is not None and cursor.back
    found = [*_runs(server, cursor, limit), *_github(server, cursor, limit)]
    found.sort(key=lambda entry: (entry.at, entry.kind, entry.pk), reverse=not back)
    return found[:limit]


def _runs(server: Server, cursor: paging.Cursor | None, limit: int) -> Iterator[Entry]:
    rows = SyncRun.objects.filter(server=server).annotate(when=Coalesce("started_at", "requested_at"))
    for run in _from(rows, RUN, cursor)[:limit]:
        run.server, run.enterprise = server, server.enterprise
        yield Entry(run.when, RUN, run.pk, run=showing.line(run))


def _github(server: Server, cursor: paging.Cursor | None, limit: int) -> Iterator[Entry]:
    rows = GitHubSync.objects.filter(server=server).annotate(when=Coalesce("date", "first_seen_at"))
    for sync in _from(rows, GITHUB, cursor)[:limit]:
        sync.server = server
        side = sides.github_side(sync, sync.when)
        said = wording.github_state(side.key.removesuffix("_stale").removesuffix("_late"))
        yield Entry(
            sync.when,
            GITHUB,
            sync.pk,
            label=said.label,
            css=said.css,
            note=sync.error or (sync.status if side.key == "failed" else ""),
            seen_at=sync.first_seen_at,
        )


def _from(rows: QuerySet[Any], kind: int, cursor: paging.Cursor | None) -> QuerySet[Any]:
    """Rows of one kind from the cursor on, nearest first."""
    if cursor is None:
        return rows.order_by("-when", "-pk")
    when, at_kind, pk = cursor.values
    test, order = ("gt", ("when", "pk")) if cursor.back else ("lt", ("-when", "-pk"))
    same = Q(when=when) & _tie(test, kind, at_kind, pk)
    return rows.filter(Q(**{f"when__{test}": when}) | same).order_by(*order)


def _tie(test: str, kind: int, at_kind: object, pk: object) -> Q:
    assert isinstance(at_kind, int)
    if kind == at_kind:
        return Q(**{f"pk__{test}": pk})
    return Q() if (kind > at_kind) == (test == "gt") else Q(pk__in=[])

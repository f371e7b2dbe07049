"""Held runs whose reports name somebody who is erased: they would publish the name again."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet

from ghconnect.models import Enterprise, User
from licensing.models import (
    Account,
    RunChunk,
    StagedAccount,
    StagedAddress,
    StagedRow,
    StagedRowAccount,
    SyncRun,
)

from . import held


def forget(*, enterprise: Enterprise, gone: QuerySet[Account], names: set[str], by: User | None) -> int:
    """Discard those runs, with what is staged and kept of them; returns how many. The enterprise is locked."""
    waiting = SyncRun.objects.filter(enterprise=enterprise, state=SyncRun.State.HELD)
    runs = dict(waiting.order_by("pk").values_list("pk", "server_id"))
    naming = {
        pk
        for query in _mentions(runs, gone, names)
        for pk in query.values_list("run_id", flat=True).distinct()
    }
    for run in waiting.filter(pk__in=naming).select_related("server", "enterprise").order_by("pk"):
        held.discard(run=run, by=by)
    RunChunk.objects.filter(run__in=naming).delete()
    return len(naming)


def _mentions(
    runs: Mapping[int, int | None], gone: QuerySet[Account], names: set[str]
) -> Iterator[QuerySet[Any]]:
    """Staged rows of the person: by account, by address, by login, and by GitHub's rows of them."""
    for run, server in runs.items():
        if server is not None:
            ids = gone.filter(server=server, remote_user_id=OuterRef("remote_user_id"))
            logins = list(gone.values_list("login", flat=True).distinct())
            mine = Q(Exists(ids)) | Q(key__in=names) | Q(login__in=[*names, *logins])
            yield StagedAccount.objects.filter(mine, run_id=run)
            continue
        of_account = gone.filter(server__host=OuterRef("host"), remote_user_id=OuterRef("remote_user_id"))
        yield StagedRow.objects.filter(run_id=run, login_key__in=names)
        yield StagedRowAccount.objects.filter(Exists(of_account), run_id=run)
        named = Q(login_key__in=names) | Q(key__in=names)
        yield StagedAddress.objects.filter(named, run_id=run)

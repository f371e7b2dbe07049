"""The three facts of freshness: last contact, last success, last change; and the streak of failures.

Only real contact moves the first (DESIGN §4).
"""

from __future__ import annotations

from typing import Any

from django.db.models import F

from ghconnect import clock
from ghconnect.models import Server
from licensing.models import CloudPicture, ServerPicture, SyncRun


def picture(run: SyncRun) -> ServerPicture | CloudPicture:
    """Return what stands published for the run's subject, made empty if there is none yet."""
    if run.server is None:
        return CloudPicture.objects.get_or_create(enterprise=run.enterprise)[0]
    return ServerPicture.objects.get_or_create(server=run.server)[0]


def _update(run: SyncRun, **values: Any) -> None:
    row = picture(run)
    if isinstance(row, CloudPicture):
        CloudPicture.objects.filter(pk=row.pk).update(**values)
    else:
        ServerPicture.objects.filter(pk=row.pk).update(**values)


def contacted(run: SyncRun) -> None:
    """The subject answered."""
    _update(run, last_contact=clock.now(run.enterprise))


def called(server: Server) -> None:
    """The server came by itself, whether or not what it brought was taken."""
    ServerPicture.objects.update_or_create(
        server=server, defaults={"last_contact": clock.now(server.enterprise)}
    )


def failed(run: SyncRun) -> None:
    """A try ended in failure: the streak grows; the data stays as old as it is."""
    row = picture(run)
    values: dict[str, Any] = {"failures": F("failures") + 1}
    if row.failing_since is None:
        values["failing_since"] = clock.now(run.enterprise)
    _update(run, **values)


def succeeded(run: SyncRun, *, changed: bool, **values: Any) -> None:
    """A run ended well: contact and success are renewed, the streak ends; `values` are columns of the picture."""
    now = clock.now(run.enterprise)
    if changed and run.server is not None:
        values["last_change"] = now
    _update(run, last_contact=now, last_success=now, failing_since=None, failures=0, **values)

"""Both times of a figure that stands alone: GitHub's and this console's (PRODUCT §2, rule 4).

`templates/elements/both_times.html` shows them, also those of `bridge.of`, which a page with the bridge has anyway.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from ghconnect.models import Enterprise, Server
from licensing.models import CloudPicture, Edition, ServerPicture, SyncRun

from . import as_of, clocks


@dataclass(frozen=True, slots=True)
class Times:
    """When GitHub had counted, None where it did not; when this console read what the figure is of."""

    counted_at: datetime | None
    console_at: datetime | None


def of_server(server: Server, picture: ServerPicture | None) -> Times:
    """Figures of a server's picture, beside GitHub's count; one query."""
    return Times(_counted_at(server.enterprise), clocks.data_of(picture))


def of_run(run: SyncRun) -> Times:
    """Figures of a run: GitHub's count as it stood where the run was published, else as it stands; one query."""
    read_at = run.observed_at or run.finished_at or run.started_at or run.requested_at
    if run.edition is None:
        return Times(_counted_at(run.enterprise), read_at)
    edition = Edition.objects.filter(enterprise=run.enterprise, number=run.edition).first()
    return Times(as_of.counted_at(edition.totals) if edition else None, read_at)


def _counted_at(enterprise: Enterprise) -> datetime | None:
    return CloudPicture.objects.filter(enterprise=enterprise).values_list("counted_at", flat=True).first()

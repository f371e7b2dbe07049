"""Start the sandbox again: pretend GitHub as on its first day, and this console with it."""

from __future__ import annotations

from django.db import transaction

from ghconnect.models import Enterprise, User
from ghconnect.queue import send
from ghconnect.usecases import audit
from licensing.models import SyncRun

# A clock that stands so far back marks an enterprise that is about to be loaded anew.
MARK = -1


@transaction.atomic
def request(*, enterprise: Enterprise, by: User | None) -> bool:
    """Let a worker remove the pretend enterprise and load it anew; False where that is under way already."""
    waiting = Enterprise.objects.filter(pk=enterprise.pk, sandbox=True, clock_offset__gte=0)
    if not waiting.update(clock_offset=MARK):
        return False
    audit.record("sandbox.start_again", by=by, enterprise=None, subject=enterprise.slug)
    send("licensing.load_sandbox", enterprise_id=enterprise.pk)
    return True


def under_way(enterprise: Enterprise | None) -> bool:
    """Whether the pretend enterprise is being loaded: it is gone, its time is in the past, or a run is open."""
    if enterprise is None or enterprise.clock_offset < 0:
        return True
    cloud = SyncRun.objects.filter(enterprise=enterprise, server=None)
    # The last thing loading does is to read GitHub's report a second time.
    return cloud.filter(state__in=SyncRun.OPEN, number=2).exists() or not cloud.filter(number=2).exists()

"""The time of a pretend enterprise is that of pretend GitHub, where days pass at a button."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta

import requests
from django.conf import settings
from django.db import transaction

from ghconnect import clock
from ghconnect.models import Enterprise
from ghconnect.queue import send
from licensing.models import DueSync

from . import sandbox_again, sandbox_world, schedule

log = logging.getLogger(__name__)


def set_clock(enterprise: Enterprise, ago: timedelta) -> None:
    """Let time be so long ago, here and in pretend GitHub; nothing comes due by that.

    While it is in the past the enterprise is being loaded, and the dispatcher leaves it alone.
    """
    offset = -round(ago.total_seconds())
    if offset:
        _move(enterprise, offset, realign=True)
    sandbox_world.control("clock", offset_seconds=offset)
    if not offset:
        _move(enterprise, offset, realign=True)


def follow() -> None:
    """Let each pretend enterprise's own time be that of pretend GitHub; load anew what was started again there."""
    if not settings.GHCONNECT_SANDBOX_URL:
        return
    for enterprise in Enterprise.objects.filter(sandbox=True, clock_offset__gte=0):
        try:
            told = sandbox_world.ask("clock")
        except requests.RequestException as error:
            log.warning("pretend GitHub does not tell the time: %s", error)
            return
        if datetime.fromisoformat(told["made_at"]) > enterprise.created_at:
            if not settings.GHCONNECT_PAUSE_SYNCS:  # to load is to read
                sandbox_again.request(enterprise=enterprise, by=None)
            continue
        # Buttons are pressed there at any time: GitHub's own hour would be long to wait beside one.
        send("licensing.watch_github", enterprise_id=enterprise.pk)
        offset = int(told["offset_seconds"])
        if offset != enterprise.clock_offset and offset >= 0:
            _move(enterprise, offset, realign=offset < enterprise.clock_offset)


@transaction.atomic
def _move(enterprise: Enterprise, offset: int, *, realign: bool) -> None:
    """Set the offset in seconds; `realign` moves what is due along, else time that passed makes it due."""
    enterprise.clock_offset = offset
    Enterprise.objects.filter(pk=enterprise.pk).update(clock_offset=offset)
    dues = DueSync.objects.filter(enterprise=enterprise).select_related("enterprise", "server__enterprise")
    for due in dues if realign else ():
        after = schedule.next_of(due, clock.now(enterprise))
        DueSync.objects.filter(pk=due.pk).update(at=after.at, period=after.period_key)
    send("licensing.refresh_attention", enterprise_id=enterprise.pk)

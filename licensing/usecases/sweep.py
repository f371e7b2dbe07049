"""Find runs again that no message will: the run row is the truth and the broker only a doorbell."""

from __future__ import annotations

from datetime import timedelta

from django.utils import timezone

from ghconnect.queue import send
from licensing.models import RunChunk

from . import recounts, runs

HALF_UPLOAD_KEPT = timedelta(hours=24)


def sweep() -> int:
    """Send every run that a worker could take now; returns how many. Claiming sorts out who gets it."""
    ids = runs.sendable()
    for run_id in ids:
        send("licensing.perform_sync", run_id=run_id)
    open_recounts = recounts.sendable()
    for pk in open_recounts:
        send("licensing.recount", recount_id=pk)
    _forget_half_uploads()
    return len(ids) + len(open_recounts)


def _forget_half_uploads() -> None:
    """Delete chunks of files that never became a run; looked up first, so that a sweep seldom writes."""
    old = RunChunk.objects.filter(run=None, created_at__lt=timezone.now() - HALF_UPLOAD_KEPT)
    if old.exists():
        old.delete()

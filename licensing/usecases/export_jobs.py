"""Lists as files that a worker writes: asked for, taken, written while the worker has it, given away, forgotten."""

from __future__ import annotations

import hashlib
import logging
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from tempfile import SpooledTemporaryFile

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import F, Max, Q, QuerySet
from django.utils import timezone

from ghconnect.models import Enterprise, User
from ghconnect.queue import send
from ghconnect.usecases import audit
from licensing import export_files
from licensing.models import ExportChunk, ExportJob

log = logging.getLogger(__name__)
State = ExportJob.State
# What of a file is in memory while it is written, and a chunk before it is compressed.
IN_MEMORY, PLAIN = 4 << 20, 1 << 20
LEASE, ATTEMPTS = timedelta(minutes=5), 3
# So many may wait in one enterprise, and a bell that was not heard is rung again after so long.
MOST_OPEN, UNHEARD = 5, timedelta(seconds=30)


class TooMany(Exception):
    """So many are being written already."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What shall be in the file; `view` and `query` as on the page of consumed licenses, `as_of` a past day."""

    list: str
    form: str
    view: str = ""
    query: str = ""
    as_of: date | None = None


@transaction.atomic
def request(*, enterprise: Enterprise, wish: Wish, by: User | None) -> ExportJob:
    """Ask for a file. Raises TooMany."""
    Enterprise.objects.select_for_update(no_key=True).get(pk=enterprise.pk)
    mine = ExportJob.objects.filter(enterprise=enterprise)
    if mine.filter(state__in=ExportJob.OPEN).count() >= MOST_OPEN:
        raise TooMany
    job = ExportJob.objects.create(
        enterprise=enterprise,
        number=(mine.aggregate(n=Max("number"))["n"] or 0) + 1,
        list=wish.list,
        form=wish.form,
        view=wish.view,
        query=wish.query,
        as_of=wish.as_of,
        requested_at=timezone.now(),
        requested_by_login=audit.name_of(by),
    )
    subject = f"{job.list}.{job.form}"
    audit.record("export.request", by=by, enterprise=enterprise, subject=subject, number=job.number)
    send("licensing.write_export", export_id=job.pk)
    return job


def perform(*, export_id: int) -> None:
    """Write one, if it is nobody's; a worker that lost it meanwhile leaves nothing."""
    job = _take(export_id)
    if job is None:
        return
    try:
        _write(job)
    except Exception:
        log.exception("export %s of enterprise %s", job.number, job.enterprise_id)
        _mine(job).update(state=State.FAILED if job.attempt >= ATTEMPTS else State.QUEUED, lease_until=None)
    finally:
        _tidy(job)


def _tidy(job: ExportJob) -> None:
    """Delete what earlier attempts left, and what this one did unless it is the file."""
    chunks = ExportChunk.objects.filter(job_id=job.pk, attempt__lte=job.attempt)
    chunks.exclude(job__state=State.DONE, attempt=F("job__attempt")).delete()


def sweep() -> int:
    """Ring again for those no worker has; what was tried often enough has failed. Returns how many."""
    now = timezone.now()
    idle = _idle().filter(requested_at__lt=now - UNHEARD)
    if not idle.exists():
        return 0
    idle.filter(attempt__gte=ATTEMPTS).update(state=State.FAILED, lease_until=None, finished_at=now)
    ids = list(idle.values_list("pk", flat=True))
    for pk in ids:
        send("licensing.write_export", export_id=pk)
    return len(ids)


def pieces(job: ExportJob) -> Iterator[bytes]:
    """Yield a file that is done, a chunk at a time."""
    chunks = ExportChunk.objects.filter(job=job, attempt=job.attempt).order_by("number")
    for pk in list(chunks.values_list("pk", flat=True)):
        chunk = ExportChunk.objects.filter(pk=pk).first()
        if chunk is None:  # erased while it was sent: what is cut off says so by its length
            return
        yield zlib.decompress(bytes(chunk.data))


@transaction.atomic
def delete(*, job: ExportJob, by: User | None) -> None:
    """Forget a file before its time."""
    subject = f"{job.list}.{job.form}"
    audit.record("export.delete", by=by, enterprise=job.enterprise, subject=subject, number=job.number)
    job.delete()


def forget_all(enterprise: Enterprise) -> None:
    """Forget every file of an enterprise: somebody they may name was erased."""
    ExportJob.objects.filter(enterprise=enterprise).delete()


def past() -> QuerySet[ExportJob]:
    """Return those kept no longer."""
    old = timezone.now() - timedelta(days=settings.GHCONNECT_KEEP_EXPORTS_DAYS)
    return ExportJob.objects.filter(requested_at__lt=old)


def _idle() -> QuerySet[ExportJob]:
    lapsed = Q(state=State.RUNNING, lease_until__lt=timezone.now())
    return ExportJob.objects.filter(Q(state=State.QUEUED) | lapsed)


def _take(export_id: int) -> ExportJob | None:
    """Take it as one statement, so that of two workers one gets it."""
    wanted = _idle().filter(pk=export_id, attempt__lt=ATTEMPTS)
    until = timezone.now() + LEASE
    if not wanted.update(state=State.RUNNING, lease_until=until, attempt=F("attempt") + 1):
        return None
    return ExportJob.objects.select_related("enterprise").get(pk=export_id)


def _mine(job: ExportJob) -> QuerySet[ExportJob]:
    return ExportJob.objects.filter(pk=job.pk, state=State.RUNNING, attempt=job.attempt)


def _write(job: ExportJob) -> None:
    """Write the file aside, of one moment; then keep it, a short transaction for each chunk."""
    file_ = export_files.of(job)
    digest, size = hashlib.sha256(), 0
    with SpooledTemporaryFile(IN_MEMORY) as aside:
        for piece in file_.pieces:
            data = piece.encode() if isinstance(piece, str) else piece
            digest.update(data)
            size += len(data)
            aside.write(data)
        aside.seek(0)
        number = 0
        while data := aside.read(PLAIN):
            if not _keep(job, number, data):
                return
            number += 1
    _mine(job).update(
        state=State.DONE,
        lease_until=None,
        finished_at=timezone.now(),
        name=file_.name,
        bytes=size,
        sha256=digest.hexdigest(),
    )


def _keep(job: ExportJob, number: int, data: bytes) -> bool:
    """Keep a chunk and go on holding the job; False when it is another's, or gone."""
    packed = zlib.compress(data, 6)
    try:
        with transaction.atomic():
            if not _mine(job).update(lease_until=timezone.now() + LEASE):
                return False
            ExportChunk.objects.create(job=job, attempt=job.attempt, number=number, data=packed)
    except IntegrityError:
        return False
    return True

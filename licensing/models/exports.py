"""Lists that a worker writes into files, which are kept for a while."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from ghconnect.models import Enterprise
from ghconnect.models.text import CodePointField


class ExportJob(models.Model):
    """One file that was asked for. All times are real ones; `attempt` is the one whose chunks are the file.

    A worker that takes it holds it until `lease_until`; whoever comes later than that takes it over.
    """

    class List(models.TextChoices):
        CONSUMED = "consumed-licenses"
        AS_OF = "as-of"
        RENEWAL = "renewal"

    class State(models.TextChoices):
        QUEUED = "queued"
        RUNNING = "running"
        DONE = "done"
        FAILED = "failed"

    OPEN: ClassVar[tuple[str, ...]] = (State.QUEUED, State.RUNNING)

    enterprise = models.ForeignKey(
        Enterprise, on_delete=models.CASCADE, related_name="export_jobs", db_index=False
    )
    number = models.PositiveIntegerField()
    list = models.CharField(max_length=20, choices=List)
    form = models.CharField(max_length=4)
    view = models.CharField(max_length=10, blank=True, default="")
    query = CodePointField(max_length=500, blank=True, default="")
    as_of = models.DateField(null=True)
    state = models.CharField(max_length=7, choices=State, default=State.QUEUED)
    requested_at = models.DateTimeField()
    requested_by_login = models.CharField(max_length=100)
    lease_until = models.DateTimeField(null=True)
    attempt = models.PositiveSmallIntegerField(default=0)
    finished_at = models.DateTimeField(null=True)
    name = models.CharField(max_length=200, blank=True, default="")
    bytes = models.BigIntegerField(default=0)
    sha256 = models.CharField(max_length=64, blank=True, default="")

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["enterprise", "number"], name="export_number_once"),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(
                fields=["requested_at"],
                condition=models.Q(state__in=["queued", "running"]),
                name="export_open",
            ),
        ]


class ExportChunk(models.Model):
    """Some of a file, compressed (zlib), in its order; so that every web server has it, and no disk."""

    job = models.ForeignKey(ExportJob, on_delete=models.CASCADE, related_name="chunks", db_index=False)
    attempt = models.PositiveSmallIntegerField()
    number = models.PositiveIntegerField()
    data = models.BinaryField()

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["job", "attempt", "number"], name="export_chunk_once"),
        ]

"""Sync runs, what is due, the bytes and rows a run brings in, and the picture it leaves."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from ghconnect.models import Enterprise, Server
from ghconnect.models.text import CodePointField


class SyncRun(models.Model):
    """One attempt to bring one subject's facts in: a server's accounts, or (no server) the cloud's licenses.

    The run row is the truth and the broker only a doorbell. A weekly period in which nobody could look is a row too:
    `missed`, never begun (ENGINEERING §22). `attempt` is the fence of every later write;
    leases are in the database's clock. `error_key` is a key of `ghconnect.wording`; `bytes` counts bytes read.
    `reading` is where a read of GitHub stands that is not over (usecases/cloud_reading.py).
    """

    class State(models.TextChoices):
        QUEUED = "queued", _("Queued")
        RUNNING = "running", _("Syncing")
        WAITING = "waiting", _("Waiting")
        HELD = "held", _("Held")
        PUBLISHED = "published", _("Published")
        UNCHANGED = "unchanged", _("Unchanged")
        FAILED = "failed", _("Failed")
        DISCARDED = "discarded", _("Discarded")
        SUPERSEDED = "superseded", _("Superseded")
        CANCELLED = "cancelled", _("Cancelled")
        MISSED = "missed", _("Missed")

    class Trigger(models.TextChoices):
        WEEKLY = "weekly", _("Weekly")
        MANUAL = "manual", _("Sync now")
        PUSH = "push", _("Push")
        UPLOAD = "upload", _("Upload")
        DAILY = "daily", _("Daily")
        FIRST = "first", _("First sync")

    class Step(models.TextChoices):
        NONE = "", ""
        FETCH = "fetch", _("Read the report")
        STAGE = "stage", _("Load")
        COMPARE = "compare", _("Compare")
        GUARD = "guard", _("Check")
        PUBLISH = "publish", _("Publish")

    class Answer(models.TextChoices):
        """What an owner said of a server whose accounts carry other creation times (ENGINEERING §6)."""

        NONE = "", ""
        SAME = "same", _("Same accounts")
        NEW = "new", _("New instance")

    ACTIVE = (State.RUNNING, State.WAITING)
    OPEN = (State.QUEUED, *ACTIVE)
    GOOD = (State.PUBLISHED, State.UNCHANGED)

    enterprise = models.ForeignKey(Enterprise, on_delete=models.CASCADE, related_name="runs")
    server = models.ForeignKey(Server, null=True, on_delete=models.CASCADE, related_name="runs")
    number = models.PositiveIntegerField()
    trigger = models.CharField(max_length=8, choices=Trigger)
    way = models.CharField(max_length=6, choices=Server.WayIn, default=Server.WayIn.PULL)
    state = models.CharField(max_length=10, choices=State, default=State.QUEUED)
    step = models.CharField(max_length=8, choices=Step, blank=True, default=Step.NONE)
    attempt = models.PositiveIntegerField(default=0)
    lease_until = models.DateTimeField(null=True)
    resume_at = models.DateTimeField(null=True)
    failures = models.PositiveIntegerField(default=0)
    takeovers = models.PositiveIntegerField(default=0)
    period = models.CharField(max_length=32, blank=True, default="")
    sha256 = models.CharField(max_length=64, blank=True, default="")
    file_name = models.CharField(max_length=200, blank=True, default="")
    format = models.CharField(max_length=20, blank=True, default="")
    requested_at = models.DateTimeField()
    requested_by = models.ForeignKey("ghconnect.User", null=True, on_delete=models.SET_NULL, related_name="+")
    requested_by_login = models.CharField(max_length=100, blank=True, default="")
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    observed_at = models.DateTimeField(null=True)
    age_known = models.BooleanField(default=False)
    fetch_complete = models.BooleanField(default=False)
    reading = models.JSONField(null=True)
    bytes = models.BigIntegerField(default=0)
    fetched = models.PositiveIntegerField(default=0)
    expected_rows = models.PositiveIntegerField(null=True)
    counts = models.JSONField(default=dict)
    seconds = models.JSONField(default=dict)
    holds = models.JSONField(default=list)
    answer = models.CharField(max_length=4, choices=Answer, blank=True, default=Answer.NONE)
    decided_by_login = models.CharField(max_length=100, blank=True, default="")
    error_key = models.CharField(max_length=40, blank=True, default="")
    error_params = models.JSONField(default=dict)
    edition = models.PositiveBigIntegerField(null=True)

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["server", "number"], name="run_number_of_server"),
            models.UniqueConstraint(
                fields=["enterprise", "number"], condition=Q(server=None), name="run_number_of_cloud"
            ),
            models.UniqueConstraint(
                fields=["server"],
                condition=Q(state__in=["running", "waiting"]),
                name="run_one_active_of_server",
            ),
            models.UniqueConstraint(
                fields=["enterprise"],
                condition=Q(server=None, state__in=["running", "waiting"]),
                name="run_one_active_of_cloud",
            ),
            models.UniqueConstraint(
                fields=["server"],
                condition=Q(state="queued", way="pull"),
                name="run_one_queued_pull_of_server",
            ),
            models.UniqueConstraint(
                fields=["enterprise"],
                condition=Q(server=None, state="queued"),
                name="run_one_queued_of_cloud",
            ),
            models.UniqueConstraint(
                fields=["server", "sha256"],
                condition=Q(state__in=["queued", "running", "waiting"]) & ~Q(sha256="") & ~Q(way="pull"),
                name="run_content_once",
            ),
            models.UniqueConstraint(
                fields=["server", "period"], condition=~Q(period=""), name="run_period_of_server"
            ),
            models.UniqueConstraint(
                fields=["enterprise", "period"],
                condition=Q(server=None) & ~Q(period=""),
                name="run_period_of_cloud",
            ),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["enterprise", "-id"], name="run_by_enterprise"),
            models.Index(
                fields=["state", "resume_at"],
                condition=Q(state__in=["queued", "running", "waiting"]),
                name="run_open",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.server.short_name if self.server else self.enterprise.slug} #{self.number}"


class DueSync(models.Model):
    """When a subject is due next; beat only asks what is due (ENGINEERING §22).

    `anchor` is the moment the feature was enabled; `period` names the instant in UTC.
    """

    enterprise = models.ForeignKey(Enterprise, on_delete=models.CASCADE, related_name="dues")
    server = models.OneToOneField(Server, null=True, on_delete=models.CASCADE, related_name="due")
    kind = models.CharField(max_length=8, default="weekly")
    anchor = models.DateTimeField()
    at = models.DateTimeField(db_index=True)
    period = models.CharField(max_length=32)

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                fields=["enterprise", "kind"], condition=Q(server=None), name="due_cloud_once"
            ),
        ]


class RunChunk(models.Model):
    """Projected rows of one run: gzip of at most 1 MiB (ENGINEERING §14). Raw bytes never reach a disk.

    While a file is on its way in, `run` is null and `upload` holds its chunks together.
    """

    run = models.ForeignKey(SyncRun, null=True, on_delete=models.CASCADE, related_name="chunks")
    upload = models.UUIDField()
    number = models.PositiveIntegerField()
    data = models.BinaryField()
    sha256 = models.CharField(max_length=64)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["upload", "number"], name="chunk_once"),
        ]


class Staged(models.Model):
    """A row of one attempt of one run, not yet published. No foreign keys: written once, by the thousand."""

    run_id = models.BigIntegerField()
    attempt = models.PositiveIntegerField()

    class Meta:
        abstract = True


class StagedAccount(Staged):
    """A server account as read; `position` is its place in the report's own order."""

    position = models.PositiveIntegerField()
    remote_user_id = models.BigIntegerField()
    login = CodePointField(max_length=255)
    email = CodePointField(max_length=320)
    key = CodePointField(max_length=320)
    site_admin = models.BooleanField(null=True)
    suspended = models.BooleanField()
    dormant = models.BooleanField(null=True)
    never_active = models.BooleanField(null=True)
    remote_created_at = models.DateTimeField(null=True)

    class Meta:
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["run_id", "attempt", "remote_user_id"], name="staged_account_id"),
        ]


class StagedRow(Staged):
    """A row of GitHub's license report as read. `facts` is the JSON of its fields (see LicenseRow)."""

    row_key = CodePointField(max_length=400)
    login_key = CodePointField(max_length=255)
    digest = models.CharField(max_length=64)
    facts = models.TextField()

    class Meta:
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["run_id", "attempt", "row_key"], name="staged_row_key"),
        ]


class StagedRowAccount(Staged):
    """One `host:id` of a staged row."""

    row_key = CodePointField(max_length=400)
    host = CodePointField(max_length=255)
    remote_user_id = models.BigIntegerField()

    class Meta:
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["run_id", "attempt", "host", "remote_user_id"], name="staged_row_account"),
        ]


class StagedAddress(Staged):
    """One identity value or verified email of a cloud account as read."""

    login_key = CodePointField(max_length=255)
    kind = models.CharField(max_length=24)
    value = models.CharField(max_length=320)
    key = CodePointField(max_length=320)

    class Meta:
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["run_id", "attempt", "login_key", "kind", "key"], name="staged_address"),
        ]


class Lacked(models.Model):
    """What a drifting read of GitHub's report lacked, and is kept until the next read lacks it too (ENGINEERING §17).

    `kind` is "row" (its key) or the kind of an identity value (of `login_key`); `run_id` is 0 once that read stands.
    """

    enterprise_id = models.BigIntegerField()
    run_id = models.BigIntegerField()
    kind = models.CharField(max_length=24)
    login_key = CodePointField(max_length=255)
    key = CodePointField(max_length=400)

    class Meta:
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["enterprise_id", "run_id", "kind", "key"], name="lacked_key"),
        ]


class ServerPicture(models.Model):
    """What stands published for a server, and the three facts of freshness: contact, success, change.

    `judged_by` is the date of GitHub's own sync by which the verdicts of the accounts were given.
    """

    server = models.OneToOneField(Server, on_delete=models.CASCADE, related_name="picture")
    run = models.ForeignKey(SyncRun, null=True, on_delete=models.SET_NULL, related_name="+")
    observed_at = models.DateTimeField(null=True)
    age_known = models.BooleanField(default=False)
    accounts = models.PositiveIntegerField(default=0)
    consuming = models.PositiveIntegerField(default=0)
    suspended = models.PositiveIntegerField(default=0)
    last_contact = models.DateTimeField(null=True)
    last_success = models.DateTimeField(null=True)
    last_change = models.DateTimeField(null=True)
    failing_since = models.DateTimeField(null=True)
    failures = models.PositiveIntegerField(default=0)
    judged_by = models.DateTimeField(null=True)


class RunChange(models.Model):
    """What one run did to one account and to the license of its person.

    `kind`: added, changed, gone, rejoined, moved, renamed; `license` is +1, 0 or −1; `reason` a consumption reason key.
    Without an account the line is of the person alone.
    """

    run = models.ForeignKey(SyncRun, on_delete=models.CASCADE, related_name="changes")
    account_id = models.BigIntegerField(null=True)
    person_id = models.BigIntegerField(null=True)
    kind = models.CharField(max_length=10)
    license = models.SmallIntegerField(default=0)
    reason = models.CharField(max_length=40, blank=True, default="")
    fields = models.CharField(max_length=120, blank=True, default="")

    class Meta:
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["run", "kind", "id"], name="change_by_kind"),
            models.Index(fields=["person_id"], name="change_by_person"),
        ]

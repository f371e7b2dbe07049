"""GitHub's own count and sync status over time, and the editions of what this console published."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db import models

from ghconnect.models import Enterprise, Server
from ghconnect.models.text import CodePointField


class Edition(models.Model):
    """One publication. `totals`: counted (by GitHub, null without a token), purchased, read_as_counted,
    expected, consuming (by this console), by_deployment, by_license_type, lines (the bridge).
    """

    enterprise = models.ForeignKey(Enterprise, on_delete=models.CASCADE, related_name="editions")
    number = models.PositiveBigIntegerField()
    at = models.DateTimeField()
    cause = models.CharField(max_length=20)
    run_id = models.BigIntegerField(null=True)
    totals = models.JSONField(default=dict)

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["enterprise", "number"], name="edition_once"),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["enterprise", "at"], name="edition_by_time"),
        ]


class CloudPicture(models.Model):
    """What stands of the cloud side: GitHub's count (shown at once) and the last good rows, each with its time.

    `managed_users`: GitHub shows that the enterprise has them (EMU), so that pending invitations consume nothing.
    """

    enterprise = models.OneToOneField(Enterprise, on_delete=models.CASCADE, related_name="cloud_picture")
    consumed = models.PositiveIntegerField(null=True)
    purchased = models.PositiveIntegerField(null=True)
    counted_at = models.DateTimeField(null=True)
    rows = models.PositiveIntegerField(default=0)
    rows_counted = models.PositiveIntegerField(default=0)
    rows_at = models.DateTimeField(null=True)
    members = models.PositiveIntegerField(default=0)
    members_with_identity = models.PositiveIntegerField(default=0)
    identities_at = models.DateTimeField(null=True)
    managed_users = models.BooleanField(default=False)
    last_contact = models.DateTimeField(null=True)
    last_success = models.DateTimeField(null=True)
    failing_since = models.DateTimeField(null=True)
    failures = models.PositiveIntegerField(default=0)
    status_checked_at = models.DateTimeField(null=True)
    status_error_key = models.CharField(max_length=40, blank=True, default="")
    status_error_params = models.JSONField(default=dict)
    statistics_read_at = models.DateTimeField(null=True)
    statistics_error_key = models.CharField(max_length=40, blank=True, default="")
    statistics_error_params = models.JSONField(default=dict)

    @classmethod
    def managed(cls, enterprise: Enterprise) -> bool:
        """Whether an enterprise has managed users: as its owners say, else as GitHub shows."""
        said = enterprise.managed_users
        return cls.shows_managed(enterprise) if said == Enterprise.Managed.GITHUB else said == "yes"

    @classmethod
    def shows_managed(cls, enterprise: Enterprise) -> bool:
        """Whether GitHub showed that an enterprise has managed users."""
        return cls.objects.filter(enterprise=enterprise, managed_users=True).exists()


class GitHubCount(models.Model):
    """GitHub's own count as it said it; a row only when it changed."""

    enterprise = models.ForeignKey(Enterprise, on_delete=models.CASCADE, related_name="github_counts")
    at = models.DateTimeField()
    consumed = models.PositiveIntegerField()
    purchased = models.PositiveIntegerField(null=True)

    class Meta:
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["enterprise", "at"], name="github_count_by_time"),
        ]


class GitHubSync(models.Model):
    """GitHub's own sync of one server as license-sync-status said it: append-only, a row when it changed.

    `kind`: connect or upload where GitHub tells; `status` verbatim. `newest` marks the row that stands.
    """

    enterprise = models.ForeignKey(Enterprise, on_delete=models.CASCADE, related_name="github_syncs")
    server = models.ForeignKey(Server, null=True, on_delete=models.SET_NULL, related_name="github_syncs")
    instance_id = models.CharField(max_length=64, blank=True, default="")
    host = CodePointField(max_length=255)
    date = models.DateTimeField(null=True)
    status = models.CharField(max_length=120, blank=True, default="")
    error = models.TextField(blank=True, default="")
    first_seen_at = models.DateTimeField()
    checked_at = models.DateTimeField()
    newest = models.BooleanField(default=True)

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                fields=["enterprise", "host"], condition=models.Q(newest=True), name="github_sync_newest_once"
            ),
        ]

    @classmethod
    def standing(cls, *tests: models.Q, **facts: Any) -> models.QuerySet[GitHubSync]:
        """What GitHub says now: a row a host name. Of a server it lists under several names the latest comes last."""
        rows = cls.objects.filter(*tests, newest=True, **facts)
        return rows.order_by(models.F("date").asc(nulls_first=True), "pk")


class ServerStatistics(models.Model):
    """One day of a server as its owners share it with GitHub (reference §11): evidence, counted in nothing.

    `features` are GitHub's machine names of what was on in GitHub Connect; counts are None where not told.
    """

    enterprise = models.ForeignKey(Enterprise, on_delete=models.CASCADE, related_name="+", db_index=False)
    server = models.ForeignKey(Server, null=True, on_delete=models.SET_NULL, related_name="statistics")
    host = CodePointField(max_length=255)
    instance_id = models.CharField(max_length=64, blank=True, default="")
    day = models.DateField()
    collected_at = models.DateTimeField()
    version = models.CharField(max_length=32, blank=True, default="")
    features = models.JSONField(default=list)
    dormant_users = models.PositiveIntegerField(null=True)
    dormancy_threshold = models.CharField(max_length=32, blank=True, default="")
    total_users = models.PositiveIntegerField(null=True)
    admin_users = models.PositiveIntegerField(null=True)
    suspended_users = models.PositiveIntegerField(null=True)

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["enterprise", "host", "day"], name="server_statistics_once"),
        ]

"""What GitHub tells of an account beside its license report, and how well each part of it could be read."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from ghconnect.models import Enterprise
from ghconnect.models.text import CodePointField


class CloudSource(models.Model):
    """One thing that is asked of GitHub, with its own time and coverage (ENGINEERING §17).

    `state` is `read`, or the key of what is in the way (`ghconnect.wording`) with `params`; then `read_at` and `count`
    are still of the last time it was read, null if never.
    """

    READ = "read"

    enterprise = models.ForeignKey(
        Enterprise, on_delete=models.CASCADE, related_name="cloud_sources", db_index=False
    )
    name = models.CharField(max_length=32)
    state = models.CharField(max_length=40)
    params = models.JSONField(default=dict)
    count = models.PositiveIntegerField(null=True)
    read_at = models.DateTimeField(null=True)
    tried_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["enterprise", "name"], name="cloud_source_once"),
        ]

    @property
    def is_read(self) -> bool:
        """Whether the last asking was answered."""
        return self.state == self.READ


class CloudFact(models.Model):
    """A `records.CloudFact` as last read: whatever of its kind GitHub no longer tells is gone.

    `login_key` is the login, or the address an invitation went to, in lower case; "" where it is of nobody.
    """

    enterprise = models.ForeignKey(
        Enterprise, on_delete=models.CASCADE, related_name="cloud_facts", db_index=False
    )
    kind = models.CharField(max_length=24)
    login_key = CodePointField(max_length=320, blank=True)
    value = CodePointField(max_length=320)
    note = models.CharField(max_length=40, blank=True, default="")
    at = models.DateTimeField(null=True)

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                fields=["enterprise", "kind", "login_key", "value"], name="cloud_fact_once"
            ),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["enterprise", "login_key", "kind"], name="cloud_fact_by_login"),
            models.Index(fields=["enterprise", "kind", "value", "id"], name="cloud_fact_by_value"),
        ]

"""Who did what here."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from .enterprise import Enterprise


class AuditEvent(models.Model):
    """One deed, written in the transaction that did it. Holds no secret and no address of a person."""

    enterprise = models.ForeignKey(
        Enterprise, null=True, on_delete=models.CASCADE, related_name="audit_events"
    )
    at = models.DateTimeField(db_index=True)
    action = models.CharField(max_length=60)
    actor = models.ForeignKey("ghconnect.User", null=True, on_delete=models.SET_NULL, related_name="+")
    actor_login = models.CharField(max_length=100)
    subject = models.CharField(max_length=255, blank=True, default="")
    data = models.JSONField(default=dict)
    request_id = models.CharField(max_length=64, blank=True, default="")
    address = models.CharField(max_length=64, blank=True, default="")

    class Meta:
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["enterprise", "-id"], name="audit_by_enterprise"),
        ]

"""What needs somebody, as a table; who is told of it, and what is still to be told."""

from __future__ import annotations

import uuid
from typing import ClassVar

from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from ghconnect.models import Enterprise
from ghconnect.models.text import CodePointField


class AttentionItem(models.Model):
    """One thing that needs somebody, as `rules.attention` draws it; open until `cleared_at`.

    `told` is what receivers were last told of it; `since` is in the enterprise's own time, the others in real
    time. An item that comes back within a day is the same row (ENGINEERING §26).
    """

    enterprise = models.ForeignKey(Enterprise, on_delete=models.CASCADE, related_name="attention_items")
    key = models.CharField(max_length=40)
    subject = CodePointField(max_length=255, blank=True, default="")
    licenses = models.IntegerField(default=0)
    since = models.DateTimeField(null=True)
    params = models.JSONField(default=dict, encoder=DjangoJSONEncoder)
    verb = models.CharField(max_length=40)
    opened_at = models.DateTimeField()
    changed_at = models.DateTimeField()
    cleared_at = models.DateTimeField(null=True)
    told = models.CharField(max_length=8, blank=True, default="")

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                fields=["enterprise", "key", "subject"],
                condition=Q(cleared_at=None),
                name="attention_open_once",
            ),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["enterprise", "cleared_at"], name="attention_by_end"),
        ]

    @property
    def is_open(self) -> bool:
        """Whether it still needs somebody."""
        return self.cleared_at is None


class Alerting(models.Model):
    """How an enterprise wants to be told: the language of words, the events of the webhook, what "near" means.

    `console_url` is where its owners reach this console, for links. So many percent (`near_percent`) of the
    purchased licenses are near the limit. `looks` counts refreshes, so that one drawn from older facts is not
    written over a newer one.
    """

    enterprise = models.OneToOneField(Enterprise, on_delete=models.CASCADE, related_name="alerting")
    language = models.CharField(max_length=8, default="en")
    events = models.JSONField(default=list)
    console_url = models.CharField(max_length=300, blank=True, default="")
    near_percent = models.PositiveSmallIntegerField(default=95)
    looks = models.PositiveBigIntegerField(default=0)
    looked_at = models.DateTimeField(null=True)


class AlertReceiver(models.Model):
    """One address of mail, or the one webhook. A webhook's `target` (its URL) and `secret` are sealed.

    `shown` is what pages may show: the address, or the webhook's host. While `resume_at` is to come nothing is
    sent; the lease is in the database's clock and lets one worker at a time deliver.
    """

    class Kind(models.TextChoices):
        MAIL = "mail", _("Email")
        WEBHOOK = "webhook", _("Webhook")

    enterprise = models.ForeignKey(Enterprise, on_delete=models.CASCADE, related_name="alert_receivers")
    kind = models.CharField(max_length=7, choices=Kind)
    target = models.TextField()
    secret = models.TextField(blank=True, default="")
    shown = models.CharField(max_length=320)
    failures = models.PositiveIntegerField(default=0)
    failing_since = models.DateTimeField(null=True)
    resume_at = models.DateTimeField(null=True)
    lease_until = models.DateTimeField(null=True)
    delivered_at = models.DateTimeField(null=True)
    error_key = models.CharField(max_length=40, blank=True, default="")
    error_params = models.JSONField(default=dict)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["enterprise", "kind", "shown"], name="alert_receiver_once"),
            models.UniqueConstraint(
                fields=["enterprise"], condition=Q(kind="webhook"), name="alert_one_webhook"
            ),
        ]


class Alert(models.Model):
    """Something to tell, written in the transaction that made it true; `uuid` is what receivers know it by."""

    enterprise = models.ForeignKey(Enterprise, on_delete=models.CASCADE, related_name="alerts")
    uuid = models.UUIDField(default=uuid.uuid4, unique=True)
    event = models.CharField(max_length=40)
    at = models.DateTimeField()
    item = models.ForeignKey(AttentionItem, null=True, on_delete=models.SET_NULL, related_name="alerts")
    text = models.TextField()
    link = models.TextField(blank=True, default="")
    data = models.JSONField(default=dict, encoder=DjangoJSONEncoder)


class AlertDelivery(models.Model):
    """One alert for one receiver: kept and tried again until it is taken, in the order of alerts."""

    alert = models.ForeignKey(Alert, on_delete=models.CASCADE, related_name="deliveries")
    receiver = models.ForeignKey(AlertReceiver, on_delete=models.CASCADE, related_name="deliveries")
    attempts = models.PositiveIntegerField(default=0)
    next_at = models.DateTimeField()
    done_at = models.DateTimeField(null=True)

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["alert", "receiver"], name="alert_once_per_receiver"),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["receiver", "id"], condition=Q(done_at=None), name="alert_to_deliver"),
        ]

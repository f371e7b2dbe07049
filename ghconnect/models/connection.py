"""GitHub Connect of one server: a live connection is a row, an enabled feature is a row that needs it."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from .server import Server


class Connection(models.Model):
    """GitHub Connect is on for this server, by whom and when (ENGINEERING §13).

    A broken connection (`broken_key` is a key of `ghconnect.wording`) keeps its features.
    """

    server = models.OneToOneField(Server, on_delete=models.CASCADE, related_name="connection")
    by = models.ForeignKey("ghconnect.User", null=True, on_delete=models.SET_NULL, related_name="+")
    by_login = models.CharField(max_length=100)
    at = models.DateTimeField()
    broken_at = models.DateTimeField(null=True)
    broken_key = models.CharField(max_length=40, blank=True, default="")
    broken_params = models.JSONField(default=dict)


class ConnectedFeature(models.Model):
    """A feature set to Enabled. The row's existence *is* Enabled; it cannot exist without a connection."""

    connection = models.ForeignKey(Connection, on_delete=models.PROTECT, related_name="features")
    key = models.CharField(max_length=40)
    by = models.ForeignKey("ghconnect.User", null=True, on_delete=models.SET_NULL, related_name="+")
    by_login = models.CharField(max_length=100)
    at = models.DateTimeField()

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["connection", "key"], name="feature_once"),
        ]

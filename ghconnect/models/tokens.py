"""Tokens of this console itself, for scripts and for servers that send their file."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from .enterprise import Enterprise
from .server import Server


class AccessTokenQuerySet(models.QuerySet["AccessToken"]):
    """Reads of tokens."""

    def usable(self) -> AccessTokenQuerySet:
        """Return those that open something now."""
        return self.filter(revoked_at=None, expires_at__gt=timezone.now())


class AccessToken(models.Model):
    """Opens what its scopes say, in one enterprise; with `server`, for that server alone.

    Only the SHA-256 of its text is kept (`digest`); `shown` is how the text begins, so that people recognise it.
    All times are real ones, whatever a sandbox's clock says (ENGINEERING §11).
    """

    class Scope(models.TextChoices):
        READ_ENTERPRISE = "read:enterprise", _("Read licenses, people and servers")
        READ_AUDIT_LOG = "read:audit_log", _("Read the audit log")
        WRITE_USAGE = "write:usage", _("Send the file of one server")
        ADMIN_CONNECT = (
            "admin:connect",
            _(
                "Act as an owner: syncs, features, servers, settings, alerts, decisions, erasing people, ending roles."
                " It never gives a role or a token."
            ),
        )

    enterprise = models.ForeignKey(Enterprise, on_delete=models.CASCADE, related_name="access_tokens")
    server = models.ForeignKey(Server, null=True, on_delete=models.CASCADE, related_name="access_tokens")
    name = models.CharField(max_length=100)
    scopes = models.JSONField(default=list)
    shown = models.CharField(max_length=16)
    digest = models.CharField(max_length=64, unique=True)
    created_at = models.DateTimeField()
    created_by = models.ForeignKey("ghconnect.User", null=True, on_delete=models.SET_NULL, related_name="+")
    created_by_login = models.CharField(max_length=100)
    expires_at = models.DateTimeField()
    last_used_at = models.DateTimeField(null=True)
    last_used_address = models.CharField(max_length=64, blank=True, default="")
    revoked_at = models.DateTimeField(null=True)

    objects: ClassVar[AccessTokenQuerySet] = AccessTokenQuerySet.as_manager()  # type: ignore[assignment]

    class Meta:
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["enterprise", "-id"], name="token_by_enterprise"),
            models.Index(fields=["server", "-id"], name="token_by_server"),
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.shown}…)"

    def is_usable(self, now: datetime | None = None) -> bool:
        """Whether it opens something at `now`."""
        return self.revoked_at is None and self.expires_at > (now or timezone.now())

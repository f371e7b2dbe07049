"""One GitHub Enterprise Server instance."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from .enterprise import Enterprise
from .text import CodePointField


class Server(models.Model):
    """An instance, known by its host name; belongs to exactly one enterprise.

    `token` is sealed. `quiet_from` and `quiet_to` are the hours, in the enterprise's zone, in which no weekly
    sync starts. `license_seats` is None while unknown or unlimited (`license_unlimited`).
    """

    class WayIn(models.TextChoices):
        PULL = "pull", _("This console reads the server")
        PUSH = "push", _("The server sends its file")
        UPLOAD = "upload", _("An owner uploads a file")

    class ManagedBy(models.TextChoices):
        UNKNOWN = "", _("Not stated")
        BUILT_IN = "built_in", _("On the instance, by each user")
        LDAP = "ldap", _("LDAP")
        SAML = "saml", _("SAML")
        SCIM = "scim", _("SCIM")

    enterprise = models.ForeignKey(Enterprise, on_delete=models.CASCADE, related_name="servers")
    host = CodePointField(max_length=255)
    server_id = models.CharField(max_length=64, blank=True, default="")
    version = models.CharField(max_length=32, blank=True, default="")
    customer_name = models.CharField(max_length=255, blank=True, default="")
    web_url = models.URLField(blank=True, default="")
    way_in = models.CharField(max_length=6, choices=WayIn, default=WayIn.PULL)
    token = models.TextField(blank=True, default="")
    token_login = models.CharField(max_length=100, blank=True, default="")
    token_kind = models.CharField(max_length=20, blank=True, default="")
    token_scopes = models.JSONField(null=True, default=None)
    token_replaced_at = models.DateTimeField(null=True)
    ca_bundle = models.TextField(blank=True, default="")
    checks = models.JSONField(default=list)
    checked_at = models.DateTimeField(null=True)
    managed_by = models.CharField(max_length=8, choices=ManagedBy, blank=True, default=ManagedBy.UNKNOWN)
    quiet_from = models.TimeField(null=True, blank=True)
    quiet_to = models.TimeField(null=True, blank=True)
    license_seats = models.PositiveIntegerField(null=True)
    license_unlimited = models.BooleanField(default=False)
    license_seats_used = models.PositiveIntegerField(null=True)
    license_days_left = models.IntegerField(null=True)
    license_read_at = models.DateTimeField(null=True)
    # Somebody asked for its removal: it is disconnected, and goes when its accounts are out of the numbers.
    leaving_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)
    created_by = models.ForeignKey("ghconnect.User", null=True, on_delete=models.SET_NULL, related_name="+")

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["enterprise", "host"], name="server_host_once"),
        ]

    def __str__(self) -> str:
        return self.host

    @property
    def short_name(self) -> str:
        """The first label of the host name, as people say it."""
        return self.host.split(".")[0]

    @property
    def instance_url(self) -> str:
        """Where "Open on the instance" leads."""
        return self.web_url or f"https://{self.host}"


class ServerName(models.Model):
    """A host name a server had, and from when to when (evidence is read with the names of its time)."""

    server = models.ForeignKey(Server, on_delete=models.CASCADE, related_name="names")
    host = CodePointField(max_length=255)
    from_at = models.DateTimeField(null=True)
    to_at = models.DateTimeField(null=True)

"""What makes everybody of an enterprise be counted again, outside a sync: asked for by a page, done by a worker."""

from __future__ import annotations

from typing import ClassVar, Self

from django.db import models
from django.db.models import Q

from ghconnect.models import Enterprise, Server
from ghconnect.models.text import CodePointField


class RecountQuerySet(models.QuerySet["Recount"]):
    """Recounts by how they stand."""

    def given_up(self) -> Self:
        """Those no worker tries any more, of which what was asked for does not hold yet."""
        contract = Q(cause=Recount.Cause.CONTRACT, enterprise__next_contract__isnull=False)
        asked = Q(enterprise__next_never_active__isnull=False) | Q(
            enterprise__next_managed_users__isnull=False
        )
        setting = Q(cause=Recount.Cause.SETTING) & asked
        server = Q(cause=Recount.Cause.SERVER, server__isnull=False)
        return self.filter(
            contract | setting | server | Q(cause=Recount.Cause.RULES), done_at=None, failed_at__isnull=False
        )


class Recount(models.Model):
    """One change that decides everybody again in one edition; open until `done_at`.

    Its cause is that of its edition. `attempt` is the fence, `lease_until` in the database's clock, as of a run;
    after a failure it rests until `resume_at`. `subject` is the host of the server that goes, else "".
    `takeovers` counts workers that died at it one after the other. With `failed_at` (the enterprise's own time) and
    `error_key` (a key of `ghconnect.wording`) nobody tries it again until somebody asks again.
    """

    class Cause(models.TextChoices):
        CONTRACT = "contract"
        SERVER = "server_removed"
        SETTING = "setting"
        RULES = "rules"

    enterprise = models.ForeignKey(Enterprise, on_delete=models.CASCADE, related_name="recounts")
    cause = models.CharField(max_length=20, choices=Cause)
    server = models.ForeignKey(Server, null=True, on_delete=models.SET_NULL, related_name="+")
    subject = CodePointField(max_length=255, blank=True, default="")
    by = models.ForeignKey("ghconnect.User", null=True, on_delete=models.SET_NULL, related_name="+")
    requested_at = models.DateTimeField(auto_now_add=True)
    attempt = models.PositiveIntegerField(default=0)
    lease_until = models.DateTimeField(null=True)
    failures = models.PositiveIntegerField(default=0)
    resume_at = models.DateTimeField(null=True)
    takeovers = models.PositiveIntegerField(default=0, db_default=0)
    failed_at = models.DateTimeField(null=True)
    error_key = models.CharField(max_length=40, blank=True, default="", db_default="")
    done_at = models.DateTimeField(null=True)

    objects = RecountQuerySet.as_manager()

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                fields=["enterprise", "cause", "subject"], condition=Q(done_at=None), name="recount_open_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.enterprise.slug} {self.cause} {self.subject}".strip()

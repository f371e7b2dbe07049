"""The account on GitHub that servers are connected to."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from .text import CodePointField

if TYPE_CHECKING:
    from .access import User


class EnterpriseQuerySet(models.QuerySet["Enterprise"]):
    """Reads of enterprises."""

    def of(self, user: User) -> EnterpriseQuerySet:
        """Return the enterprises in which `user` has a role."""
        return self.filter(memberships__user=user).order_by("name", "pk")

    def at_github(self, *, kind: str, host: str, name: str) -> EnterpriseQuerySet:
        """Return the account of this name at GitHub, by whatever address it has here."""
        named = models.Q(account=name) | models.Q(account="", slug=name)
        return self.filter(named, kind=kind, host=host)


class Enterprise(models.Model):
    """One enterprise account, or a single organization, on github.com or a GHE.com host.

    `slug` names it in this console's addresses, and is its name at GitHub unless `account` says another: GitHub lets
    an enterprise and an organization, or accounts of two hosts, have the same name.
    `token` is sealed. `edition` is the number of the last publication (ENGINEERING §9). `clock_offset`, in
    seconds, is what a sandbox's own time is ahead of ours; zero for everybody else, by a database check.
    """

    class Kind(models.TextChoices):
        ENTERPRISE = "enterprise", _("Enterprise account")
        ORGANIZATION = "organization", _("Organization")

    class Contract(models.TextChoices):
        UNKNOWN = "", _("Not stated")
        VOLUME = "volume", _("Volume")
        METERED = "metered", _("Metered (usage-based)")

    class NeverActive(models.TextChoices):
        """What an account of a server consumes whose owner never signed in (reference §4.2)."""

        GITHUB = "github", _("As GitHub's report says")
        ALWAYS = "always", _("A license, always")
        NEVER = "never", _("No license")

    class Managed(models.TextChoices):
        """Whether the cloud accounts are managed users (EMU), whose pending invitations consume nothing."""

        GITHUB = "github", _("As GitHub shows")
        YES = "yes", _("Managed users (EMU)")
        NO = "no", _("Personal accounts")

    slug = models.SlugField(max_length=60)
    account = models.CharField(max_length=60, blank=True, default="")
    name = CodePointField(max_length=120)
    host = models.CharField(max_length=255, default="github.com")
    kind = models.CharField(max_length=12, choices=Kind, default=Kind.ENTERPRISE)
    token = models.TextField(blank=True, default="")
    token_kind = models.CharField(max_length=20, blank=True, default="")
    token_scopes = models.JSONField(null=True, default=None)
    token_expires_at = models.DateTimeField(null=True)
    token_replaced_at = models.DateTimeField(null=True)
    checks = models.JSONField(default=list)
    checked_at = models.DateTimeField(null=True)
    contract = models.CharField(max_length=8, choices=Contract, blank=True, default=Contract.UNKNOWN)
    # Asked for and not yet counted by: whoever counts people takes it over with the numbers. None: nothing is asked.
    next_contract = models.CharField(max_length=8, choices=Contract, null=True, default=None)  # noqa: DJ001
    never_active = models.CharField(max_length=8, choices=NeverActive, default=NeverActive.GITHUB)
    # What was asked for and holds once everybody is counted by it.
    next_never_active = models.CharField(max_length=8, choices=NeverActive, null=True, default=None)  # noqa: DJ001
    managed_users = models.CharField(max_length=8, choices=Managed, default=Managed.GITHUB)
    next_managed_users = models.CharField(max_length=8, choices=Managed, null=True, default=None)  # noqa: DJ001
    renews_on = models.DateField(null=True, blank=True)
    price_cents = models.PositiveIntegerField(null=True, blank=True)
    currency = models.CharField(max_length=3, default="USD")
    time_zone = models.CharField(max_length=64, default="UTC")
    hold_limit = models.PositiveIntegerField(null=True, blank=True)
    two_factor_required = models.BooleanField(default=False)
    edition = models.PositiveBigIntegerField(default=0)
    # By which version of the rules everybody was decided last.
    rules_version = models.PositiveSmallIntegerField(default=1, db_default=1)
    sandbox = models.BooleanField(default=False)
    clock_offset = models.BigIntegerField(default=0)
    created_at = models.DateTimeField(auto_now_add=True)
    created_by = models.ForeignKey("ghconnect.User", null=True, on_delete=models.SET_NULL, related_name="+")

    objects: ClassVar[models.Manager[Enterprise]] = EnterpriseQuerySet.as_manager()

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            # The slug alone names an enterprise in this console's addresses.
            models.UniqueConstraint(fields=["slug"], name="enterprise_slug_once"),
            models.UniqueConstraint(
                fields=["kind", "host", "account"],
                condition=~models.Q(account=""),
                name="enterprise_account_once",
            ),
            models.CheckConstraint(
                condition=models.Q(clock_offset=0) | models.Q(sandbox=True), name="enterprise_real_time"
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def next_setting(self) -> str | None:
        """A setting of who consumes that was asked for and not yet counted by, None without one."""
        return self.next_never_active or self.next_managed_users

    @property
    def account_name(self) -> str:
        """What GitHub calls it."""
        return self.account or self.slug

    @property
    def place(self) -> str:
        """Where the account is, as people call it."""
        return "GitHub.com" if self.host == "github.com" else self.host

    @property
    def web_url(self) -> str:
        """Address of the account at GitHub, or of pretend GitHub's own pages."""
        place = f"{settings.GHCONNECT_SANDBOX_URL}/ghec" if self.sandbox else f"https://{self.host}"
        name = self.account_name
        return f"{place}/{name}" if self.is_organization else f"{place}/enterprises/{name}"

    @property
    def is_organization(self) -> bool:
        """Whether it is a single organization, which no enterprise account owns."""
        return self.kind == self.Kind.ORGANIZATION

    @property
    def licensing_url(self) -> str:
        """Where its owners see and change licenses at GitHub (reference §4.4, §5.1)."""
        if self.is_organization:
            return f"https://{self.host}/organizations/{self.account_name}/settings/billing"
        return self.web_url if self.sandbox else f"{self.web_url}/enterprise_licensing"

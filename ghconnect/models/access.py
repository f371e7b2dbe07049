"""People who sign in, and their role in each enterprise."""

from __future__ import annotations

import datetime
from typing import Any, ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import PermissionsMixin
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from .enterprise import Enterprise
from .text import CodePointField


class UserManager(BaseUserManager["User"]):
    """Makes users; the email is the login (ENGINEERING §23)."""

    def create_user(self, email: str, login: str = "", password: str | None = None, **facts: Any) -> User:
        """Make a user; without a password nobody can sign in as it with one."""
        user = self.model(
            email=email.strip().lower(), login=login or email.split("@", maxsplit=1)[0], **facts
        )
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **facts: Any) -> User:
        """Make an operator of the install."""
        return self.create_user(email, password=password, is_staff=True, is_superuser=True, **facts)


class User(AbstractBaseUser, PermissionsMixin):
    """A person who signs in. `is_staff` is the operator of the install: sees health, not people."""

    class Appearance(models.TextChoices):
        AUTO = "auto", _("Follow the system")
        LIGHT = "light", _("Light")
        DARK = "dark", _("Dark")
        LIGHT_HIGH_CONTRAST = "light_high_contrast", _("Light high contrast")
        DARK_HIGH_CONTRAST = "dark_high_contrast", _("Dark high contrast")

    email = models.EmailField(_("Email"), unique=True)
    login = CodePointField(_("Short name"), max_length=39, unique=True)
    name = models.CharField(_("Name"), max_length=100, blank=True)
    language = models.CharField(_("Language"), max_length=8, blank=True, default="")
    time_zone = models.CharField(_("Time zone"), max_length=64, blank=True, default="")
    appearance = models.CharField(_("Appearance"), max_length=24, choices=Appearance, default=Appearance.AUTO)
    # Keys without a modifier can be pressed by mistake, above all by voice (WCAG 2.1.4): they can be switched off.
    shortcuts = models.BooleanField(_("Character keys"), default=True)
    is_active = models.BooleanField(default=True)
    is_staff = models.BooleanField(default=False)
    created_at = models.DateTimeField(auto_now_add=True)

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = ["login"]
    objects: ClassVar[UserManager] = UserManager()

    def __str__(self) -> str:
        return self.login


class Role(models.TextChoices):
    """What a person is in one enterprise."""

    OWNER = "owner", _("Enterprise owner")
    BILLING_MANAGER = "billing_manager", _("Billing manager")
    # Reads everything an owner reads, also settings and the audit log, and changes nothing.
    AUDITOR = "auditor", _("Auditor")


class Source(models.TextChoices):
    """Who keeps a role: people here, or what says at each sign-in who has it."""

    HERE = "", _("given here")
    GROUPS = "groups", _("from a group of the identity provider")
    GITHUB = "github", _("owner at GitHub")


class Membership(models.Model):
    """One person's role in one enterprise."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="memberships")
    enterprise = models.ForeignKey(Enterprise, on_delete=models.CASCADE, related_name="memberships")
    role = models.CharField(max_length=20, choices=Role)
    source = models.CharField(max_length=8, choices=Source, default=Source.HERE, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["user", "enterprise"], name="membership_once"),
            models.CheckConstraint(condition=models.Q(role__in=Role.values), name="membership_role_known"),
        ]


class InvitationQuerySet(models.QuerySet["Invitation"]):
    """Reads of invitations."""

    def open(self) -> InvitationQuerySet:
        """Return those that can still be accepted."""
        return self.filter(accepted_at=None, cancelled_at=None, expires_at__gt=timezone.now())


class Invitation(models.Model):
    """A role for whoever follows a link and has the address. Only the SHA-256 of the link's secret is kept."""

    enterprise = models.ForeignKey(Enterprise, on_delete=models.CASCADE, related_name="invitations")
    email = models.EmailField()
    role = models.CharField(max_length=20, choices=Role)
    digest = models.CharField(max_length=64, unique=True)
    created_at = models.DateTimeField(default=timezone.now)
    created_by = models.ForeignKey("ghconnect.User", null=True, on_delete=models.SET_NULL, related_name="+")
    created_by_login = models.CharField(max_length=100)
    expires_at = models.DateTimeField()
    accepted_at = models.DateTimeField(null=True)
    cancelled_at = models.DateTimeField(null=True)

    objects: ClassVar[InvitationQuerySet] = InvitationQuerySet.as_manager()  # type: ignore[assignment]

    # As at GitHub.
    LASTS = datetime.timedelta(days=7)

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(condition=models.Q(role__in=Role.values), name="invitation_role_known"),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["enterprise", "-id"], name="invitation_by_enterprise"),
        ]

"""Accounts as servers and GitHub describe them. Personal data lives here and in `Person.name` only.

Keys of enterprise and server have no index of their own: composite ones begin with them, and another would
only cost at every publication and mislead SQLite's planner.
"""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q

from ghconnect.models import Enterprise, Server
from ghconnect.models.text import CodePointField


class Account(models.Model):
    """A user account on a server (EnterpriseServerUserAccount): facts as last read, match, and verdict.

    `ended_edition` is null while the account is in the picture. `key` is the normalised primary email, ""
    without one, seen since `key_since`; `former_keys` are those it had here before. `rule` and `rule_value` tie
    it to its person, `explained_*` is what the documented rules alone give. `row_id` is GitHub's row of it, evidence
    if `row_valid`.
    `stopped_at` and `matched_at` are the latest moments at which it can have stopped consuming, or got its match.
    """

    enterprise = models.ForeignKey(Enterprise, on_delete=models.CASCADE, related_name="+", db_index=False)
    server = models.ForeignKey(Server, on_delete=models.CASCADE, related_name="accounts", db_index=False)
    remote_user_id = models.BigIntegerField()
    position = models.PositiveIntegerField(default=0)
    login = CodePointField(max_length=255)
    email = CodePointField(max_length=320, blank=True)
    key = CodePointField(max_length=320, blank=True)
    key_since = models.DateTimeField(null=True)
    former_keys = models.JSONField(default=list)
    site_admin = models.BooleanField(null=True)
    suspended = models.BooleanField()
    dormant = models.BooleanField(null=True)
    never_active = models.BooleanField(null=True)
    remote_created_at = models.DateTimeField(null=True)
    first_seen_at = models.DateTimeField()
    since_edition = models.PositiveBigIntegerField()
    ended_edition = models.PositiveBigIntegerField(null=True)
    run_id = models.BigIntegerField(null=True)
    person_id = models.BigIntegerField(null=True)
    rule = models.CharField(max_length=24, blank=True, default="")
    rule_value = models.CharField(max_length=320, blank=True, default="")
    explained_rule = models.CharField(max_length=24, blank=True, default="")
    explained_value = models.CharField(max_length=320, blank=True, default="")
    explained_cloud_id = models.BigIntegerField(null=True)
    matched_at = models.DateTimeField(null=True)
    row_id = models.BigIntegerField(null=True)
    row_valid = models.BooleanField(default=False)
    tie = models.BooleanField(default=False)
    consumes = models.BooleanField(default=False)
    reason = CodePointField(max_length=40, blank=True, default="")
    stopped_at = models.DateTimeField(null=True)
    verdict = models.CharField(max_length=24, blank=True, default="")

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                fields=["server", "remote_user_id"], condition=Q(ended_edition=None), name="account_once"
            ),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(
                fields=["enterprise", "key", "id"], condition=Q(ended_edition=None), name="account_by_key"
            ),
            models.Index(fields=["person_id"], name="account_by_person"),
            models.Index(fields=["row_id"], name="account_by_row"),
            models.Index(fields=["server", "remote_user_id", "id"], name="account_by_remote_id"),
            models.Index(fields=["server", "login", "id"], name="account_by_login"),
        ]


class CloudAccount(models.Model):
    """A user in the enterprise on GitHub. `login_key` is the login in lower case.

    `former_login` is the one before the last rename, which the edition `renamed_edition` saw.
    """

    enterprise = models.ForeignKey(
        Enterprise, on_delete=models.CASCADE, related_name="cloud_accounts", db_index=False
    )
    login = CodePointField(max_length=255)
    login_key = CodePointField(max_length=255)
    former_login = CodePointField(max_length=255, blank=True, default="", db_default="")
    renamed_edition = models.PositiveBigIntegerField(null=True)
    name = models.CharField(max_length=255, blank=True)
    profile_url = models.CharField(max_length=400, blank=True)
    database_id = models.BigIntegerField(null=True)
    ended_edition = models.PositiveBigIntegerField(null=True)

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                fields=["enterprise", "login_key"], condition=Q(ended_edition=None), name="cloud_account_once"
            ),
        ]


class Address(models.Model):
    """An identity value or verified email of a cloud account; `kind` as in `ghconnect.records`."""

    enterprise = models.ForeignKey(Enterprise, on_delete=models.CASCADE, related_name="+", db_index=False)
    cloud_account = models.ForeignKey(
        CloudAccount, on_delete=models.CASCADE, related_name="addresses", db_index=False
    )
    kind = models.CharField(max_length=24)
    value = models.CharField(max_length=320)
    key = CodePointField(max_length=320)

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["cloud_account", "kind", "key"], name="address_once"),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["enterprise", "key"], name="address_by_key"),
        ]


class LicenseRow(models.Model):
    """One row of GitHub's license report (reference §5.3): a license as GitHub counts it, and our evidence.

    `row_key` is the cloud login, else the sorted `host:id` set. `kind` is cloud, both, server or invitation;
    `counted` whether GitHub counts it. `server_keys` are its server emails, normalised.
    """

    enterprise = models.ForeignKey(
        Enterprise, on_delete=models.CASCADE, related_name="license_rows", db_index=False
    )
    row_key = CodePointField(max_length=400)
    digest = models.CharField(max_length=64)
    cloud_account = models.ForeignKey(CloudAccount, null=True, on_delete=models.CASCADE, related_name="rows")
    person_id = models.BigIntegerField(null=True)
    kind = models.CharField(max_length=10)
    counted = models.BooleanField(default=True)
    github_com_login = models.CharField(max_length=255, blank=True)
    github_com_name = models.CharField(max_length=255, blank=True)
    github_com_user = models.BooleanField(default=False)
    enterprise_server_user = models.BooleanField(default=False)
    visual_studio_subscription_user = models.BooleanField(default=False)
    license_type = models.CharField(max_length=40, blank=True)
    github_com_profile = models.CharField(max_length=400, blank=True)
    github_com_member_roles = models.JSONField(default=list)
    github_com_enterprise_roles = models.JSONField(default=list)
    github_com_verified_domain_emails = models.JSONField(default=list)
    github_com_saml_name_id = models.CharField(max_length=320, blank=True)
    github_com_orgs_with_pending_invites = models.JSONField(default=list)
    github_com_two_factor_auth = models.BooleanField(null=True)
    enterprise_server_user_ids = models.JSONField(default=list)
    enterprise_server_emails = models.JSONField(default=list)
    server_keys = models.JSONField(default=list)
    visual_studio_license_status = models.CharField(max_length=40, blank=True)
    visual_studio_subscription_email = models.CharField(max_length=320, blank=True)
    total_user_accounts = models.PositiveIntegerField(default=0)
    sort = CodePointField(max_length=255, blank=True)
    verdict = models.CharField(max_length=24, blank=True, default="")

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["enterprise", "row_key"], name="license_row_once"),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["enterprise", "sort", "id"], name="license_row_sorted"),
            models.Index(fields=["person_id"], name="license_row_by_person"),
            models.Index(fields=["enterprise", "verdict", "sort", "id"], name="license_row_by_verdict"),
        ]


class RowAccount(models.Model):
    """One `host:id` of a row: GitHub's evidence about a server account. `server` by any name it ever had."""

    row = models.ForeignKey(LicenseRow, on_delete=models.CASCADE, related_name="accounts")
    enterprise = models.ForeignKey(Enterprise, on_delete=models.CASCADE, related_name="+", db_index=False)
    host = CodePointField(max_length=255)
    remote_user_id = models.BigIntegerField()
    server = models.ForeignKey(Server, null=True, on_delete=models.SET_NULL, related_name="+", db_index=False)

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["enterprise", "host", "remote_user_id"], name="row_account_once"),
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["server", "remote_user_id"], name="row_account_by_server"),
        ]

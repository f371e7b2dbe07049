"""Rows of GitHub's answers of an enterprise as records (reference §5, §11)."""

from __future__ import annotations

from typing import Any

from ghconnect.github.reading import flag, inner, moment, number, text, texts
from ghconnect.records import LicenseRow, ServerStatistics, ServerSyncStatus, VisualStudioSubscription


def license_row(row: dict[str, Any]) -> LicenseRow:
    """A row with every documented field; what is absent or of another kind is empty (reference §5.3)."""
    roles = texts(row, "github_com_enterprise_roles") or texts(
        {"role": [row.get("github_com_enterprise_role")]}, "role"
    )
    return LicenseRow(
        github_com_login=text(row, "github_com_login"),
        github_com_name=text(row, "github_com_name"),
        enterprise_server_user_ids=texts(row, "enterprise_server_user_ids"),
        github_com_user=flag(row, "github_com_user") is True,
        enterprise_server_user=flag(row, "enterprise_server_user") is True,
        visual_studio_subscription_user=flag(row, "visual_studio_subscription_user") is True,
        license_type=text(row, "license_type"),
        github_com_profile=text(row, "github_com_profile"),
        github_com_member_roles=texts(row, "github_com_member_roles"),
        github_com_enterprise_roles=roles,
        github_com_verified_domain_emails=texts(row, "github_com_verified_domain_emails"),
        github_com_saml_name_id=text(row, "github_com_saml_name_id"),
        github_com_orgs_with_pending_invites=texts(row, "github_com_orgs_with_pending_invites"),
        github_com_two_factor_auth=flag(row, "github_com_two_factor_auth"),
        enterprise_server_emails=texts(row, "enterprise_server_emails"),
        visual_studio_license_status=text(row, "visual_studio_license_status"),
        visual_studio_subscription_email=text(row, "visual_studio_subscription_email"),
        total_user_accounts=number(row, "total_user_accounts") or 0,
    )


def sync_status(entry: dict[str, Any]) -> ServerSyncStatus:
    """A server never synced has no known form: no date then, and the words as they are (PRODUCT §3)."""
    last = inner(entry, "last_sync")
    return ServerSyncStatus(
        server_id=text(entry, "server_id"),
        host=text(entry, "hostname"),
        date=moment(last, "date"),
        status=text(last, "status"),
        error=text(last, "error"),
    )


def subscription(row: dict[str, Any]) -> VisualStudioSubscription:
    """A Visual Studio subscriber."""
    return VisualStudioSubscription(
        email=text(row, "visual_studio_subscription_email"),
        login=text(row, "username"),
        manual_match=flag(row, "manual_match") is True,
    )


def statistics(day: dict[str, Any]) -> ServerStatistics | None:
    """A day of a server; None where it does not say of which."""
    at, host = moment(day, "collection_date"), text(day, "host_name")
    if at is None or not host:
        return None
    users, dormant = inner(day, "ghe_stats", "users"), inner(day, "dormant_users")
    return ServerStatistics(
        host=host,
        server_id=text(day, "server_id"),
        collected_at=at,
        version=text(day, "ghes_version"),
        features=texts(inner(day, "github_connect"), "features_enabled"),
        dormant_users=number(dormant, "total_dormant_users"),
        dormancy_threshold=text(dormant, "dormancy_threshold"),
        total_users=number(users, "total_users"),
        admin_users=number(users, "admin_users"),
        suspended_users=number(users, "suspended_users"),
    )

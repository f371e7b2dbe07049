"""Who consumes a license, and by which reason: nothing else decides it (reference §4.2)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from ghconnect.records import LicenseRow

VOLUME = "volume"
METERED = "metered"

# What to make of accounts that were never active: as GitHub's row says, or always, or never.
AS_GITHUB = "github"
ALWAYS = "always"
NEVER = "never"

SCIM_ADMIN = "scim-admin"

# Reasons by which a cloud account consumes by itself: its license stays, whatever its server accounts do.
CLOUD_REASONS = ("github", "visual_studio", "invitation")


@dataclass(frozen=True, slots=True)
class Consumption:
    """Whether something consumes, and the key of the reason."""

    consumes: bool
    reason: str


@dataclass(frozen=True, slots=True)
class RowFacts:
    """What decides whether a row of consumed-licenses counts; `email_login`: its login is an address."""

    cloud_user: bool
    server_user: bool
    visual_studio: bool
    member: bool
    pending: bool
    email_login: bool


def account_consumes(
    login: str,
    suspended: bool,
    never_active: bool | None,
    has_email: bool,
    in_github_row: bool,
    github_synced_since_first_seen: bool,
    never_active_setting: str = AS_GITHUB,
    dormant: bool | None = None,
) -> Consumption:
    """Whether a server account consumes; `None` means the source does not know, and never frees a license."""
    if suspended:
        return Consumption(False, "suspended")
    if login == SCIM_ADMIN:
        return Consumption(False, "scim_admin")
    if never_active:
        return _never_active(in_github_row, github_synced_since_first_seen, never_active_setting)
    if not has_email and github_synced_since_first_seen and not in_github_row:
        return Consumption(False, "system_account")
    return Consumption(True, "no_email" if not has_email else "dormant" if dormant else "active")


def _never_active(listed: bool, synced: bool, setting: str) -> Consumption:
    """By GitHub's words they consume nothing; its rows decide, and until it has spoken never too low."""
    if setting == ALWAYS:
        return Consumption(True, "never_active_always")
    if setting == NEVER or (synced and not listed):
        return Consumption(False, "never_active")
    return Consumption(True, "never_active_counted" if listed else "never_active_unsynced")


def row_facts(row: LicenseRow) -> RowFacts:
    """The facts of a row as GitHub reports it."""
    return RowFacts(
        cloud_user=row.github_com_user,
        server_user=row.enterprise_server_user or bool(row.enterprise_server_user_ids),
        visual_studio=row.visual_studio_subscription_user,
        member=bool(row.github_com_member_roles),
        pending=bool(row.github_com_orgs_with_pending_invites),
        email_login="@" in row.github_com_login,
    )


def row_kind(row: RowFacts) -> str:
    """The kind of a row: `member`, `server`, `invitation`, `visual_studio` or `other`."""
    if row.member:
        return "member"
    if row.server_user:
        return "server"
    if row.pending or row.email_login:
        return "invitation"
    return "visual_studio" if row.visual_studio else "other"


def row_counts(row: RowFacts, contract: str, managed: bool = False) -> Consumption:
    """Whether GitHub counts a row: as listed, but for invitations under a metered contract or into an enterprise
    with `managed` users (reference §4.2), and for Visual Studio subscribers who have no account yet.
    """
    kind = row_kind(row)
    if kind == "invitation":
        return _invitation(contract, managed)
    if kind == "visual_studio" and not row.cloud_user:
        return Consumption(False, "visual_studio_not_counted")
    return Consumption(True, "visual_studio" if row.visual_studio else "github")


def _invitation(contract: str, managed: bool) -> Consumption:
    if managed:
        return Consumption(False, "invitation_managed")
    return Consumption(contract != METERED, "invitation_metered" if contract == METERED else "invitation")


def cloud_consumes(row: RowFacts, contract: str, managed: bool = False) -> Consumption:
    """What the cloud account of a row consumes by itself: one that is in no organization consumes only by its
    servers' accounts (reference §4.2, unaffiliated users).
    """
    if row.server_user and not (row.member or row.pending or row.visual_studio):
        return Consumption(False, "unaffiliated")
    return row_counts(replace(row, server_user=False), contract, managed)


def person_consumes(
    cloud: Consumption | None, accounts: Iterable[Consumption], elsewhere: bool = False
) -> Consumption:
    """Whether a person consumes, which is once.

    By its cloud account (`cloud_consumes`, None without one), else by a server account that does, else
    because GitHub's row lists accounts on servers this console does not know (`elsewhere`).
    """
    reasons = [*([cloud] if cloud else []), *accounts]
    if elsewhere:
        reasons.append(Consumption(True, "unknown_server"))
    consuming = [reason for reason in reasons if reason.consumes]
    return (consuming or reasons or [Consumption(False, "no_account")])[0]

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
    if never_active and never_active_setting != AS_GITHUB:
        always = never_active_setting == ALWAYS
        return Consumption(always, "never_active_always" if always else "never_active_never")
    if never_active or not has_email:
        kind = "never_active" if never_active else "no_email"
        return _as_github(kind, in_github_row, github_synced_since_first_seen)
    return Consumption(True, "dormant" if dormant else "active")


def _as_github(kind: str, listed: bool, synced: bool) -> Consumption:
    """GitHub's own rows decide where its documentation leaves it open; until it has spoken, never too low."""
    if listed:
        return Consumption(True, f"{kind}_listed")
    return Consumption(False, f"{kind}_not_listed") if synced else Consumption(True, f"{kind}_not_synced")


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


def row_counts(row: RowFacts, contract: str) -> Consumption:
    """Whether GitHub counts a row: as listed, but for invitations under a metered contract and for
    Visual Studio subscribers who have no account yet.
    """
    kind = row_kind(row)
    if kind == "invitation":
        return Consumption(contract != METERED, f"invitation_{METERED if contract == METERED else VOLUME}")
    if kind == "visual_studio" and not row.cloud_user:
        return Consumption(False, "visual_studio_unlinked")
    return Consumption(True, "visual_studio" if row.visual_studio else kind)


def cloud_consumes(row: RowFacts, contract: str) -> Consumption:
    """What the cloud account of a row consumes by itself: one that is in no organization consumes only by its
    servers' accounts (reference §4.2, unaffiliated users).
    """
    if row.server_user and not (row.member or row.pending or row.visual_studio):
        return Consumption(False, "unaffiliated")
    return row_counts(replace(row, server_user=False), contract)


def person_consumes(
    cloud: Consumption | None, accounts: Iterable[Consumption], elsewhere: bool = False
) -> Consumption:
    """Whether a person consumes, which is once: by its cloud account (`cloud_consumes`, None without one), else
    by a server account that does, else because GitHub's row lists accounts on servers this console does not know
    (`elsewhere`).
    """
    reasons = [*([cloud] if cloud else []), *accounts]
    if elsewhere:
        reasons.append(Consumption(True, "unknown_server"))
    consuming = [reason for reason in reasons if reason.consumes]
    return (consuming or reasons or [Consumption(False, "no_account")])[0]

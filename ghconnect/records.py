"""What the HTTP layer returns and the rules take: frozen records, standard library only."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

# Identity values of a cloud account that GitHub documents as comparable with a server's primary email
# (reference §4.3), and verified emails, which come after all of them.
SAML_NAME_ID = "saml_name_id"
SAML_CLAIM_NAME = "saml_claim_name"
SAML_CLAIM_EMAIL = "saml_claim_emailaddress"
SAML_USERNAME = "saml_username"
SAML_EMAILS = "saml_emails"
SCIM_USERNAME = "scim_username"
SCIM_EMAILS = "scim_emails"
VERIFIED_EMAIL = "verified_email"
IDENTITY_KINDS = (
    SAML_NAME_ID,
    SAML_CLAIM_NAME,
    SAML_CLAIM_EMAIL,
    SAML_USERNAME,
    SAML_EMAILS,
    SCIM_USERNAME,
    SCIM_EMAILS,
)

# What GitHub tells of people and of the account beside its report: kinds of `CloudFact`.
DOMAIN = "domain"
INVITATION = "invitation"
COLLABORATOR_INVITATION = "collaborator"
VISUAL_STUDIO = "visual_studio"
MANAGED_USER = "managed_user"
COST_CENTER = "cost_center"
ADVANCED_SECURITY = "advanced_security"
CODE_SECURITY = "code_security"
SECRET_PROTECTION = "secret_protection"  # noqa: S105 (the name of a product)


@dataclass(frozen=True, slots=True)
class ServerAccount:
    """One user account of a server, as a report, push or upload gives it (reference §6.3).

    `None` means the source does not know the field; `email` is "" when the account has none.
    """

    remote_user_id: int
    login: str
    email: str
    suspended: bool
    site_admin: bool | None = None
    dormant: bool | None = None
    never_active: bool | None = None
    created_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class ServerMeta:
    """`GET /api/v3/meta` of a server."""

    installed_version: str


@dataclass(frozen=True, slots=True)
class ServerLicense:
    """`GET /api/v3/enterprise/settings/license`; `seats` is None when unlimited (reference §6.4)."""

    seats: int | None
    seats_used: int
    kind: str
    days_until_expiration: int | None


@dataclass(frozen=True, slots=True)
class TokenFacts:
    """Whose token it is and what it may do; `scopes` is None when GitHub did not say."""

    login: str
    kind: str
    site_admin: bool | None = None
    scopes: tuple[str, ...] | None = None
    expires_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class LicenseRow:
    """One row of `GET /enterprises/{enterprise}/consumed-licenses` (reference §5.3)."""

    github_com_login: str
    github_com_name: str
    enterprise_server_user_ids: tuple[str, ...]
    github_com_user: bool
    enterprise_server_user: bool
    visual_studio_subscription_user: bool
    license_type: str
    github_com_profile: str = ""
    github_com_member_roles: tuple[str, ...] = ()
    github_com_enterprise_roles: tuple[str, ...] = ()
    github_com_verified_domain_emails: tuple[str, ...] = ()
    github_com_saml_name_id: str = ""
    github_com_orgs_with_pending_invites: tuple[str, ...] = ()
    github_com_two_factor_auth: bool | None = None
    enterprise_server_emails: tuple[str, ...] = ()
    visual_studio_license_status: str = ""
    visual_studio_subscription_email: str = ""
    total_user_accounts: int = 0


@dataclass(frozen=True, slots=True)
class LicensePage:
    """One page of consumed-licenses with the totals that stand on it; `last` from `rel=last`."""

    number: int
    last: int
    total_seats_consumed: int
    total_seats_purchased: int
    rows: tuple[LicenseRow, ...]


@dataclass(frozen=True, slots=True)
class ServerSyncStatus:
    """One entry of `license-sync-status` (reference §5.4); words we do not know are kept verbatim."""

    server_id: str
    host: str
    date: datetime | None
    status: str
    error: str


@dataclass(frozen=True, slots=True)
class Identity:
    """One comparable value of a cloud account; `kind` is one of IDENTITY_KINDS or VERIFIED_EMAIL."""

    login: str
    kind: str
    value: str


@dataclass(frozen=True, slots=True)
class EnterpriseFacts:
    """What GraphQL tells of an enterprise; None where the token may not see it."""

    slug: str
    name: str
    viewer_is_admin: bool | None
    database_id: int | None = None
    total_licenses: int | None = None
    consumed_licenses: int | None = None


@dataclass(frozen=True, slots=True)
class Check:
    """One named check of a connection; `ok` is None when it was not reached or does not apply.

    `problem` is a key of `ghconnect.wording` with `params`, "" when ok.
    """

    key: str
    ok: bool | None
    problem: str = ""
    params: dict[str, str] = field(default_factory=dict)
    detail: str = ""


@dataclass(frozen=True, slots=True)
class ServerStats:
    """`GET /enterprise/stats/users` of a server: counts of the last day, None where it did not say."""

    total_users: int | None
    admin_users: int | None
    suspended_users: int | None


@dataclass(frozen=True, slots=True)
class ServerStatistics:
    """One day of a server as GitHub received it (reference §11): counts of that day, None where it said nothing."""

    host: str
    server_id: str
    collected_at: datetime
    version: str
    features: tuple[str, ...]
    dormant_users: int | None
    dormancy_threshold: str
    total_users: int | None
    admin_users: int | None
    suspended_users: int | None


@dataclass(frozen=True, slots=True)
class ScimUser:
    """A user of a server's SCIM: adds facts to an account found by login without case (ENGINEERING §16).

    Of a user who is not active the server may hide login and email (reference §6.4).
    """

    login: str
    active: bool
    email: str


@dataclass(frozen=True, slots=True)
class IdentityPage:
    """One page of external identities; `end_cursor` is None on the last, `total` counts linked and unlinked.

    `readable` is False where the enterprise shows no provider to this token.
    """

    readable: bool
    total: int | None
    end_cursor: str | None
    identities: tuple[Identity, ...]


@dataclass(frozen=True, slots=True)
class MemberPage:
    """One page of cloud members: `databaseId` by login; `end_cursor` is None on the last."""

    total: int | None
    end_cursor: str | None
    database_ids: dict[str, int]


@dataclass(frozen=True, slots=True)
class InstallationPage:
    """One page of servers as GraphQL lists them: by host whether GitHub calls it connected.

    `readable` is False where the enterprise shows none of it to this token; `end_cursor` is None on the last.
    """

    readable: bool
    end_cursor: str | None
    connected: dict[str, bool]


@dataclass(frozen=True, slots=True)
class CloudFact:
    """One thing GitHub tells beside its report; `login` is "" where it is of nobody on GitHub, or of an address.

    By kind, value and note: domain and `verified` or `approved` · organization of an invitation and how it was made ·
    address of a Visual Studio subscriber and `manual`, `automatic` or `unmatched` · user name of a suspended managed
    user · name of a cost center · product of advanced security. `at` is when an invitation was made.
    """

    kind: str
    login: str
    value: str
    note: str = ""
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class OrganizationProvider:
    """An organization of the enterprise: whether it has an identity provider, None where GitHub does not show it."""

    login: str
    has_provider: bool | None


@dataclass(frozen=True, slots=True)
class OrganizationPage:
    """One page of the enterprise's organizations; `end_cursor` is None on the last."""

    end_cursor: str | None
    organizations: tuple[OrganizationProvider, ...]


@dataclass(frozen=True, slots=True)
class VisualStudioSubscription:
    """One subscriber; `login` is "" while nobody on GitHub is matched (reference §5.5)."""

    email: str
    login: str
    manual_match: bool


@dataclass(frozen=True, slots=True)
class VisualStudioPage:
    """One page of Visual Studio subscribers; `last` from `rel=last`."""

    number: int
    last: int
    total: int | None
    subscriptions: tuple[VisualStudioSubscription, ...]

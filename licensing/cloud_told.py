"""What GitHub tells beside its report, read back for pages and programs: sources, domains, subscriptions, facts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q, QuerySet
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from ghconnect import records, wording
from ghconnect.models import Enterprise
from ghconnect.templatetags.ghconnect_ui import number
from licensing.models import CloudFact, CloudPicture, CloudSource, LicenseRow

# In the order in which they are shown, with what each is for.
SOURCES: dict[str, tuple[str | Promise, str | Promise]] = {
    "identities": (
        gettext_lazy("Identities of the account's provider"),
        gettext_lazy("SAML and SCIM values by which GitHub matches primary emails."),
    ),
    "organizations": (
        gettext_lazy("Identities of organizations"),
        gettext_lazy("Of organizations with a provider of their own; only their owners see them."),
    ),
    "members": (gettext_lazy("Members"), gettext_lazy("Database IDs, which decide a tie.")),
    "domains": (
        gettext_lazy("Verified & approved domains"),
        gettext_lazy("In a verified domain owners see the emails of members."),
    ),
    "invitations": (
        gettext_lazy("Pending invitations"),
        gettext_lazy("Who was invited where, how and when."),
    ),
    "collaborators": (
        gettext_lazy("Private repositories"),
        gettext_lazy("Which outside collaborators work in one, and hold a license for it."),
    ),
    "visual_studio": (
        gettext_lazy("Visual Studio subscriptions"),
        gettext_lazy("Subscribers, and how GitHub matched them."),
    ),
    "managed_users": (
        gettext_lazy("Suspended managed users"),
        gettext_lazy("By SCIM of an enterprise with managed users; they hold no license."),
    ),
    "advanced_security": (
        gettext_lazy("Code Security and Secret Protection"),
        gettext_lazy("Active committers. These products have licenses of their own."),
    ),
    "cost_centers": (
        gettext_lazy("Cost centers"),
        gettext_lazy(
            "To which one a user is charged. GitHub's published schemas do not have this answer: what is not understood"
            " is left out."
        ),
    ),
}
# The kinds of facts a person may have, as labels.
LABELS: dict[str, str | Promise] = {
    records.INVITATION: gettext_lazy("Pending invitation"),
    records.COLLABORATOR_INVITATION: gettext_lazy("Invited as a collaborator"),
    records.VISUAL_STUDIO: gettext_lazy("Visual Studio subscription"),
    records.MANAGED_USER: gettext_lazy("Managed user"),
    records.COST_CENTER: gettext_lazy("Cost center"),
    records.CODE_SECURITY: gettext_lazy("Code Security"),
    records.SECRET_PROTECTION: gettext_lazy("Secret Protection"),
}
NOTES: dict[str, str | Promise] = {
    "manual": gettext_lazy("matched by hand at GitHub"),
    "automatic": gettext_lazy("matched by GitHub"),
    "unmatched": gettext_lazy("not matched"),
    "scim": gettext_lazy("by SCIM, does not expire"),
    "suspended": gettext_lazy("suspended"),
    "direct_member": gettext_lazy("as a member"),
    "admin": gettext_lazy("as an owner"),
    "email": gettext_lazy("by email: takes a license of its own until accepted"),
    "login": gettext_lazy("by login: takes no license of its own"),
    "verified": gettext_lazy("Verified"),
    "approved": gettext_lazy("Approved"),
    "pending": gettext_lazy("Not verified yet"),
}
NAMELESS = {records.CODE_SECURITY, records.SECRET_PROTECTION}


@dataclass(frozen=True, slots=True)
class SourceLine:
    """How one source stands; `words` say what is in the way, "" when it was read."""

    name: str
    label: str
    purpose: str
    state: str
    words: str
    count: int | None
    read_at: datetime | None
    tried_at: datetime

    @property
    def is_read(self) -> bool:
        """Whether the last asking was answered."""
        return self.state == CloudSource.READ


@dataclass(frozen=True, slots=True)
class Coverage:
    """Of how many members owners see an email in a verified domain, and identity values."""

    members: int
    with_domain_email: int
    with_identity: int

    @property
    def words(self) -> str:
        """Both in one sentence each (PRODUCT §6.2)."""
        b = number(self.members)
        emails = _("Emails in verified domains visible for {a} of {b} members.")
        values = _("Identity values visible for {a} of {b} members.")
        told = (
            emails.format(a=number(self.with_domain_email), b=b),
            values.format(a=number(self.with_identity), b=b),
        )
        return " ".join(told)


@dataclass(frozen=True, slots=True)
class Told:
    """One fact of a person: a label, its value and what is to be known of it."""

    kind: str
    label: str
    value: str
    note: str
    at: datetime | None


def sources(enterprise: Enterprise) -> list[SourceLine]:
    """Every source that was asked, in the order of SOURCES."""
    known = {source.name: source for source in CloudSource.objects.filter(enterprise=enterprise)}
    return [_line(known[name], *words) for name, words in SOURCES.items() if name in known]


def source(enterprise: Enterprise, name: str) -> SourceLine | None:
    """One source, None where it was never asked."""
    return next((line for line in sources(enterprise) if line.name == name), None)


def _line(found: CloudSource, label: str | Promise, purpose: str | Promise) -> SourceLine:
    return SourceLine(
        name=found.name,
        label=str(label),
        purpose=str(purpose),
        state=found.state,
        words=_source_words(found),
        count=found.count,
        read_at=found.read_at,
        tried_at=found.tried_at,
    )


def _source_words(found: CloudSource) -> str:
    """What is in the way, and for organizations how many of them are shown."""
    if found.state == "not_used":
        return _("No organization shown has a provider of its own.")
    hidden = str(found.params.get("hidden", "0"))
    if found.name == "organizations" and found.state == CloudSource.READ and hidden != "0":
        words = _("{visible} shown; of {hidden} the owner of the token is no owner, so nothing is shown.")
        return words.format(visible=found.params.get("visible", "0"), hidden=hidden)
    return "" if found.is_read else wording.problem(found.state, found.params)


def domains(enterprise: Enterprise) -> QuerySet[CloudFact]:
    """Domains as GitHub lists them, by name; `note` is verified, approved or pending."""
    return CloudFact.objects.filter(enterprise=enterprise, kind=records.DOMAIN).order_by("value", "id")


def members(enterprise: Enterprise) -> QuerySet[LicenseRow]:
    """Rows of people who have an account at GitHub; whoever is only invited has none here yet."""
    return LicenseRow.objects.filter(enterprise=enterprise, kind__in=("cloud", "both"))


def without_domain_email(enterprise: Enterprise) -> QuerySet[LicenseRow]:
    """Members of whom no email in a verified domain is visible: the usual double counters (reference §12)."""
    return members(enterprise).filter(github_com_verified_domain_emails=[])


def coverage(enterprise: Enterprise) -> Coverage:
    """Count members with and without what GitHub matches by."""
    found, missing = members(enterprise).count(), without_domain_email(enterprise).count()
    picture = CloudPicture.objects.filter(enterprise=enterprise).first()
    return Coverage(found, found - missing, picture.members_with_identity if picture else 0)


def subscriptions(enterprise: Enterprise) -> QuerySet[CloudFact]:
    """Visual Studio subscribers by address; `login_key` is "" and `note` unmatched while GitHub matched nobody."""
    return CloudFact.objects.filter(enterprise=enterprise, kind=records.VISUAL_STUDIO).order_by("value", "id")


def of_logins(enterprise: Enterprise, logins: Iterable[str], keys: Iterable[str] = ()) -> list[Told]:
    """What GitHub tells of somebody by login, by the address an invitation went to, or by a managed user's name."""
    mine = {login.lower() for login in logins if login}
    named = Q(kind=records.MANAGED_USER, value__in={key for key in keys if key})
    found = CloudFact.objects.filter(Q(login_key__in=mine) | named, enterprise=enterprise).exclude(
        kind=records.DOMAIN
    )
    return [told(fact) for fact in found.order_by("kind", "value", "id")[:100]]


def told(fact: CloudFact) -> Told:
    """A fact in words."""
    value = _("active committer") if fact.kind in NAMELESS else fact.value
    return Told(
        kind=fact.kind,
        label=str(LABELS.get(fact.kind, fact.kind)),
        value=value,
        note=note(fact),
        at=fact.at,
    )


def note(fact: CloudFact) -> str:
    """What is to be known of a fact, in words."""
    return "" if fact.kind in NAMELESS else str(NOTES.get(fact.note, fact.note))


def csv_lines(enterprise: Enterprise) -> Iterator[list[str]]:
    """Members without an email in a verified domain, as a table with a head."""
    yield ["GitHub com login", "GitHub com name", "GitHub com saml name", "Enterprise server user ids"]
    for row in without_domain_email(enterprise).order_by("sort", "id").iterator(1000):
        ids = ", ".join(row.enterprise_server_user_ids)
        yield [row.github_com_login, row.github_com_name, row.github_com_saml_name_id, ids]

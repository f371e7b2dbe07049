"""One person: the accounts with the value and rule that tie them, GitHub's rows, the license over time."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from django.db.models import F, Q
from django.urls import reverse
from django.utils.translation import gettext as _

from ghconnect import wording
from ghconnect.models import Enterprise
from licensing.models import (
    Account,
    Address,
    CloudAccount,
    CloudPicture,
    LicenseRow,
    Person,
    ServerPicture,
)

from . import bridge, cloud_told, former, listing, misses
from .seats import Span, since, spans

# Nobody has so many; a broken estate must not make an endless page.
LIMIT = 200


@dataclass(frozen=True, slots=True)
class AccountLine:
    """One account: `value` and `rule` tie it to the person, `verdict` compares with GitHub; both in words.

    `candidates` are the cloud logins of a tie, the chosen first; `gone` when it is no longer on its server.
    """

    login: str
    where: str
    value: str
    rule: str
    verdict: str
    marks: list[str]
    as_of: datetime | None
    by_github: bool
    url: str = ""
    reason: str = ""
    gone: bool = False
    tie: bool = False
    candidates: tuple[str, ...] = ()
    account: Account | None = None
    since: tuple[datetime, str, str] | None = None

    @property
    def tie_words(self) -> str:
        """Which cloud accounts have the address, and how one of them was chosen."""
        return _(
            "{logins} all have {value}. The account with the smallest database ID is taken, where it is known, else the"
            " first login; GitHub may choose another."
        ).format(logins=", ".join(self.candidates), value=self.value)


@dataclass(frozen=True, slots=True)
class Whole:
    """A person with everything that is shown of them.

    `counted_at` and `rows_at` are GitHub's times of its count and of its list; `console_at` is when this console read
    the servers of the person's accounts, the oldest where they differ, else when it last read anything.
    """

    person: Person
    name: str
    accounts: list[AccountLine]
    reason: str
    rows: list[LicenseRow]
    history: list[Span]
    counted_at: datetime | None
    rows_at: datetime | None
    console_at: datetime | None
    deployment: str
    misses: list[misses.Miss] = field(default_factory=list)
    former: list[former.Former] = field(default_factory=list)
    told: list[cloud_told.Told] = field(default_factory=list)

    @property
    def license_words(self) -> str:
        """How many licenses this is, for GitHub now and as expected, in a few words."""
        counted, expected = sum(row.counted for row in self.rows), int(self.person.consumes)
        if self.rows_at is not None and counted != expected:
            return _("GitHub counts {counted}, expected {expected}.").format(
                counted=counted, expected=expected
            )
        return _("One license.") if expected else _("No license.")

    @property
    def roles(self) -> list[str]:
        """Roles in organizations and as a collaborator of repositories, as GitHub writes them."""
        return list(dict.fromkeys(role for row in self.rows for role in row.github_com_member_roles))[:LIMIT]

    @property
    def ties(self) -> list[AccountLine]:
        """Accounts whose address several cloud accounts have, one for each address."""
        found = {line.value.lower(): line for line in self.accounts if line.tie and not line.gone}
        return list(found.values())


def whole(enterprise: Enterprise, person: Person) -> Whole:
    """Read a person of the enterprise; a constant number of queries."""
    accounts = list(
        Account.objects.filter(enterprise=enterprise, person_id=person.pk)
        .select_related("server")
        .order_by(F("ended_edition").asc(nulls_first=True), "server__host", "remote_user_id")[:LIMIT]
    )
    rows = list(
        LicenseRow.objects.filter(
            Q(person_id=person.pk) | Q(pk__in=[a.row_id for a in accounts if a.row_id and a.row_valid]),
            enterprise=enterprise,
        ).order_by(F("cloud_account_id").asc(nulls_last=True), "id")[:LIMIT]
    )
    cloud = CloudPicture.objects.filter(enterprise=enterprise).first()
    lines = _server_lines(enterprise, person, accounts)
    return Whole(
        person=person,
        name=_name(person, rows, accounts),
        accounts=[*_cloud_line(enterprise, person, cloud), *lines],
        reason=wording.reason(person.reason) if person.reason else "",
        rows=rows,
        history=spans(enterprise, person),
        counted_at=cloud.counted_at if cloud else None,
        rows_at=cloud.rows_at if cloud else None,
        console_at=min((one.as_of for one in lines if one.as_of), default=None)
        or bridge.of(enterprise, changes=False).console_at,
        deployment=str(bridge.DEPLOYMENTS.get(person.deployment, "")),
        misses=misses.of(enterprise, person),
        former=former.of(enterprise, person),
        told=cloud_told.of_logins(
            enterprise, (row.github_com_login for row in rows), (account.key for account in accounts)
        ),
    )


def _name(person: Person, rows: list[LicenseRow], accounts: list[Account]) -> str:
    told = [person.name, *(email for row in rows for email in row.enterprise_server_emails)]
    told += [identity for row in rows for identity in row.enterprise_server_user_ids]
    told += [account.login for account in accounts]
    return next((one for one in told if one), _("No name"))


# --- accounts ------------------------------------------------------------------------------------------------


def _cloud_line(enterprise: Enterprise, person: Person, picture: CloudPicture | None) -> list[AccountLine]:
    """The cloud account with the values of it that can match."""
    cloud = (
        CloudAccount.objects.filter(pk=person.cloud_account_id).prefetch_related("addresses").first()
        if person.cloud_account_id
        else None
    )
    if cloud is None:
        return []
    values = list(cloud.addresses.all())
    return [
        AccountLine(
            login=cloud.login,
            where=listing.cloud_words(enterprise),
            value=", ".join(dict.fromkeys(one.value for one in values)),
            rule=wording.listed(dict.fromkeys(wording.rule(one.kind) for one in values)),
            verdict="",
            marks=[_("formerly {login}").format(login=cloud.former_login)] if cloud.former_login else [],
            as_of=picture.rows_at if picture else None,
            by_github=True,
            url=listing.web_page(cloud.profile_url),
        )
    ]


def _server_lines(enterprise: Enterprise, person: Person, accounts: list[Account]) -> list[AccountLine]:
    live = [account for account in accounts if account.ended_edition is None]
    servers = {account.server_id for account in accounts}
    read_at = {
        picture.server_id: picture.last_success
        for picture in ServerPicture.objects.filter(server__in=servers)
    }
    others = _logins(
        {a.explained_cloud_id for a in live if a.explained_cloud_id} | {person.cloud_account_id or 0}
    )
    ties = _candidates(enterprise, [account.key for account in live if account.tie])
    tied = since(enterprise, [account.pk for account in live])
    shown = []
    for account in accounts:
        gone = account.ended_edition is not None
        shown.append(
            AccountLine(
                login=account.login,
                where=f"{account.server.host}:{account.remote_user_id}",
                value=account.email,
                rule=_rule(account, live),
                verdict="" if gone else _verdict(account, person, others),
                marks=listing.marks([account]),
                as_of=read_at.get(account.server_id),
                by_github=False,
                url=reverse("server_license", kwargs={"slug": enterprise.slug, "host": account.server.host}),
                reason=wording.reason(account.reason) if account.reason else "",
                gone=gone,
                tie=account.tie,
                candidates=ties.get(account.key, ()) if account.tie else (),
                account=account,
                since=None if gone else tied.get(account.pk),
            )
        )
    return shown


def _rule(account: Account, live: list[Account]) -> str:
    """The rule that tied the account; of GitHub's own join also the documented one that explains it."""
    if not account.rule:
        return ""
    sharing = [other for other in live if other.key == account.key] if account.rule == "same_email" else []
    words = listing.rule_words(account.rule, sharing)
    if account.rule != "github":
        return words
    if not account.explained_rule:
        return words
    return _("{join}, explained by {rule}").format(
        join=words, rule=listing.rule_words(account.explained_rule)
    )


def _verdict(account: Account, person: Person, logins: Mapping[int, str]) -> str:
    if account.verdict == "conflict":
        return wording.verdict(
            "conflict",
            {
                "a": logins.get(person.cloud_account_id or 0, ""),
                "b": logins.get(account.explained_cloud_id or 0, ""),
            },
        )
    return listing.verdict_words(account.verdict, [account])


def _logins(ids: set[int]) -> dict[int, str]:
    return dict(CloudAccount.objects.filter(pk__in=ids).values_list("pk", "login"))


def _candidates(enterprise: Enterprise, keys: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """The cloud accounts among which a tie was decided, by key: the smallest databaseId first, else by login."""
    found: dict[str, dict[str, None]] = {}
    rows = Address.objects.filter(enterprise=enterprise, key__in=set(keys)).values_list(
        "key", "cloud_account__login", "cloud_account__database_id"
    )
    for key, login, _number in sorted(
        rows, key=lambda row: (row[0], row[2] is None, row[2] or 0, row[1].lower())
    ):
        found.setdefault(key, {})[login] = None
    return {key: tuple(logins) for key, logins in found.items()}

"""One person: the accounts with the value and rule that tie them, GitHub's rows, the license over time."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
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
    Edition,
    LicenseRow,
    Person,
    Seat,
    ServerPicture,
    SyncRun,
)

from . import bridge, listing

# Nobody has so many; a broken estate must not make an endless page.
LIMIT = 200
HISTORY = 20


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

    @property
    def tie_words(self) -> str:
        """Which cloud accounts have the address, and how one of them was chosen."""
        return _(
            "{logins} all have {value}. The account with the smallest database ID is taken, where it is known, else the"
            " first login; GitHub may choose another."
        ).format(logins=", ".join(self.candidates), value=self.value)


@dataclass(frozen=True, slots=True)
class Span:
    """A license in [from, to): when, by which sync (its address), and why; `to` None: still."""

    from_at: datetime | None
    to_at: datetime | None
    open: bool
    reason: str
    from_run: tuple[str, str] = ("", "")
    to_run: tuple[str, str] = ("", "")


@dataclass(frozen=True, slots=True)
class Whole:
    """A person with everything that is shown of them."""

    person: Person
    name: str
    accounts: list[AccountLine]
    reason: str
    rows: list[LicenseRow]
    history: list[Span]
    counted_at: datetime | None
    rows_at: datetime | None
    deployment: str

    @property
    def license_words(self) -> str:
        """Whether this is a license, in a few words."""
        return _("One license.") if self.person.consumes else _("No license.")

    @property
    def ties(self) -> list[AccountLine]:
        """Accounts whose address several cloud accounts have."""
        return [line for line in self.accounts if line.tie and not line.gone]


def whole(enterprise: Enterprise, person: Person) -> Whole:
    """Read a person of the enterprise; a constant number of queries."""
    accounts = list(
        Account.objects.filter(enterprise=enterprise, person_id=person.pk)
        .select_related("server")
        .order_by("ended_edition", "server__host", "remote_user_id")[:LIMIT]
    )
    rows = list(
        LicenseRow.objects.filter(
            Q(person_id=person.pk) | Q(pk__in=[a.row_id for a in accounts if a.row_id and a.row_valid]),
            enterprise=enterprise,
        ).order_by(F("cloud_account_id").asc(nulls_last=True), "id")[:LIMIT]
    )
    cloud = CloudPicture.objects.filter(enterprise=enterprise).first()
    return Whole(
        person=person,
        name=_name(person, rows, accounts),
        accounts=[*_cloud_line(enterprise, person, cloud), *_server_lines(enterprise, person, accounts)],
        reason=wording.reason(person.reason) if person.reason else "",
        rows=rows,
        history=_history(enterprise, person),
        counted_at=cloud.counted_at if cloud else None,
        rows_at=cloud.rows_at if cloud else None,
        deployment=str(bridge.DEPLOYMENTS.get(person.deployment, "")),
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
            rule=", ".join(dict.fromkeys(wording.rule(one.kind) for one in values)),
            verdict="",
            marks=[],
            as_of=picture.rows_at if picture else None,
            by_github=True,
            url=cloud.profile_url if cloud.profile_url.startswith("https://") else "",
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


# --- the license over time -------------------------------------------------------------------------------------


def _history(enterprise: Enterprise, person: Person) -> list[Span]:
    """The newest intervals of the license, newest first."""
    seats = list(
        Seat.objects.filter(enterprise=enterprise, person_id=person.pk).order_by("-from_edition")[:HISTORY]
    )
    numbers = {edge for seat in seats for edge in (seat.from_edition, seat.to_edition) if edge is not None}
    editions = {
        edition.number: edition
        for edition in Edition.objects.filter(enterprise=enterprise, number__in=numbers)
    }
    runs = SyncRun.objects.select_related("server", "enterprise").in_bulk(
        {edition.run_id for edition in editions.values() if edition.run_id}
    )
    return [_span(seat, editions, runs) for seat in seats]


def _span(seat: Seat, editions: Mapping[int, Edition], runs: Mapping[int, SyncRun]) -> Span:
    first, last = editions.get(seat.from_edition), editions.get(seat.to_edition or -1)
    return Span(
        from_at=first.at if first else None,
        to_at=last.at if last else None,
        open=seat.to_edition is None,
        reason=wording.reason(seat.reason) if seat.reason else "",
        from_run=_run(first, runs),
        to_run=_run(last, runs),
    )


def _run(edition: Edition | None, runs: Mapping[int, SyncRun]) -> tuple[str, str]:
    """The sync that made an edition, and its address."""
    run = runs.get(edition.run_id or 0) if edition else None
    if run is None:
        return "", ""
    if run.server is None:
        where: dict[str, str | int] = {"slug": run.enterprise.slug, "number": run.number}
        return _("GitHub's report #{n}").format(n=run.number), reverse("cloud_sync", kwargs=where)
    where = {"slug": run.enterprise.slug, "host": run.server.host, "number": run.number}
    return str(run), reverse("server_sync", kwargs=where)

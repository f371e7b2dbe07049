"""What each qualifier of the search means: the licenses it picks out of a view."""

from __future__ import annotations

import zoneinfo
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection
from django.db.models import Q, QuerySet

from ghconnect.models import Enterprise, Server, ServerName
from ghconnect.records import COST_CENTER, IDENTITY_KINDS
from licensing.models import (
    Account,
    Address,
    CloudAccount,
    CloudFact,
    Edition,
    LicenseRow,
    Person,
    RowAccount,
    SearchTerm,
    Seat,
)
from licensing.rules import terms
from licensing.rules.normalise import email_key

from .search import ACCOUNT, DEPLOYMENTS, FAMILIES, SINCE

GITHUB = "github"
Ids = QuerySet[Any, Any]


@dataclass(frozen=True, slots=True)
class Scope:
    """Whose licenses are meant, in which of the views."""

    enterprise: Enterprise
    view: str

    @property
    def by_github(self) -> bool:
        """Whether a license is a row of GitHub's report; else it is a person."""
        return self.view == GITHUB

    @property
    def column(self) -> str:
        """The column of `Account` that leads to the license."""
        return "row_id" if self.by_github else "person_id"

    def accounts(self, **facts: Any) -> QuerySet[Account]:
        """Live accounts that belong to some license of this view."""
        rows: QuerySet[Account] = Account.objects.filter(
            enterprise=self.enterprise, ended_edition=None, **facts
        )
        return rows.filter(row_valid=True, row_id__isnull=False) if self.by_github else rows

    def rows(self, **facts: Any) -> QuerySet[LicenseRow]:
        """GitHub's rows."""
        return LicenseRow.objects.filter(enterprise=self.enterprise, **facts)

    def of_accounts(self, accounts: QuerySet[Account]) -> Ids:
        """The licenses of accounts."""
        found: Ids = accounts.filter(**{f"{self.column}__isnull": False}).values(self.column)
        return found

    def of_rows(self, rows: QuerySet[LicenseRow]) -> Ids:
        """The licenses of rows of GitHub's report."""
        if self.by_github:
            return rows.values("pk")
        return rows.filter(person_id__isnull=False).values("person_id")

    def of_people(self, people: Ids) -> Ids:
        """The licenses of persons, given as ids."""
        return LicenseRow.objects.filter(person_id__in=people).values("pk") if self.by_github else people

    def of_clouds(self, clouds: Ids) -> Ids:
        """The licenses of cloud accounts of this enterprise."""
        if self.by_github:
            return LicenseRow.objects.filter(cloud_account__in=clouds).values("pk")
        return Person.objects.filter(cloud_account__in=clouds).values("pk")


def starting(field: str, value: str) -> Q:
    """`field` begins with `value`, said so that its index is walked: SQLite's LIKE would not."""
    if connection.vendor == "sqlite":
        return Q(**{f"{field}__gte": value, f"{field}__lt": value + "\U0010ffff"})
    return Q(**{f"{field}__startswith": value})


def beginning(scope: Scope, word: str, everything: QuerySet[Any]) -> Ids:
    """Licenses of which a login, a word of the name or an email begins with `word`.

    Names and emails know no case; neither do logins on GitHub, those of servers are compared as typed and in lower
    case. A union, not an OR: so each part walks its own index.
    """
    enterprise, lower = scope.enterprise, word.lower()
    servers = list(Server.objects.filter(enterprise=enterprise).values_list("pk", flat=True))
    clouds = CloudAccount.objects.filter(enterprise=enterprise, ended_edition=None)
    accounts = scope.accounts()
    return (
        everything.filter(starting("sort", lower))
        .values("pk")
        .union(
            scope.of_people(_termed(scope, terms.name_term(lower))),
            *(scope.of_accounts(accounts.filter(starting("key", key))) for key in _keys(word)),
            *(
                scope.of_accounts(accounts.filter(starting("login", login), server__in=servers))
                for login in dict.fromkeys((word, lower))
            ),
            scope.of_clouds(clouds.filter(starting("login_key", lower)).values("pk")),
            *_addressed(scope, word),
        )
    )


def _termed(scope: Scope, term: str, *, whole: bool = False) -> Ids:
    """Persons with a search term, or with one that begins so."""
    meant = Q(term=term) if whole else starting("term", term)
    return SearchTerm.objects.filter(meant, enterprise=scope.enterprise).values("person_id")


def _keys(typed: str) -> Iterable[str]:
    """A whole address is also looked for as it is kept: with its domain in ASCII."""
    return dict.fromkeys((typed.lower(), email_key(typed)) if "@" in typed else (typed.lower(),))


def _addressed(scope: Scope, typed: str) -> list[Ids]:
    addresses = Address.objects.filter(enterprise=scope.enterprise)
    return [
        scope.of_clouds(addresses.filter(starting("key", key)).values("cloud_account"))
        for key in _keys(typed)
    ]


def _email(scope: Scope, value: str) -> Ids:
    """Whoever has an address that begins so, on a server, at GitHub or in an invitation."""
    held = [scope.of_accounts(scope.accounts().filter(starting("key", key))) for key in _keys(value)]
    invited = scope.of_rows(scope.rows(kind="invitation").filter(starting("row_key", value.lower())))
    return invited.union(*held, *_addressed(scope, value))


def is_test(scope: Scope, value: str) -> Q:
    """A test of each license rather than a set of them: most of the list may pass."""
    if value in DEPLOYMENTS:
        return Q(**{"kind" if scope.by_github else "deployment": value})
    facts = {
        "suspended": {"suspended": True},
        "dormant": {"dormant": True, "suspended": False},
        "never_active": {"never_active": True},
    }[value]
    return Q(pk__in=scope.of_accounts(scope.accounts(**facts)))


def type_test(scope: Scope, value: str) -> Q:
    """The type of license, as GitHub states it (reference §4.4)."""
    if scope.by_github:
        return Q(visual_studio_subscription_user=value == "visual_studio")
    return Q(license_type=value)


def _since(scope: Scope, day: str) -> Ids:
    """Licenses that began on this day or later, as the enterprise's zone has days, and still go on."""
    zone = zoneinfo.ZoneInfo(scope.enterprise.time_zone)
    start = datetime.fromisoformat(day).replace(tzinfo=zone)
    first = (
        Edition.objects.filter(enterprise=scope.enterprise, at__gte=start)
        .order_by("number")
        .values("number")[:1]
    )
    seats = Seat.objects.filter(enterprise=scope.enterprise, to_edition=None, from_edition__gte=first)
    return scope.of_people(seats.values("person_id"))


def _on_server(scope: Scope, name: str) -> Ids:
    """By whole host name or its first label, under every name the server had; also servers known to GitHub alone."""
    host = _host("host", name)
    named = Server.objects.filter(enterprise=scope.enterprise).filter(
        host | Q(pk__in=ServerName.objects.filter(host).values("server"))
    )
    listed = RowAccount.objects.filter(host | Q(server__in=named.values("pk")), enterprise=scope.enterprise)
    if scope.by_github:
        return scope.of_rows(_rows_of(listed))
    # Of servers not read here GitHub's rows alone tell who is on them.
    unread = listed.filter(server__picture__last_success=None)
    return scope.of_accounts(scope.accounts().filter(server__in=named)).union(scope.of_rows(_rows_of(unread)))


def _rows_of(listed: QuerySet[RowAccount]) -> QuerySet[LicenseRow]:
    return LicenseRow.objects.filter(pk__in=listed.values("row"))


def _host(field: str, name: str) -> Q:
    name = name.lower()
    return Q(**{field: name}) if "." in name else Q(**{field: name}) | starting(field, f"{name}.")


def _account(scope: Scope, value: str) -> Ids:
    name, _, number = value.rpartition(":")
    listed = RowAccount.objects.filter(
        _host("host", name), enterprise=scope.enterprise, remote_user_id=int(number)
    )
    held = scope.of_rows(_rows_of(listed))
    mine = scope.accounts().filter(_host("server__host", name), remote_user_id=int(number))
    return held if scope.by_github else held.union(scope.of_accounts(mine))


def _judged(scope: Scope, verdict: str) -> Ids:
    held = scope.of_rows(scope.rows(verdict=verdict))
    if scope.by_github:
        return held
    return held.union(scope.of_accounts(scope.accounts(verdict=verdict)))


def _matched(scope: Scope, rule: str) -> Ids:
    rules = [kind for kind in IDENTITY_KINDS if kind.startswith(f"{rule}_")] if rule in FAMILIES else [rule]
    return scope.of_accounts(scope.accounts().filter(Q(rule__in=rules) | Q(explained_rule__in=rules)))


def _in_organization(scope: Scope, name: str) -> Ids:
    """Members, collaborators of its repositories, and whom it invited."""
    return scope.of_people(_termed(scope, terms.organization_term(name), whole=True))


def _has_role(scope: Scope, role: str) -> Ids:
    """A role in the enterprise."""
    return scope.of_people(_termed(scope, terms.role_term(role), whole=True))


def _told(scope: Scope, **facts: str) -> Ids:
    """Whose login GitHub names in a fact beside its report."""
    logins = CloudFact.objects.filter(enterprise=scope.enterprise, **facts).exclude(login_key="")
    clouds = CloudAccount.objects.filter(
        enterprise=scope.enterprise, ended_edition=None, login_key__in=logins.values("login_key")
    )
    return scope.of_clouds(clouds.values("pk"))


def _charged_to(scope: Scope, name: str) -> Ids:
    """Users of a cost center, by its name as GitHub writes it."""
    return _told(scope, kind=COST_CENTER, value=name)


def _commits_in(scope: Scope, product: str) -> Ids:
    return _told(scope, kind=product)


# Qualifiers that pick a set of licenses, and those that test each.
SETS: dict[str, Callable[[Scope, str], Ids]] = {
    "server": _on_server,
    "verdict": _judged,
    "matched-by": _matched,
    "org": _in_organization,
    "role": _has_role,
    "email": _email,
    "cost-center": _charged_to,
    "product": _commits_in,
    SINCE: _since,
    ACCOUNT: _account,
}
TESTS: dict[str, Callable[[Scope, str], Q]] = {"is": is_test, "type": type_test}

"""The one list of licenses, in two views: as GitHub counts them, and as they should become.

Each row is a license. *Counted by GitHub* are the rows of GitHub's report that count; *expected* are the persons
who consume. Page, CSV and JSON read them here, so that they cannot differ.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.db import connection
from django.db.models import F, Q, QuerySet, TextField
from django.db.models.functions import Cast

from ghconnect.models import Enterprise, Server, ServerName
from licensing.models import Account, Address, CloudAccount, LicenseRow, Person, RowAccount
from licensing.rules.normalise import email_key

from .search import ACCOUNT, DEPLOYMENTS, Query, Term

GITHUB = "github"
EXPECTED = "expected"
VIEWS = (GITHUB, EXPECTED)
ORDER = ("sort", "id")

Ids = QuerySet[Any, Any]


@dataclass(frozen=True, slots=True)
class Scope:
    """Whose licenses are meant, in which of the two views."""

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

    def accounts(self) -> QuerySet[Account]:
        """Live accounts that belong to some license of this view."""
        rows: QuerySet[Account] = Account.objects.filter(enterprise=self.enterprise, ended_edition=None)
        return rows.filter(row_valid=True, row_id__isnull=False) if self.by_github else rows

    def of_accounts(self, accounts: QuerySet[Account]) -> Ids:
        """The licenses of accounts."""
        found: Ids = accounts.filter(**{f"{self.column}__isnull": False}).values(self.column)
        return found

    def of_rows(self, rows: QuerySet[LicenseRow]) -> Ids:
        """The licenses of rows of GitHub's report."""
        if self.by_github:
            return rows.values("pk")
        return rows.filter(person_id__isnull=False).values("person_id")

    def of_clouds(self, clouds: Ids) -> Ids:
        """The licenses of cloud accounts of this enterprise."""
        if self.by_github:
            return LicenseRow.objects.filter(cloud_account__in=clouds).values("pk")
        return Person.objects.filter(cloud_account__in=clouds).values("pk")


def found(enterprise: Enterprise, view: str, query: Query) -> QuerySet[Any]:
    """Return the licenses of a view that a search finds; none where it holds something unknown."""
    scope = Scope(enterprise, view)
    if query.unknown:
        return everything(enterprise, view).none()
    sets = [_starting(scope, query.text)] if query.text else []
    sets += [
        _TESTS[term.name](scope, term.value) for term in query.terms if _picks(term) and not term.exclude
    ]
    rows = _picked(scope) if sets else everything(enterprise, view)
    for ids in sets:
        rows = rows.filter(pk__in=ids)
    for term in query.terms:
        if not _picks(term):
            rows = rows.exclude(_is(scope, term)) if term.exclude else rows.filter(_is(scope, term))
        elif term.exclude:
            rows = rows.exclude(pk__in=_TESTS[term.name](scope, term.value))
    return rows


def _picks(term: Term) -> bool:
    """Whether a term names licenses, rather than testing each."""
    return term.name in _TESTS


def _picked(scope: Scope) -> QuerySet[Any]:
    """All licenses, to be picked by number: the sum hides the enterprise from planners that would walk all of it."""
    rows = LicenseRow.objects.filter(counted=True) if scope.by_github else _consuming()
    return rows.annotate(of=F("enterprise_id") + 0).filter(of=scope.enterprise.pk)


def _consuming() -> QuerySet[Any]:
    return Person.objects.filter(ended_edition=None, consumes=True)


def everything(enterprise: Enterprise, view: str) -> QuerySet[Any]:
    """Return all licenses of a view."""
    if view == GITHUB:
        return LicenseRow.objects.filter(enterprise=enterprise, counted=True)
    return _consuming().filter(enterprise=enterprise)


def starting(field: str, value: str) -> Q:
    """`field` begins with `value`, said so that its index is walked: SQLite's LIKE would not."""
    if connection.vendor == "sqlite":
        return Q(**{f"{field}__gte": value, f"{field}__lt": value + "\U0010ffff"})
    return Q(**{f"{field}__startswith": value})


def _starting(scope: Scope, text: str) -> Ids:
    """Licenses of which a name, login or email of any account begins with `text`. Names and emails know no case;
    neither do logins on GitHub, those of servers are compared as typed and in lower case.

    A union, not an OR: so each part walks its own index.
    """
    enterprise, lower = scope.enterprise, text.lower()
    servers = list(Server.objects.filter(enterprise=enterprise).values_list("pk", flat=True))
    clouds = CloudAccount.objects.filter(enterprise=enterprise, ended_edition=None)
    addresses = Address.objects.filter(enterprise=enterprise)
    accounts = scope.accounts()
    # A whole address is also looked for as it is kept: with its domain in ASCII.
    keys = dict.fromkeys((lower, email_key(text)) if "@" in text else (lower,))
    return (
        everything(enterprise, scope.view)
        .filter(starting("sort", lower))
        .values("pk")
        .union(
            *(scope.of_accounts(accounts.filter(starting("key", key))) for key in keys),
            *(
                scope.of_accounts(accounts.filter(starting("login", login), server__in=servers))
                for login in dict.fromkeys((text, lower))
            ),
            scope.of_clouds(clouds.filter(starting("login_key", lower)).values("pk")),
            *(
                scope.of_clouds(addresses.filter(starting("key", key)).values("cloud_account"))
                for key in keys
            ),
        )
    )


def _is(scope: Scope, term: Term) -> Q:
    if term.value in DEPLOYMENTS:
        return Q(**{"kind" if scope.by_github else "deployment": term.value})
    return Q(pk__in=scope.of_accounts(scope.accounts().filter(suspended=True)))


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
    held = scope.of_rows(LicenseRow.objects.filter(enterprise=scope.enterprise, verdict=verdict))
    if scope.by_github:
        return held
    return held.union(scope.of_accounts(scope.accounts().filter(verdict=verdict)))


def _matched(scope: Scope, rule: str) -> Ids:
    return scope.of_accounts(scope.accounts().filter(Q(rule=rule) | Q(explained_rule=rule)))


def _in_organization(scope: Scope, name: str) -> Ids:
    """Members, collaborators of its repositories, and whom it invited; names of organizations know no case."""
    text = LicenseRow.objects.filter(enterprise=scope.enterprise).annotate(
        roles=Cast("github_com_member_roles", TextField()),
        invites=Cast("github_com_orgs_with_pending_invites", TextField()),
    )
    member = Q(roles__icontains=f'"{name}:') | Q(roles__icontains=f'"{name}/')
    return scope.of_rows(text.filter(member | Q(invites__icontains=f'"{name}"')))


_TESTS: dict[str, Callable[[Scope, str], Ids]] = {
    "server": _on_server,
    "verdict": _judged,
    "matched-by": _matched,
    "org": _in_organization,
    ACCOUNT: _account,
}

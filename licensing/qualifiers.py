"""What each qualifier of the search means: the licenses it picks out of a view."""

from __future__ import annotations

import zoneinfo
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any

from django.db import connection
from django.db.models import Q, QuerySet

from ghconnect.models import Server, ServerName
from ghconnect.records import COST_CENTER, IDENTITY_KINDS
from licensing.models import Address, CloudAccount, CloudFact, Edition, SearchTerm, Seat
from licensing.rules import terms
from licensing.rules.normalise import email_key

from .scope import Meaning, Scope, either
from .search import ACCOUNT, DEPLOYMENTS, FAMILIES, SINCE


def starting(field: str, value: str) -> Q:
    """`field` begins with `value`, said so that its index is walked: SQLite's LIKE would not."""
    if connection.vendor == "sqlite":
        return Q(**{f"{field}__gte": value, f"{field}__lt": value + "\U0010ffff"})
    return Q(**{f"{field}__startswith": value})


def beginning(scope: Scope, word: str, everything: QuerySet[Any]) -> list[Meaning]:
    """Licenses of which a login, a word of the name or an email begins with `word`: either of these.

    Names and emails know no case; neither do logins on GitHub, those of servers are compared as typed and in lower
    case.
    """
    enterprise, lower = scope.enterprise, word.lower()
    servers = list(Server.objects.filter(enterprise=enterprise).values_list("pk", flat=True))
    clouds = CloudAccount.objects.filter(enterprise=enterprise, ended_edition=None)
    named = starting("sort", lower)
    return [
        Meaning(everything.filter(named).values("pk"), named),
        _termed(scope, starting("term", terms.name_term(lower))),
        *(scope.of_accounts(starting("key", key)) for key in _keys(word)),
        *(
            scope.of_accounts(starting("login", login), servers=servers)
            for login in dict.fromkeys((word, lower))
        ),
        scope.of_clouds(clouds.filter(starting("login_key", lower)), "pk"),
        *_addressed(scope, word),
    ]


def _termed(scope: Scope, term: Q) -> Meaning:
    """Persons with such a search term."""
    return scope.of_people(SearchTerm.objects.filter(term, enterprise=scope.enterprise), "person_id")


def _keys(typed: str) -> Iterable[str]:
    """A whole address is also looked for as it is kept: with its domain in ASCII."""
    return dict.fromkeys((typed.lower(), email_key(typed)) if "@" in typed else (typed.lower(),))


def _addressed(scope: Scope, typed: str) -> list[Meaning]:
    addresses = Address.objects.filter(enterprise=scope.enterprise)
    return [scope.of_clouds(addresses.filter(starting("key", key)), "cloud_account") for key in _keys(typed)]


def _email(scope: Scope, value: str) -> Meaning:
    """Whoever has an address that begins so, on a server, at GitHub or in an invitation."""
    return either(
        [
            scope.of_rows(starting("row_key", value.lower()), kind="invitation"),
            *(scope.of_accounts(starting("key", key)) for key in _keys(value)),
            *_addressed(scope, value),
        ]
    )


def _is(scope: Scope, value: str) -> Meaning | Q:
    if value in DEPLOYMENTS:
        return Q(**{"kind" if scope.by_github else "deployment": value})
    facts: dict[str, Any] = {
        "suspended": {"suspended": True},
        "dormant": {"dormant": True, "suspended": False},
        "never_active": {"never_active": True},
    }
    return scope.of_accounts(**facts[value])


def _type(scope: Scope, value: str) -> Q:
    """The type of license, as GitHub states it (reference §4.4)."""
    if scope.by_github:
        return Q(visual_studio_subscription_user=value == "visual_studio")
    return Q(license_type=value)


def _since(scope: Scope, day: str) -> Meaning:
    """Licenses that began on this day or later, as the enterprise's zone has days, and still go on."""
    zone = zoneinfo.ZoneInfo(scope.enterprise.time_zone)
    start = datetime.fromisoformat(day).replace(tzinfo=zone)
    first = (
        Edition.objects.filter(enterprise=scope.enterprise, at__gte=start)
        .order_by("number")
        .values("number")[:1]
    )
    seats = Seat.objects.filter(enterprise=scope.enterprise, to_edition=None, from_edition__gte=first)
    return scope.of_people(seats, "person_id")


def _on_server(scope: Scope, name: str) -> Meaning:
    """By whole host name or its first label, under every name the server had; also servers known to GitHub alone."""
    host = _host("host", name)
    named = Server.objects.filter(enterprise=scope.enterprise).filter(
        host | Q(pk__in=ServerName.objects.filter(host).values("server"))
    )
    servers = list(named.values_list("pk", flat=True))
    listed = host | Q(server__in=servers)
    if scope.by_github:
        return scope.of_listed(listed)
    # Of servers not read here GitHub's rows alone tell who is on them.
    unread = scope.of_listed(listed, server__picture__last_success=None)
    return either([scope.of_accounts(servers=servers), unread])


def _host(field: str, name: str) -> Q:
    name = name.lower()
    return Q(**{field: name}) if "." in name else Q(**{field: name}) | starting(field, f"{name}.")


def _account(scope: Scope, value: str) -> Meaning:
    name, _, number = value.rpartition(":")
    listed = scope.of_listed(_host("host", name), remote_user_id=int(number))
    if scope.by_github:
        return listed
    return either([listed, scope.of_accounts(_host("server__host", name), remote_user_id=int(number))])


def _judged(scope: Scope, verdict: str) -> Meaning:
    held = scope.of_rows(verdict=verdict)
    return held if scope.by_github else either([held, scope.of_accounts(verdict=verdict)])


def _matched(scope: Scope, rule: str) -> Meaning:
    rules = [kind for kind in IDENTITY_KINDS if kind.startswith(f"{rule}_")] if rule in FAMILIES else [rule]
    return scope.of_accounts(Q(rule__in=rules) | Q(explained_rule__in=rules))


def _in_organization(scope: Scope, name: str) -> Meaning:
    """Members, collaborators of its repositories, and whom it invited."""
    return _termed(scope, Q(term=terms.organization_term(name)))


def _has_role(scope: Scope, role: str) -> Meaning:
    """A role in the enterprise."""
    return _termed(scope, Q(term=terms.role_term(role)))


def _told(scope: Scope, **facts: str) -> Meaning:
    """Whose login GitHub names in a fact beside its report."""
    logins = CloudFact.objects.filter(enterprise=scope.enterprise, **facts).exclude(login_key="")
    clouds = CloudAccount.objects.filter(
        enterprise=scope.enterprise, ended_edition=None, login_key__in=logins.values("login_key")
    )
    return scope.of_clouds(clouds, "pk")


def _charged_to(scope: Scope, name: str) -> Meaning:
    """Users of a cost center, by its name as GitHub writes it."""
    return _told(scope, kind=COST_CENTER, value=name)


def _commits_in(scope: Scope, product: str) -> Meaning:
    return _told(scope, kind=product)


# What is told by a column of the license itself is a test alone.
MEANINGS: dict[str, Callable[[Scope, str], Meaning | Q]] = {
    "is": _is,
    "type": _type,
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

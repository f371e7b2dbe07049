"""Licenses as lines of a table: who, where, and the verdict in words. A constant number of queries per page."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from urllib.parse import urlsplit

from django.db.models import Q, QuerySet
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from ghconnect import wording
from ghconnect.models import Enterprise, Server
from licensing.models import Account, LicenseRow, Person

from . import bridge, holders, licenses

SHOWN = 3


@dataclass(frozen=True, slots=True)
class Line:
    """One license. `places` are accounts as people say them, `more` how many are left out; `marks` are labels.

    `url` leads to the person, "" where nobody holds it any more.
    """

    id: int
    name: str
    under: str
    url: str
    deployment: str
    places: list[str]
    more: int
    verdict: str
    marks: list[str]
    profile: str
    server_url: str

    @property
    def menu_id(self) -> str:
        """The id of the row's menu."""
        return f"m-{self.id}"

    @property
    def menu_label(self) -> str:
        """The name of the row's menu."""
        return _("Actions for {name}").format(name=self.name)


def lines(enterprise: Enterprise, view: str, found: Sequence[LicenseRow] | Sequence[Person]) -> list[Line]:
    """Return the lines of licenses of a view."""
    ids = [one.pk for one in found]
    if view == licenses.GITHUB:
        accounts = _by_row(ids)
        return [_line(enterprise, row.pk, row, None, accounts.get(row.pk, [])) for row in found]  # type: ignore[arg-type]
    ended = [one.pk for one in found if one.ended_edition is not None]  # type: ignore[union-attr]
    accounts, rows = holders.accounts_of_people(ids, ended=ended), holders.rows_of_people(ids)
    told = [
        _line(enterprise, one.pk, rows.get(one.pk), one, accounts.get(one.pk, []))  # type: ignore[arg-type]
        for one in found
    ]
    if view != licenses.FREE:
        return told
    reasons: list[str] = [one.reason for one in found]  # type: ignore[union-attr]
    return [
        replace(line, verdict=wording.reason(key) if key else "")
        for line, key in zip(told, reasons, strict=True)
    ]


def people_lines(enterprise: Enterprise, people: Sequence[Person]) -> list[Line]:
    """Return the lines of persons."""
    return lines(enterprise, licenses.EXPECTED, people)


def cloud_words(enterprise: Enterprise) -> str:
    """Where cloud accounts are: GitHub.com, or the host on GHE.com."""
    return "GitHub.com" if enterprise.host == "github.com" else enterprise.host


def accounts_of(server: Server, begins: str) -> QuerySet[Account]:
    """Return accounts whose login or email begins so; keys are in lower case."""
    rows = Account.objects.filter(server=server, ended_edition=None)
    if not begins or "\0" in begins:
        return rows
    return rows.filter(Q(login__istartswith=begins) | Q(key__startswith=begins.lower()))


def verdict_words(key: str, accounts: Iterable[Account]) -> str:
    """Return a verdict with the rule and value of the account it was given for; "" for no verdict."""
    account = next((account for account in accounts if account.verdict == key), None)
    if not key or account is None:
        return bridge.line_words(key) if key else ""
    params = {"value": account.explained_value}
    if account.explained_rule:
        params["rule"] = rule_words(account.explained_rule)
    return wording.verdict(key, params)


def rule_words(key: str, accounts: Iterable[Account] = ()) -> str:
    """Return a rule in words; of a shared email with the servers that share it."""
    hosts = ", ".join(sorted({account.server.short_name for account in accounts}))
    return wording.rule(key, {"servers": hosts} if hosts else {})


def _by_row(ids: Sequence[int]) -> dict[int, list[Account]]:
    found: dict[int, list[Account]] = {}
    rows: QuerySet[Account] = Account.objects.filter(row_id__in=ids, row_valid=True, ended_edition=None)
    for account in rows.select_related("server").order_by("server__host", "remote_user_id"):
        found.setdefault(account.row_id or 0, []).append(account)
    return found


def _line(
    enterprise: Enterprise, pk: int, row: LicenseRow | None, person: Person | None, accounts: list[Account]
) -> Line:
    # A row that nobody consumes any more still has the person of its suspended account.
    holders_of_row = [row.person_id if row else None, *(account.person_id for account in accounts)]
    holder = person.pk if person else next((one for one in holders_of_row if one), None)
    places = _places(enterprise, row, person, accounts)
    key = (
        row.verdict
        if row and not person
        else holders.speaking((a.verdict for a in accounts), row.verdict if row else "")
    )
    if person and person.ended_edition is not None:
        key = "gone_since"  # the verdict of the accounts it had is of another day
    kind = person.deployment if person else row.kind if row else ""
    name, under = _names(row, person, accounts)
    return Line(
        id=pk,
        name=name,
        under=under,
        url=reverse("person", kwargs={"slug": enterprise.slug, "pk": holder}) if holder else "",
        deployment=str(bridge.DEPLOYMENTS.get(kind, "")),
        places=places[:SHOWN],
        more=max(0, len(places) - SHOWN),
        verdict=verdict_words(key, accounts),
        marks=marks(accounts),
        profile=profile_url(row),
        server_url=_server_url(enterprise, accounts),
    )


def _names(row: LicenseRow | None, person: Person | None, accounts: list[Account]) -> tuple[str, str]:
    """The name the list is sorted by, and what tells people of that name apart."""
    login = row.github_com_login if row else ""
    emails = [*(row.enterprise_server_emails if row else ()), *(a.email for a in accounts if a.email)]
    ids = row.enterprise_server_user_ids if row else []
    given = person.name if person else row.github_com_name if row else ""
    name = given or login or next(iter([*emails, *ids]), _("No name"))
    on = [
        pgettext("an account on a server", "{login} on {server}").format(
            login=a.login, server=a.server.short_name
        )
        for a in accounts[:1]
    ]
    told = [login, *(emails if person else []), *on, *emails, _("no email") if accounts else ""]
    return name, next((one for one in told if one and one != name), "")


def _places(
    enterprise: Enterprise, row: LicenseRow | None, person: Person | None, accounts: list[Account]
) -> list[str]:
    """Where the accounts are. GitHub's row tells; of a person expected, this console's own accounts do."""
    cloud = bool(row and row.github_com_login and row.kind != "invitation")
    here = {place(a.server.host, a.remote_user_id) for a in accounts}
    listed = [place(*one.rpartition(":")[::2]) for one in (row.enterprise_server_user_ids if row else [])]
    named = here if person and accounts else dict.fromkeys(listed)
    return [*([cloud_words(enterprise)] if cloud else []), *sorted(named)]


def place(host: str, number: int | str) -> str:
    """Return an account as people say it: ghe-tokyo:17."""
    return f"{host.partition('.')[0]}:{number}"


def marks(accounts: Iterable[Account]) -> list[str]:
    """Return what is special about accounts, as labels."""
    told = {
        _("suspended"): any(account.suspended for account in accounts),
        _("dormant"): any(account.dormant and not account.suspended for account in accounts),
        _("tie"): any(account.tie for account in accounts),
    }
    return [words for words, true in told.items() if true]


def profile_url(row: LicenseRow | None) -> str:
    """Return the address of the profile, only when it leads to a web page."""
    return web_page(row.github_com_profile) if row else ""


def web_page(address: str) -> str:
    """Return the address where a browser can go, else "": names under .example lead nowhere (RFC 2606)."""
    parts = urlsplit(address)
    host = parts.hostname or ""
    return address if parts.scheme == "https" and host and not host.endswith(".example") else ""


def _server_url(enterprise: Enterprise, accounts: list[Account]) -> str:
    if not accounts:
        return ""
    return reverse("server_license", kwargs={"slug": enterprise.slug, "host": accounts[0].server.host})

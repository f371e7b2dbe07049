"""Who is probably counted twice: why, what ends it, who has to do it where, and what became of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from types import MappingProxyType

from django.conf import settings
from django.db.models import Exists, F, OuterRef, Q
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from ghconnect import moments, wording
from ghconnect.models import Enterprise, Server
from ghconnect.templatetags.ghconnect_ui import number
from licensing.models import Account, BridgeItem, GitHubSync, LicenseRow, Person, TwiceDecision
from licensing.rules.avoidable import Candidate

from . import avoidable, candidates, listing

# Fixes that are done here and wait for GitHub, and those GitHub has confirmed: the newest of each.
SHOWN = 50
# From so many percent on.
SURE, LIKELY = 90, 75


@dataclass(frozen=True, slots=True)
class Item:
    """One candidate in words. `who` leads to `url`; `messages` are (language, text); `temporary` ends by itself."""

    who: str
    url: str
    licenses: int
    cause: str
    fix: str
    actor: str
    place_url: str
    cents_a_year: int | None
    currency: str
    host: str
    login: str
    before: str
    after: str
    temporary: bool
    twice: bool
    messages: tuple[tuple[str, str], ...] = ()
    fingerprint: str = ""
    confidence: int = 0
    accepted: str = ""

    @property
    def sure(self) -> str:
        """How sure it is, in words."""
        if self.confidence >= SURE:
            return _("Very likely")
        return _("Likely") if self.confidence >= LIKELY else _("Possible")

    @property
    def cost(self) -> str:
        """What it costs in a year, "" without a price."""
        return "" if self.cents_a_year is None else money(self.cents_a_year, self.currency)

    @property
    def heading(self) -> str:
        """What stands above it on the page of a person."""
        if not self.twice:
            return _("This license could probably be avoided")
        return _("Counted twice for a while") if self.temporary else _("Probably counted twice")

    @property
    def state(self) -> str:
        """Where the fix stands."""
        if self.accepted:
            return _("Accepted by {login}").format(login=self.accepted)
        return _("Ends by itself") if self.temporary else _("Open")


@dataclass(frozen=True, slots=True)
class Moved:
    """An account whose address was changed here: `github_at` is GitHub's last sync of its server."""

    name: str
    url: str
    server: Server
    login: str
    email: str
    github_at: datetime | None


def money(cents: int, currency: str) -> str:
    """Return "3,780 USD", with hundredths only where there are some."""
    whole, rest = divmod(cents, 100)
    return f"{whole:,}.{rest:02} {currency}" if rest else f"{whole:,} {currency}"


def sum_of(enterprise: Enterprise, licenses: int) -> str:
    """Return "15 licenses, 3,780 USD a year"."""
    return _sum(licenses, avoidable.cents_a_year(enterprise, licenses), enterprise.currency)


def _sum(licenses: int, cents: int | None, currency: str) -> str:
    words = ngettext("{n} license", "{n} licenses", licenses).format(n=number(licenses))
    if cents is None:
        return words
    cost = money(cents, currency)
    return _("{licenses}, {cost} a year").format(licenses=words, cost=cost)


def summary(enterprise: Enterprise) -> str:
    """Return the same for a page that shows it among other numbers; "" where there is nothing, or it is not known."""
    licenses = candidates.of(enterprise).licenses
    return sum_of(enterprise, licenses) if licenses else ""


def items(
    enterprise: Enterprise,
    found: Sequence[Candidate],
    *,
    sender: str = "",
    decisions: Mapping[str, TwiceDecision] = MappingProxyType({}),
) -> Iterator[Item]:
    """Yield candidates in words: two queries, however many."""
    wanted = {pk for one in found for pk in (*one.extra, one.kept) if pk}
    people = Person.objects.in_bulk(wanted)
    servers = {server.host: server for server in enterprise.servers.all()}
    for one in found:
        item = _item(enterprise, one, people, servers.get(one.params.get("host", "")), sender)
        decision = decisions.get(one.fingerprint)
        yield replace(item, accepted=decision.decided_by_login) if decision else item


def of_person(enterprise: Enterprise, person: Person, *, sender: str) -> list[Item]:
    """Return the candidates that this person is part of."""
    mine = avoidable.of_person(enterprise, person.pk)
    shown = list(items(enterprise, mine, sender=sender))
    return [
        replace(item, url=_person_url(enterprise, one.extra[0] if one.kept == person.pk else one.kept))
        for item, one in zip(shown, mine, strict=True)
    ]


def _item(
    enterprise: Enterprise, one: Candidate, people: dict[int, Person], server: Server | None, sender: str
) -> Item:
    params: dict[str, object] = {**one.params, "place": listing.cloud_words(enterprise), "sender": sender}
    short = {
        **params,
        "host": _short(one.params.get("host", "")),
        "hosts": _short(one.params.get("hosts", "")),
    }
    address = one.fix == "make_primary"
    by = (server.managed_by if server else "") if address else one.fix
    return Item(
        who=_who(one, people),
        url=_url(enterprise, one),
        licenses=len(one.extra),
        cause=wording.cause(one.reason, short),
        fix=wording.fix(one.fix, short),
        actor=wording.actor(by, short),
        place_url=server.instance_url if server else "",
        cents_a_year=None if one.temporary else avoidable.cents_a_year(enterprise, len(one.extra)),
        currency=enterprise.currency,
        host=one.params.get("host", "") or one.params.get("hosts", ""),
        login=one.params.get("login", ""),
        before=one.params.get("from", "") or one.params.get("address", ""),
        after=one.params.get("to", ""),
        temporary=one.temporary,
        twice=one.kept is not None,
        messages=_messages(params) if address else (),
        fingerprint=one.fingerprint,
        confidence=one.confidence,
    )


def _short(hosts: str) -> str:
    """Names of servers as people say them."""
    return ", ".join(host.partition(".")[0] for host in hosts.split(", "))


def _who(one: Candidate, people: dict[int, Person]) -> str:
    """The person who is counted again; of a server nobody owns its host."""
    if one.reason == "unknown_server":
        return _short(one.params["host"])
    kept = people.get(one.kept or 0)
    return (kept.name if kept else "") or one.params.get("login", "") or _("No name")


def _url(enterprise: Enterprise, one: Candidate) -> str:
    if one.reason == "unknown_server":
        return f"{reverse('consumed', kwargs={'slug': enterprise.slug})}?q=server:{one.params['host']}"
    return _person_url(enterprise, one.extra[0])


def _person_url(enterprise: Enterprise, pk: int | None) -> str:
    return reverse("person", kwargs={"slug": enterprise.slug, "pk": pk}) if pk else ""


def _messages(params: dict[str, object]) -> tuple[tuple[str, str], ...]:
    """The message in every language of the console, the reader's own first; one that says the same only once."""
    own = translation.get_language() or settings.LANGUAGE_CODE
    found: dict[str, str] = {}
    for language in sorted(dict(settings.LANGUAGES), key=lambda code: code != own):
        with translation.override(language):
            text = wording.message(params)
        if text not in found.values():
            found[language] = text
    return tuple(found.items())


@dataclass(frozen=True, slots=True)
class Aside:
    """A candidate that an owner rejected or snoozed: `words` say by whom and until when."""

    item: Item
    words: str


def aside(enterprise: Enterprise, some: Sequence[Candidate]) -> list[Aside]:
    """Return candidates that are set aside with who did it."""
    decisions, shown = avoidable.decisions(enterprise, some), items(enterprise, some)
    return [
        Aside(item, _aside_words(decisions[one.fingerprint])) for item, one in zip(shown, some, strict=True)
    ]


def _aside_words(decision: TwiceDecision) -> str:
    if decision.until:
        until = moments.day(decision.until)
        return _("Snoozed until {day} by {login}").format(day=until, login=decision.decided_by_login)
    day = moments.day(decision.decided_at)
    return _("Not the same person, said {login}, {day}").format(login=decision.decided_by_login, day=day)


# --- what became of a fix --------------------------------------------------------------------------------------


def under_way(enterprise: Enterprise) -> list[Moved]:
    """Return accounts that will be joined at GitHub's next sync of their server."""
    return _moved(enterprise, _waiting(enterprise))


def closed(enterprise: Enterprise) -> list[Moved]:
    """Return accounts that GitHub's own row has joined since their address was changed, or the fix accepted.

    Nothing else closes a fix: a report of a server says what was done there, and not what GitHub made of it.
    """
    return _moved(enterprise, _joined(enterprise))


def moves(enterprise: Enterprise) -> tuple[list[Moved], list[Moved]]:
    """Return those under way and those closed, looked up together."""
    waiting, joined = _waiting(enterprise), _joined(enterprise)
    both = _moved(enterprise, [*waiting, *joined])
    return both[: len(waiting)], both[len(waiting) :]


def _waiting(enterprise: Enterprise) -> list[Account]:
    people = BridgeItem.people.through.objects.filter(
        bridgeitem__enterprise=enterprise, bridgeitem__line="will_join"
    )
    rows = Account.objects.filter(person_id__in=people.values("person_id"), verdict="will_join")
    live = rows.filter(ended_edition=None).order_by("server__host", "login", "id")
    return list(live.select_related("server")[:SHOWN])


def _joined(enterprise: Enterprise) -> list[Account]:
    joined = LicenseRow.objects.filter(pk=OuterRef("row_id"), cloud_account__isnull=False)
    rows = Account.objects.filter(Exists(joined), enterprise=enterprise, ended_edition=None, row_valid=True)
    accepted = TwiceDecision.objects.filter(enterprise=enterprise, state=TwiceDecision.State.ACCEPTED)
    fixed = Q(verdict="agreed") & ~Q(former_keys=[]) | Q(pk__in=accepted.values("account_id"))
    newest = F("matched_at").desc(nulls_last=True)
    changed = rows.filter(fixed).order_by(newest, "id").select_related("server")
    return list(changed[:SHOWN])


def _moved(enterprise: Enterprise, accounts: list[Account]) -> list[Moved]:
    people = Person.objects.in_bulk({account.person_id for account in accounts if account.person_id})
    syncs = GitHubSync.objects.filter(enterprise=enterprise, newest=True, server__isnull=False)
    at = dict(syncs.values_list("server_id", "date"))
    return [
        Moved(
            name=people[account.person_id].name if account.person_id in people else account.login,
            url=_person_url(enterprise, account.person_id),
            server=account.server,
            login=account.login,
            email=account.email,
            github_at=at.get(account.server_id),
        )
        for account in accounts
    ]

"""Who is probably counted twice: why, what ends it, and who has to do it where."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType

from django.conf import settings
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from ghconnect import moments, wording
from ghconnect.models import Enterprise, Server
from ghconnect.templatetags.ghconnect_ui import number
from licensing.models import Person, TwiceDecision
from licensing.rules.avoidable import Candidate

from . import avoidable, candidates, listing

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
        replace(item, url=person_url(enterprise, one.extra[0] if one.kept == person.pk else one.kept))
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
    return person_url(enterprise, one.extra[0])


def person_url(enterprise: Enterprise, pk: int | None) -> str:
    """Return the address of a person's page, "" without one."""
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

"""The tour of a sandbox: what to look at in which order, with the figures of this moment (PRODUCT §4.4)."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _

from ghconnect.access import Place
from ghconnect.models import Enterprise
from ghconnect.templatetags.ghconnect_ui import number, signed
from licensing.models import Account, Person, SyncRun

from . import bridge, clocks, counted_twice

# Where the session keeps the steps somebody has been to, and which address belongs to which step.
VISITED, LINKS = "tour", "tour_links"
# Whom the storyline names (PRODUCT §4.3), by login at GitHub.
JANE, KENJI = "jdoe", "ksato"


@dataclass(frozen=True, slots=True)
class Step:
    """One step: `links` are (words, address); `done` once one was opened, or what the step asks has come true."""

    key: str
    title: str
    sentences: list[str]
    links: list[tuple[str, str]]
    done: bool = False


def steps(place: Place, visited: Iterable[str]) -> list[Step]:
    """Return the steps for a viewer who has been to `visited`."""
    enterprise = place.enterprise
    numbers, servers = bridge.of(enterprise), clocks.of(enterprise)
    found = [
        _number(enterprise, numbers),
        _clocks(enterprise, servers),
        _held(place, servers),
        _why(place, numbers),
        _joined(enterprise, numbers),
        _switch(place, servers),
        _yours(),
    ]
    seen = set(visited)
    return [
        Step(one.key, one.title, one.sentences, one.links, one.done or one.key in seen)
        for one in found
        if one
    ]


def links(found: Iterable[Step]) -> dict[str, str]:
    """Return address → step of the steps that are done by a visit, without queries and fragments."""
    return {
        href.partition("#")[0]: one.key for one in found if one.key != "joined" for _words, href in one.links
    }


class TourMiddleware:
    """Ticks a step off when one of its pages was opened: only who opened /tour has something to tick."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if settings.GHCONNECT_SANDBOX_URL and request.method == "GET" and response.status_code == 200:
            key = request.session.get(LINKS, {}).get(request.path)
            if key and key not in request.session.get(VISITED, []):
                request.session[VISITED] = [*request.session.get(VISITED, []), key]
        return response


# --- steps -------------------------------------------------------------------------------------------------------


def _number(enterprise: Enterprise, numbers: bridge.BridgeView) -> Step:
    changes = [
        _("{change} {line} ({who})").format(change=signed(line.value), line=line.label, who=line.note)
        for line in numbers.changes
    ]
    return Step(
        "number",
        _("The number"),
        [
            _("{n} licenses, {source}. After every server's next sync, {m} are expected.").format(
                n=number(numbers.headline), source=numbers.source, m=number(numbers.expected)
            ),
            "; ".join(changes),
        ],
        [
            (_("Overview"), _at("overview", enterprise)),
            (_("Who makes the difference"), _at("difference", enterprise)),
        ],
    )


def _clocks(enterprise: Enterprise, servers: list[clocks.Clocks]) -> Step:
    stale = next((each for each in servers if each.github.key == "synced_stale"), None)
    told = [
        _("Every server has two clocks: when this console read it, and when GitHub itself last synced it.")
    ]
    if stale is not None:
        told.append(
            _("{server} is “{here}” here ({age}); at GitHub it is “{there}”.").format(
                server=stale.server.short_name,
                here=stale.console.label,
                age=stale.console.age,
                there=stale.github.label,
            )
        )
    return Step("clocks", _("Two clocks"), told, [("GitHub Connect", _at("fleet", enterprise))])


def _held(place: Place, servers: list[clocks.Clocks]) -> Step:
    enterprise, title = place.enterprise, _("Nothing drops in silence")
    for each in servers:
        if each.held is not None:
            words = _("The last report of {server} is held: {sentence}")
            todo = _("Look at whom it would take, then discard it.")
            if not place.is_owner:
                todo = _("Look at whom it would take. An enterprise owner publishes or discards it.")
            href = _at("server_sync", enterprise, host=each.server.host, number=each.held.number)
            name = _("License sync #{n} of {server}").format(
                n=each.held.number, server=each.server.short_name
            )
            told = words.format(server=each.server.short_name, sentence=each.console.sentence)
            return Step("held", title, [told, todo], [(name, href)])
    told = _(
        "A report that would take many accounts away is held until an owner looks at it. None is held now."
    )
    decided = SyncRun.objects.filter(enterprise=enterprise, server__isnull=False).exclude(decided_by_login="")
    return Step("held", title, [told], [("GitHub Connect", _at("fleet", enterprise))], decided.exists())


def _why(place: Place, numbers: bridge.BridgeView) -> Step:
    enterprise = place.enterprise
    jane, total = _person(enterprise, JANE), counted_twice.summary(enterprise)
    told = [_("A license has a page that says which accounts it covers, and by which rule and value.")]
    found = []
    if jane is not None:
        told.append(
            _("{name} probably holds two: see what would join them, and who has to do it.").format(
                name=jane.name
            )
        )
        found.append((jane.name, _at("person", enterprise, pk=jane.pk)))
    if total:
        told.append(_("Could be avoided: {sum}. A list, never subtracted.").format(sum=total))
        if place.is_owner:
            found.append((_("Counted twice"), _at("counted_twice", enterprise)))
    found.append((_("Consumed licenses"), _at("consumed", enterprise)))
    return Step("why", _("Why this license?"), told, found)


def _joined(enterprise: Enterprise, numbers: bridge.BridgeView) -> Step | None:
    kenji = _person(enterprise, KENJI)
    live = Account.objects.filter(person_id=kenji.pk if kenji else 0, ended_edition=None).exclude(
        former_keys=[]
    )
    account = live.select_related("server").first()
    if kenji is None or account is None:
        return None
    done, server = account.verdict == "agreed", account.server
    words = {"name": kenji.name, "server": server.short_name}
    if done:
        told = _("{name} is joined by GitHub now: it counts {n}, and {m} are expected after the next syncs.")
        told = told.format(n=number(numbers.headline), m=number(numbers.expected), **words)
    else:
        told = _(
            "The address of {name} on {server} is put right; GitHub learns it when {server} itself syncs. Open License"
            " on pretend {server} and press Sync now there. This console notices within half a minute."
        ).format(**words)
    places = [
        (kenji.name, _at("person", enterprise, pk=kenji.pk)),
        (
            _("License of pretend {server}").format(**words),
            f"{server.instance_url}/enterprises/{enterprise.slug}/license",
        ),
        (_("Overview"), _at("overview", enterprise)),
    ]
    return Step("joined", _("GitHub's word counts"), [told], places, done)


def _switch(place: Place, servers: list[clocks.Clocks]) -> Step | None:
    """On the last server that is well, where a newcomer disturbs nothing that is told above."""
    well = next(
        (each for each in reversed(servers) if each.console.key not in ("held", "failing", "silent")), None
    )
    if well is None:
        return None
    told = _(
        "On {server}, set “Server can sync user license count and usage” to Disabled and back. Disable GitHub Connect:"
        " the dropdown locks. Nothing of it reaches the instance or GitHub."
    ).format(server=well.server.short_name)
    if not place.is_owner:
        told = _("License sync is a switch of GitHub Connect, as on the instance. Enterprise owners set it.")
    name = _("GitHub Connect of {server}").format(server=well.server.short_name)
    href = _at("server_connect", place.enterprise, host=well.server.host)
    return Step("switch", _("The switch"), [told], [(name, href)])


def _yours() -> Step:
    told = _("Add your enterprise account with one token, read:enterprise. The sandbox stays beside it.")
    return Step("yours", _("Yours"), [told], [(_("Add an enterprise account"), reverse("enterprise_new"))])


def _person(enterprise: Enterprise, login: str) -> Person | None:
    people = Person.objects.filter(enterprise=enterprise, ended_edition=None, cloud_account__login=login)
    return people.first()


def _at(name: str, enterprise: Enterprise, **more: str | int) -> str:
    return reverse(name, kwargs={"slug": enterprise.slug, **more})

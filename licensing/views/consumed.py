"""Consumed licenses: the one list, as a page; `consumed_files` gives it away."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_safe

from ghconnect import wording
from ghconnect.access import PlacedRequest, reader
from ghconnect.models import Enterprise
from ghconnect.templatetags.ghconnect_ui import number
from licensing import avoidable, bridge, facets, filters, licenses, listing, search, walks
from licensing.counted_twice import money
from licensing.usecases import saved_views

from .frame import subtabs

NAME_DESC = "name-desc"


@dataclass(frozen=True, slots=True)
class Asked:
    """What an address asks of the list."""

    view: str
    typed: str
    query: search.Query
    falling: bool

    @property
    def fields(self) -> tuple[str, ...]:
        """The order of the list, for `ghconnect.paging`."""
        return tuple(f"-{name}" if self.falling else name for name in licenses.ORDER)


def asked_of(request: HttpRequest, *, by_github: bool) -> Asked:
    """Read the address; GitHub's count is the list's first view wherever there is one."""
    view = request.GET.get("view", "")
    if view not in licenses.VIEWS or (view == licenses.GITHUB and not by_github):
        view = licenses.GITHUB if by_github else licenses.EXPECTED
    typed = request.GET.get("q", "").strip()[:500]
    return Asked(view, typed, search.parse(typed), request.GET.get("sort") == NAME_DESC)


@reader
@require_safe
def consumed(request: PlacedRequest) -> HttpResponseBase:
    """Show a page of licenses."""
    enterprise = request.place.enterprise
    if day := request.GET.get("as_of", ""):
        return redirect(f"{reverse('history', kwargs={'slug': enterprise.slug})}?{urlencode({'as_of': day})}")
    numbers = bridge.of(enterprise, changes=False)
    asked = asked_of(request, by_github=numbers.by_github)
    searched = walks.Search(enterprise, asked.view, asked.query, facets.of(enterprise))
    page = searched.page(request, asked.fields, counted=asked.query.narrows)
    free = replace(searched, view=licenses.FREE).count()
    total = {licenses.GITHUB: numbers.read, licenses.EXPECTED: numbers.expected}.get(asked.view, free.n)
    count = free if asked.view == licenses.FREE else walks.Count(total)
    if asked.query.narrows and asked.view != licenses.FREE:
        count = searched.count()
    return render(
        request,
        "licensing/consumed.html",
        {
            "tab": "licensing",
            "subtabs": subtabs(request),
            "bridge": numbers,
            "asked": asked,
            "page": page,
            "lines": listing.lines(enterprise, asked.view, page.rows),
            "heading": _heading(enterprise, numbers, asked, count, total),
            "unknown_words": unknown_words(asked.query),
            "meant_url": _meant(request, asked),
            "meant": meant(asked.typed),
            **_near(request, enterprise, asked, page.rows),
            "filter_fields": {n: request.GET[n] for n in ("view", "sort") if request.GET.get(n)},
            "views": _views(request, numbers, asked, free),
            "menus": filters.menus(enterprise, asked.typed, lambda q: _address(request, q=q)),
            "saved": _saved_views(request),
            "sort_url": _address(request, sort="" if asked.falling else NAME_DESC),
            "csv_url": _export(request, enterprise, "consumed_csv"),
            "json_url": _export(request, enterprise, "consumed_json"),
            "xlsx_url": _export(request, enterprise, "consumed_xlsx"),
            "qualifiers": QUALIFIERS,
        },
    )


QUALIFIERS = (
    "is:dormant",
    "org:ORG",
    "server:HOST",
    "role:owner",
    "type:vss",
    "matched-by:saml",
    "email:ADDRESS",
    "since:2026-01-01",
    "-is:cloud",
    "ghe-tokyo:17",
)


def _counted(count: walks.Count) -> str:
    return number(count.n) + "+" * count.more


def _heading(
    enterprise: Enterprise, numbers: bridge.BridgeView, asked: Asked, count: walks.Count, total: int
) -> str:
    """How many are listed, of how many, and what they cost; and how many GitHub counts, where it lists others."""
    if asked.view == licenses.FREE:
        words = ngettext("{n} person without a license", "{n} people without a license", count.n)
        return wording.listed(filter(None, [words.format(n=_counted(count)), _saved(enterprise, count)]))
    if asked.query.narrows:
        words = ngettext("{n} of {total} license", "{n} of {total} licenses", total)
        told = [words.format(n=_counted(count), total=number(total)), _cost(enterprise, count)]
        return wording.listed(filter(None, told))
    if asked.view == licenses.GITHUB and numbers.unexplained:
        return _("GitHub counts {counted} licenses; its report lists {read}").format(
            counted=number(numbers.counted), read=number(total)
        )
    return ngettext("{n} license", "{n} licenses", total).format(n=number(total))


def _cost(enterprise: Enterprise, count: walks.Count) -> str:
    """What the licenses found cost, "" where that is not known."""
    cents = avoidable.cents_a_year(enterprise, count.n)
    if not cents or count.more:
        return ""
    return _("{cost} a year").format(cost=money(cents, enterprise.currency))


def _saved(enterprise: Enterprise, count: walks.Count) -> str:
    """What licenses for the people found would cost, "" where that is not known."""
    cents = avoidable.cents_a_year(enterprise, count.n)
    if not cents or count.more:
        return ""
    return _("licenses for them would cost {cost} a year").format(cost=money(cents, enterprise.currency))


def _views(
    request: HttpRequest, numbers: bridge.BridgeView, asked: Asked, free: walks.Count
) -> list[dict[str, object]]:
    """The views as links, each with its number; without a cloud token GitHub's is not there."""
    by_github = [(licenses.GITHUB, _("Counted by GitHub"), number(numbers.read))]
    expected = _("Expected") if numbers.by_github else _("Counted by this console")
    found = [
        *(by_github if numbers.by_github else []),
        (licenses.EXPECTED, expected, number(numbers.expected)),
        (licenses.FREE, _("No license"), _counted(free)),
    ]
    return [
        {"label": label, "count": count, "url": _address(request, view=view), "current": view == asked.view}
        for view, label, count in found
    ]


def meant(typed: str) -> str:
    """Return what was probably meant where something is not known, "" where nothing is near."""
    unknown = search.parse(typed).unknown
    told = [search.suggestion(token) if token in unknown else token for token in search.tokens(typed)]
    return " ".join(told) if unknown and all(told) else ""


def _near(
    request: HttpRequest, enterprise: Enterprise, asked: Asked, found: Sequence[object]
) -> dict[str, str]:
    """Where nobody is found: the servers and organizations that are probably meant, and the address of that search."""
    told = "" if found or asked.query.unknown else filters.near(enterprise, asked.typed)
    return {"near": told, "near_url": _address(request, q=told) if told else ""}


def _meant(request: HttpRequest, asked: Asked) -> str:
    return _address(request, q=meant(asked.typed)) if asked.query.unknown else ""


def _address(request: HttpRequest, **changes: str) -> str:
    """This address from its first page, with some of its query changed."""
    query = request.GET.copy()
    for name in ("after", "before"):
        query.pop(name, None)
    for name, value in changes.items():
        query[name] = value
        if not value:
            del query[name]
    return f"{request.path}?{query.urlencode()}" if query else request.path


def _export(request: HttpRequest, enterprise: Enterprise, name: str) -> str:
    """The address of what is shown as a file."""
    query = request.GET.copy()
    for other in ("after", "before", "sort"):
        query.pop(other, None)
    address = reverse(name, kwargs={"slug": enterprise.slug})
    return f"{address}?{query.urlencode()}" if query else address


def _saved_views(request: PlacedRequest) -> filters.Menu:
    where = {"slug": request.place.enterprise.slug}
    views = saved_views.visible(request.place.enterprise, request.user)
    query = saved_views.kept(request.GET.urlencode())
    return filters.saved(
        views, reverse("consumed", kwargs=where), reverse("saved_views", kwargs=where), query
    )


def unknown_words(query: search.Query) -> str:
    """Say what was typed and means nothing here, and what would."""
    words = _("Not known here: {words}. Nothing is listed, so that no list is taken for another.").format(
        words=", ".join(query.unknown)
    )
    asked = {token.lstrip("-").partition(":")[0].lower() for token in query.unknown}
    known = [
        f"{name}: {', '.join(search.values(name))}"
        for name, values in search.QUALIFIERS.items()
        if values and name in asked
    ]
    return wording.sentences([words, *(_("Known are {values}.").format(values=one) for one in known)])

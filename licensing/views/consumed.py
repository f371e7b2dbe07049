"""Consumed licenses: the one list, as a page, CSV and JSON."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_safe

from ghconnect import clock, paging, wording
from ghconnect.access import PlacedRequest, reader
from ghconnect.models import Enterprise
from ghconnect.templatetags.ghconnect_ui import number
from licensing import bridge, exports, licenses, listing, search

from .frame import subtabs

NAME_DESC = "name-desc"
# Beyond so many a filtered count says "10,000+" (ENGINEERING §25).
COUNT_LIMIT = 10_000
# Excel takes a CSV for UTF-8 only when it begins so.
MARK = "\N{ZERO WIDTH NO-BREAK SPACE}"


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
    if view not in licenses.VIEWS or not by_github:
        view = licenses.GITHUB if by_github else licenses.EXPECTED
    typed = request.GET.get("q", "").strip()[:500]
    return Asked(view, typed, search.parse(typed), request.GET.get("sort") == NAME_DESC)


@reader
@require_safe
def consumed(request: PlacedRequest) -> HttpResponseBase:
    """Show a page of licenses."""
    enterprise = request.place.enterprise
    numbers = bridge.of(enterprise)
    asked = asked_of(request, by_github=numbers.by_github)
    found = licenses.found(enterprise, asked.view, asked.query)
    page = paging.of(request, found, *asked.fields)
    total = numbers.read if asked.view == licenses.GITHUB else numbers.expected
    count = found[: COUNT_LIMIT + 1].count() if asked.query.narrows else total
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
            "heading": _heading(numbers, asked, count, total),
            "unknown_words": unknown_words(asked.query),
            "filter_fields": {n: request.GET[n] for n in ("view", "sort") if request.GET.get(n)},
            "views": _views(request, numbers, asked),
            "sort_url": _address(request, sort="" if asked.falling else NAME_DESC),
            "csv_url": _export(request, enterprise, "consumed_csv"),
            "json_url": _export(request, enterprise, "consumed_json"),
            "qualifiers": QUALIFIERS,
        },
    )


QUALIFIERS = (
    "is:cloud",
    "is:server",
    "is:both",
    "is:invitation",
    "is:suspended",
    "server:HOST",
    "org:ORG",
    "verdict:KEY",
    "-verdict:KEY",
    "matched-by:RULE",
    "ghe-tokyo:17",
)


def _heading(numbers: bridge.BridgeView, asked: Asked, count: int, total: int) -> str:
    """How many are listed, of how many; and how many GitHub counts, where its report lists others."""
    if asked.query.narrows:
        shown = f"{number(COUNT_LIMIT)}+" if count > COUNT_LIMIT else number(count)
        return ngettext("{n} of {total} license", "{n} of {total} licenses", total).format(
            n=shown, total=number(total)
        )
    if asked.view == licenses.GITHUB and numbers.unexplained:
        return _("GitHub counts {counted} licenses; its report lists {read}").format(
            counted=number(numbers.counted), read=number(total)
        )
    return ngettext("{n} license", "{n} licenses", total).format(n=number(total))


def _views(request: HttpRequest, numbers: bridge.BridgeView, asked: Asked) -> list[dict[str, object]]:
    """The two views as links, each with its number; without a cloud token there is one."""
    if not numbers.by_github:
        return [{"label": _("Counted by this console"), "count": numbers.expected, "current": True}]
    both = (
        (licenses.GITHUB, _("Counted by GitHub"), numbers.read),
        (licenses.EXPECTED, _("Expected"), numbers.expected),
    )
    return [
        {
            "label": label,
            "count": count,
            "url": _address(request, view=view),
            "current": view == asked.view,
        }
        for view, label, count in both
    ]


def _address(request: HttpRequest, **changes: str) -> str:
    """This address from its first page, with some of its query changed."""
    query = request.GET.copy()
    for name in ("after", "before"):
        query.pop(name, None)
    for name, value in changes.items():
        query[name] = value
        if not value:
            del query[name]
    return f"{request.path}?{query.urlencode()}"


def _export(request: HttpRequest, enterprise: Enterprise, name: str) -> str:
    """The address of what is shown as a file."""
    query = request.GET.copy()
    for other in ("after", "before", "sort"):
        query.pop(other, None)
    address = reverse(name, kwargs={"slug": enterprise.slug})
    return f"{address}?{query.urlencode()}" if query else address


@reader
@require_safe
def consumed_csv(request: PlacedRequest) -> HttpResponseBase:
    """Stream the list as CSV (reference §5.2)."""
    return _stream(request, exports.as_csv, "csv", "text/csv; charset=utf-8", MARK)


@reader
@require_safe
def consumed_json(request: PlacedRequest) -> HttpResponseBase:
    """Stream the list as JSON (reference §5.3)."""
    return _stream(request, exports.as_json, "json", "application/json", "")


def _stream(
    request: PlacedRequest,
    write: Callable[[exports.Export], Iterator[str]],
    ending: str,
    content_type: str,
    mark: str,
) -> HttpResponseBase:
    """A file is never of another list than was asked for: with a word nobody knows there is none."""
    enterprise = request.place.enterprise
    asked = asked_of(request, by_github=bridge.of(enterprise).by_github)
    if asked.query.unknown:
        return HttpResponse(unknown_words(asked.query), status=400, content_type="text/plain; charset=utf-8")
    export = exports.Export(enterprise, asked.view, asked.query, asked.typed)
    name = export.file_name(ending, clock.now(enterprise))
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return StreamingHttpResponse(_marked(mark, write(export)), content_type=content_type, headers=headers)


def _marked(mark: str, parts: Iterator[str]) -> Iterator[str]:
    if mark:
        yield mark
    yield from parts


def unknown_words(query: search.Query) -> str:
    """Say what was typed and means nothing here, and what would."""
    words = _("Not known here: {words}. Nothing is listed, so that no list is taken for another.").format(
        words=", ".join(query.unknown)
    )
    asked = {token.lstrip("-").partition(":")[0].lower() for token in query.unknown}
    known = [
        f"{name}: {', '.join(values)}"
        for name, values in search.QUALIFIERS.items()
        if values and name in asked
    ]
    return wording.sentences([words, *(_("Known are {values}.").format(values=one) for one in known)])

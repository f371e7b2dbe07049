"""Counted twice: licenses that could probably be avoided, as a page and as CSV. A list, never subtracted."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from io import StringIO

from django.conf import settings
from django.contrib import messages
from django.http import HttpResponseBase, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from ghconnect import clock
from ghconnect.access import PlacedRequest, overseer, owner
from ghconnect.models import Enterprise
from ghconnect.templatetags.ghconnect_ui import number
from licensing import avoidable, bridge, candidates, counted_twice, exports, fixes
from licensing.models import TwiceDecision
from licensing.usecases import twice

from .consumed_files import MARK
from .frame import subtabs

COLUMNS = (
    "who",
    "login",
    "servers",
    "reason",
    "what_to_do",
    "who_does_it",
    "email_now",
    "email_to_make_primary",
    "licenses",
    "cost_a_year",
    "currency",
    "confidence_percent",
    "state",
    *(f"message_{code}" for code in dict(settings.LANGUAGES)),
)


@overseer
@require_safe
def page(request: PlacedRequest) -> HttpResponseBase:
    """Show candidates with their fix, then fixes under way and those GitHub has confirmed."""
    enterprise = request.place.enterprise
    listed = candidates.of(enterprise)
    shown = listed.page(request)
    some = [one.candidate for one in shown.rows]
    decisions = listed.decisions(some)
    under_way, closed = fixes.both(enterprise)
    aside, aside_count = listed.aside(fixes.SHOWN)
    context = {
        "tab": "licensing",
        "subtabs": subtabs(request),
        "times": bridge.of(enterprise, changes=False),
        "last": listed.last,
        "sum": counted_twice.sum_of(enterprise, listed.licenses),
        "page": shown,
        "items": list(counted_twice.items(enterprise, some, sender=sender(request), decisions=decisions)),
        "under_way": under_way,
        "closed": closed,
        "aside": counted_twice.aside(enterprise, aside),
        "exclusions": "\n".join(avoidable.exclusions(enterprise)),
        "rest": aside_count - len(aside),
    }
    return render(request, "licensing/counted_twice.html", context)


def sender(request: PlacedRequest) -> str:
    """Who signs the message."""
    return request.user.name or request.user.login


@owner
@require_POST
def decide(request: PlacedRequest) -> HttpResponseBase:
    """Accept, reject or snooze a candidate, or open it again."""
    enterprise, state = request.place.enterprise, request.POST.get("state", "")
    mark = request.POST.get("fingerprint", "")[:64].replace("\0", "")
    named = candidates.of(enterprise).named(mark)
    if state == "open" and twice.reopen(enterprise=enterprise, fingerprint=mark, by=request.user):
        messages.success(request, _("It is open again."))
    elif state in TwiceDecision.State.values and named is not None:
        twice.decide(enterprise=enterprise, candidate=named, state=state, by=request.user)
        messages.success(request, _said(state))
    else:
        messages.error(request, _("It is no longer in the list: what was read since has changed it."))
    return redirect("counted_twice", slug=enterprise.slug)


def _said(state: str) -> str:
    words = {
        TwiceDecision.State.ACCEPTED: _("Accepted. It is closed when GitHub's own report shows them joined."),
        TwiceDecision.State.REJECTED: _("Set aside: not the same person."),
        TwiceDecision.State.SNOOZED: _("Set aside for 30 days."),
    }
    return words[TwiceDecision.State(state)]


@owner
@require_POST
def exclude(request: PlacedRequest) -> HttpResponseBase:
    """Set what is never proposed."""
    patterns = request.POST.get("patterns", "")[:200_000].replace("\0", "").splitlines()
    count = twice.exclude(enterprise=request.place.enterprise, patterns=patterns, by=request.user)
    words = ngettext("%(n)s pattern is left out.", "%(n)s patterns are left out.", count)
    messages.success(request, words % {"n": number(count)})
    return redirect("counted_twice", slug=request.place.enterprise.slug)


@overseer
@require_safe
def as_csv(request: PlacedRequest) -> HttpResponseBase:
    """Stream all of it, for a mail merge; no cell is taken for a formula."""
    enterprise = request.place.enterprise
    name = f"counted-twice-{enterprise.slug}-{clock.now(enterprise):%Y-%m-%d}.csv"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return StreamingHttpResponse(
        _lines(enterprise, sender(request)), content_type="text/csv; charset=utf-8", headers=headers
    )


def _lines(enterprise: Enterprise, signed: str) -> Iterator[str]:
    yield MARK + ",".join(COLUMNS) + "\r\n"
    listed = candidates.of(enterprise)
    for some in listed.each():
        decisions, text = listed.decisions(some), StringIO()
        items = counted_twice.items(enterprise, some, sender=signed, decisions=decisions)
        csv.writer(text).writerows([exports.safe(value) for value in _cells(item)] for item in items)
        yield text.getvalue()


def _cells(item: counted_twice.Item) -> list[str]:
    cost = "" if item.cents_a_year is None else f"{item.cents_a_year / 100:.2f}"
    told = dict(item.messages)
    message = next(iter(told.values()), "")
    return [
        item.who,
        item.login,
        item.host,
        item.cause,
        item.fix,
        item.actor,
        item.before,
        item.after,
        str(item.licenses),
        cost,
        item.currency if cost else "",
        str(item.confidence),
        item.state,
        *(told.get(code, message) for code in dict(settings.LANGUAGES)),
    ]

"""What the pages of licensing share: their sub-tabs."""

from __future__ import annotations

from django.urls import reverse
from django.utils.translation import gettext as _

from ghconnect.access import PlacedRequest
from ghconnect.tabs import Link, mark_current


def subtabs(request: PlacedRequest, *, under: str = "") -> list[Link]:
    """Return the sub-tabs; `under` names the page that a page without a tab of its own belongs to."""
    where = {"slug": request.place.enterprise.slug}
    pages = [("licensing", _("Summary")), ("consumed", _("Consumed licenses"))]
    if request.place.sees_all:
        pages.append(("counted_twice", _("Counted twice")))
    pages += [("difference", _("GitHub and this console")), ("trends", _("Trends"))]
    pages += [("history", _("History")), ("renewal", _("Renewal")), ("check", _("Check an address"))]
    links = [Link(name, "", label, reverse(name, kwargs=where)) for name, label in pages]
    return mark_current(links, reverse(under, kwargs=where) if under else request.path)

"""Settings, Verified & approved domains: as GitHub has them, and the members without an email in one."""

from __future__ import annotations

from django.http import HttpResponseBase, StreamingHttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from ghconnect import clock, paging, tabs
from ghconnect.access import PlacedRequest, overseer
from licensing import bridge, cloud_told, exports
from licensing.models import CloudPicture


@overseer
@require_safe
def page(request: PlacedRequest) -> HttpResponseBase:
    """Show domains, coverage, and who is probably counted twice for want of a visible email (reference §9, §12)."""
    enterprise = request.place.enterprise
    found = [(fact, cloud_told.note(fact)) for fact in cloud_told.domains(enterprise)]
    context = {
        "side": tabs.settings_pages(request.place, request.path),
        "tab": "settings",
        "domains": found,
        "source": cloud_told.source(enterprise, "domains"),
        "coverage": cloud_told.coverage(enterprise),
        "times": bridge.of(enterprise, changes=False),
        "page": paging.of(request, cloud_told.without_domain_email(enterprise), "sort", "id"),
        "verify_url": _verify_url(request),
    }
    return render(request, "licensing/domains.html", context)


def _verify_url(request: PlacedRequest) -> str:
    """Where owners verify a domain at GitHub; pretend GitHub has no such page."""
    enterprise = request.place.enterprise
    if enterprise.is_organization:
        return f"https://{enterprise.host}/organizations/{enterprise.account_name}/settings/domains"
    return enterprise.web_url if enterprise.sandbox else f"{enterprise.web_url}/settings/domains"


@overseer
@require_safe
def as_csv(request: PlacedRequest) -> HttpResponseBase:
    """Give all members without an email in a verified domain."""
    enterprise = request.place.enterprise
    lines = cloud_told.csv_lines(enterprise)
    answer = StreamingHttpResponse(exports.csv_text(lines), content_type="text/csv; charset=utf-8")
    name = f"members-without-domain-email-{enterprise.slug}-{clock.now(enterprise):%Y-%m-%d}.csv"
    answer["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer


@overseer
@require_safe
def sources(request: PlacedRequest) -> HttpResponseBase:
    """Show what is asked of GitHub, what it answers to this token, and what to do about the rest."""
    enterprise = request.place.enterprise
    context = {
        "side": tabs.settings_pages(request.place, request.path),
        "tab": "settings",
        "lines": cloud_told.sources(enterprise),
        "coverage": cloud_told.coverage(enterprise),
        "times": bridge.of(enterprise, changes=False),
        "managed": CloudPicture.managed(enterprise),
        "title": _("Read from GitHub"),
    }
    return render(request, "licensing/sources.html", context)

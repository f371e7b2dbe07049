"""Authentication security of an enterprise: whether two-factor authentication is required, and who comes in how."""

from __future__ import annotations

from django.conf import settings
from django.contrib import messages
from django.http import HttpResponseBase
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from ghconnect.access import PlacedRequest, overseer
from ghconnect.models import Role, User
from ghconnect.sign_in import second_factor
from ghconnect.usecases import enterprises

from .enterprise_settings import render_page

# People named on the page.
MOST = 200


@overseer
@require_http_methods(["GET", "HEAD", "POST"])
def page(request: PlacedRequest) -> HttpResponseBase:
    """Require two-factor authentication or not; show which groups give which role."""
    enterprise = request.place.enterprise
    if request.method == "POST":
        return _require(request)
    mapped = [
        (group, Role(role).label)
        for slug, role, group in settings.GHCONNECT_GROUP_ROLES
        if slug == enterprise.slug
    ]
    without = User.objects.filter(memberships__enterprise=enterprise).exclude(
        pk__in=second_factor.protected_people()
    )
    context = {
        "mapped": mapped,
        "without": without.order_by("login")[:MOST],
        "may": second_factor.satisfies(request),
    }
    return render_page(request, "security", context)


def _require(request: PlacedRequest) -> HttpResponseBase:
    required = request.POST.get("required") == "1"
    if required and not second_factor.satisfies(request):
        messages.error(request, _("Set up two-factor authentication for yourself first."))
    else:
        enterprises.require_two_factor(
            enterprise=request.place.enterprise, required=required, by=request.user
        )
        messages.success(
            request,
            _("Two-factor authentication is required now.")
            if required
            else _("Two-factor authentication is not required any more."),
        )
    return redirect("settings_security", request.place.enterprise.slug)

"""Who may open an enterprise here: owners and billing managers."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpResponseBadRequest, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from ghconnect import paging
from ghconnect.access import PlacedRequest, owner
from ghconnect.forms.enterprises import GrantForm
from ghconnect.models import Membership, Role
from ghconnect.usecases import access

from . import asking
from .enterprise_settings import render_page

ASKS = require_http_methods(["GET", "HEAD", "POST"])


@owner
@ASKS
def page(request: PlacedRequest) -> HttpResponseBase:
    """List who has a role; add somebody by email."""
    return _grant(request) if request.method == "POST" else _page(request)


def _page(request: PlacedRequest, **more: Any) -> HttpResponseBase:
    members = request.place.enterprise.memberships.select_related("user", "enterprise")
    listed = paging.of(request, members, "id")
    rows = [(each, _roles(each), asking.remove_role(each)) for each in listed.rows]
    return render_page(request, "people", {"form": GrantForm(), "page": listed, "rows": rows, **more})


def _roles(membership: Membership) -> list[dict[str, Any]]:
    return [
        {"value": f"{role.value}", "label": role.label, "current": membership.role == role}
        for role in (Role.OWNER, Role.BILLING_MANAGER)
    ]


def _grant(request: PlacedRequest) -> HttpResponseBase:
    form = GrantForm(request.POST)
    if form.is_valid():
        try:
            given = access.grant(enterprise=request.place.enterprise, by=request.user, **form.cleaned_data)
        except access.UnknownPerson:
            form.add_error("email", _unknown(request, form.cleaned_data["email"]))
        except access.LastOwner:
            form.add_error("role", _last_owner())
        else:
            return _done(request, given)
    return _page(request, form=form)


@owner
@require_POST
def change(request: PlacedRequest, login: str) -> HttpResponseBase:
    """Give somebody of the list another role; the last owner stays one."""
    member = _member(request, login)
    try:
        given = access.grant(
            enterprise=member.enterprise,
            email=member.user.email,
            role=request.POST.get("role", ""),
            by=request.user,
        )
    except access.LastOwner:
        messages.error(request, _last_owner())
    except (access.BadRole, access.UnknownPerson):
        return HttpResponseBadRequest()
    else:
        return _done(request, given)
    return redirect("settings_people", request.place.enterprise.slug)


@owner
@ASKS
def remove(request: PlacedRequest, login: str) -> HttpResponseBase:
    """Ask, then take somebody's role; the last owner stays."""
    member = _member(request, login)
    if request.method != "POST":
        return asking.remove_role(member).page(request)
    try:
        access.revoke(enterprise=member.enterprise, user=member.user, by=request.user)
    except access.LastOwner:
        messages.error(request, _last_owner())
    else:
        messages.success(request, _("{login} has no role here any more.").format(login=login))
    # Whoever removed themselves sees the list no more.
    left = (
        member.user_id == request.user.pk
        and not request.place.enterprise.memberships.filter(user=request.user).exists()
    )
    return redirect("home") if left else redirect("settings_people", request.place.enterprise.slug)


def _member(request: PlacedRequest, login: str) -> Membership:
    members = request.place.enterprise.memberships.select_related("user", "enterprise")
    return get_object_or_404(members, user__login=login)


def _done(request: PlacedRequest, given: Membership) -> HttpResponseBase:
    words = _("{login} is {role} now.")
    messages.success(request, words.format(login=given.user.login, role=given.get_role_display()))
    if given.user_id == request.user.pk and given.role != Role.OWNER:
        return redirect("home")
    return redirect("settings_people", request.place.enterprise.slug)


def _last_owner() -> str:
    return _("This is the last owner. Make somebody else an owner first.")


def _unknown(request: PlacedRequest, email: str) -> str:
    """Say who makes people, and how: no page does."""
    words = _(
        "Nobody with this email can sign in here. An operator of this console adds people, as owners at first:"
        " manage.py add_owner --enterprise {slug} --email {email}"
    )
    return words.format(slug=request.place.enterprise.slug, email=email)

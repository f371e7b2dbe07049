"""Who may open an enterprise here, and as what: invite, change, remove."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpResponseBadRequest, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from ghconnect import paging
from ghconnect.access import PlacedRequest, overseer, owner
from ghconnect.forms.enterprises import InviteForm
from ghconnect.models import Membership, Role, Source
from ghconnect.usecases import access, invitations

from . import asking
from .enterprise_settings import render_page

ASKS = require_http_methods(["GET", "HEAD", "POST"])


@overseer
@ASKS
def page(request: PlacedRequest) -> HttpResponseBase:
    """List who has a role and who is invited; invite somebody."""
    return _invite(request) if request.method == "POST" else _page(request)


def _page(request: PlacedRequest, **more: Any) -> HttpResponseBase:
    enterprise = request.place.enterprise
    members = enterprise.memberships.select_related("user", "enterprise")
    listed = paging.of(request, members, "id")
    rows = [(each, _roles(each), asking.remove_role(each)) for each in listed.rows]
    context = {
        "form": InviteForm(),
        "page": listed,
        "rows": rows,
        "waiting": enterprise.invitations.open().order_by("email")[:100],
        "mails": invitations.can_mail(),
        **more,
    }
    return render_page(request, "people", context)


def _roles(membership: Membership) -> list[dict[str, Any]]:
    """The choices of a role's menu; none for a role that somebody else keeps."""
    if membership.source != Source.HERE:
        return []
    return [
        {"value": f"{role.value}", "label": role.label, "current": membership.role == role} for role in Role
    ]


def _invite(request: PlacedRequest) -> HttpResponseBase:
    form = InviteForm(request.POST)
    if not form.is_valid():
        return _page(request, form=form)

    def link(secret: str) -> str:
        return request.build_absolute_uri(reverse("invitation", args=[secret]))

    try:
        made, address = invitations.invite(
            enterprise=request.place.enterprise, by=request.user, link=link, **form.cleaned_data
        )
    except invitations.AlreadyIn:
        form.add_error("email", _("This person has a role here already. Change it in the list."))
        return _page(request, form=form)
    return _page(request, invited=made, link=address)


@owner
@require_POST
def cancel(request: PlacedRequest, pk: int) -> HttpResponseBase:
    """End an invitation."""
    enterprise = request.place.enterprise
    invitation = get_object_or_404(enterprise.invitations.select_related("enterprise"), pk=pk)
    invitations.cancel(invitation=invitation, by=request.user)
    messages.success(request, _("The invitation of {email} is cancelled.").format(email=invitation.email))
    return redirect("settings_people", enterprise.slug)


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

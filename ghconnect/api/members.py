"""Who has a role in the enterprise, for scripts that list people and let them go; none gives anybody a role."""

from __future__ import annotations

from typing import Any, Literal

from django.http import Http404, HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from ninja import Router, Schema

from ghconnect import paging
from ghconnect.models import Invitation, Membership, User
from ghconnect.usecases import access, invitations

from .answers import paged
from .auth import refuse
from .console import ADMIN, OVERSEE, enterprise_of
from .shapes import CONFLICTS, PROBLEMS, Cursor, Paged, Size

router = Router(tags=["console"])
RoleKey = Literal["owner", "billing_manager", "auditor"]
LARGEST = 2**63 - 1


class RoleHolder(Schema):
    """Somebody with a role; `source` says who keeps it: "" is this console."""

    login: str
    name: str
    email: str
    role: RoleKey
    source: Literal["", "groups", "github"]
    active: bool
    since: str


class RoleHolders(Paged):
    """People with a role, the first of them first."""

    items: list[RoleHolder]


class Invited(Schema):
    """An invitation that can still be followed; its link is never told."""

    id: int
    email: str
    role: RoleKey
    invited_by: str
    invited_at: str
    expires_at: str


class Invitations(Paged):
    """Open invitations, newest first."""

    items: list[Invited]


@router.get("/members", auth=OVERSEE, response={200: RoleHolders, **PROBLEMS})
def members_list(
    request: HttpRequest, after: Cursor = "", before: Cursor = "", limit: Size = 50
) -> HttpResponse:
    """List who has a role here. Scope read:enterprise, of an owner or auditor."""
    rows = Membership.objects.filter(enterprise=enterprise_of(request)).select_related("user")
    page = paging.of(request, rows, "id", size=limit)
    return paged(request, page, [_member(row) for row in page.rows])


@router.delete("/members/{login}", auth=ADMIN, response={204: None, **CONFLICTS})
def member_remove(request: HttpRequest, login: str) -> HttpResponse:
    """Take somebody's role: who leaves the company leaves the console. The last owner stays. Scope admin:connect."""
    enterprise = enterprise_of(request)
    user = User.objects.filter(memberships__enterprise=enterprise, login=login.replace("\0", "")).first()
    if user is None:
        raise Http404
    try:
        access.revoke(enterprise=enterprise, user=user, by=None)
    except access.LastOwner:
        words = _("This is the last owner. Make somebody else an owner first.")
        raise refuse(409, "last_owner", words) from None
    return HttpResponse(status=204)


@router.get("/invitations", auth=OVERSEE, response={200: Invitations, **PROBLEMS})
def invitations_list(
    request: HttpRequest, after: Cursor = "", before: Cursor = "", limit: Size = 50
) -> HttpResponse:
    """List who is invited. Scope read:enterprise, of an owner or auditor."""
    rows = Invitation.objects.open().filter(enterprise=enterprise_of(request))
    page = paging.of(request, rows, "-id", size=limit)
    return paged(request, page, [_invited(row) for row in page.rows])


@router.delete("/invitations/{invitation}", auth=ADMIN, response={204: None, **PROBLEMS})
def invitation_cancel(request: HttpRequest, invitation: int) -> HttpResponse:
    """End an invitation; one that is over stays as it is. Scope admin:connect."""
    rows = enterprise_of(request).invitations.select_related("enterprise")
    found = rows.filter(pk=invitation).first() if 0 < invitation <= LARGEST else None
    if found is None:
        raise Http404
    invitations.cancel(invitation=found, by=None)
    return HttpResponse(status=204)


def _member(row: Membership) -> dict[str, Any]:
    return {
        "login": row.user.login,
        "name": row.user.name,
        "email": row.user.email,
        "role": row.role,
        "source": row.source,
        "active": row.user.is_active,
        "since": row.created_at.isoformat(),
    }


def _invited(row: Invitation) -> dict[str, Any]:
    return {
        "id": row.pk,
        "email": row.email,
        "role": row.role,
        "invited_by": row.created_by_login,
        "invited_at": row.created_at.isoformat(),
        "expires_at": row.expires_at.isoformat(),
    }

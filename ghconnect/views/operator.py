"""For the operator of the install: every enterprise, and the first owner of one."""

from __future__ import annotations

from typing import Any

from django.db.models import Count, Q
from django.http import HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from ghconnect import paging
from ghconnect.access import PlacedRequest, operator
from ghconnect.forms.people import FirstOwnerForm
from ghconnect.models import Enterprise, Role
from ghconnect.usecases import invitations


@operator
@require_http_methods(["GET", "HEAD", "POST"])
def page(request: PlacedRequest) -> HttpResponseBase:
    """List enterprises with how many owners each has; invite an owner. No people are shown."""
    form = FirstOwnerForm(request.POST or None)
    return _invite(request, form) if form.is_valid() else _page(request, form)


def _page(request: PlacedRequest, form: FirstOwnerForm, **more: Any) -> HttpResponseBase:
    owners = Count("memberships", filter=Q(memberships__role=Role.OWNER, memberships__user__is_active=True))
    listed = paging.of(request, Enterprise.objects.annotate(owners=owners), "slug", "id")
    return render(
        request, "ghconnect/operator.html", {"form": form, "page": listed, "rows": listed.rows, **more}
    )


def _invite(request: PlacedRequest, form: FirstOwnerForm) -> HttpResponseBase:
    def link(secret: str) -> str:
        return request.build_absolute_uri(reverse("invitation", args=[secret]))

    values = form.cleaned_data
    try:
        made, address = invitations.invite(
            enterprise=values["enterprise"],
            email=values["email"],
            role=Role.OWNER,
            by=request.user,
            link=link,
        )
    except invitations.AlreadyIn:
        form.add_error("email", _("This person has a role there already."))
        return _page(request, form)
    return _page(request, FirstOwnerForm(), invited=made, link=address)

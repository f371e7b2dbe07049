"""For the operator of the install: find an account by its email; suspend it, or let it in again."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from ghconnect import paging
from ghconnect.access import PlacedRequest, operator
from ghconnect.forms.people import FindAccountForm
from ghconnect.models import User
from ghconnect.questions import Question
from ghconnect.usecases import suspension
from ghconnect.usecases.access import UnknownPerson

from . import asking

ASKS = require_http_methods(["GET", "HEAD", "POST"])


@operator
@ASKS
def find(request: PlacedRequest) -> HttpResponseBase:
    """Ask for an email and lead to its account; list who is suspended, and nobody else."""
    # Posted, so that no log of addresses keeps it.
    form = FindAccountForm(request.POST or None)
    if form.is_valid():
        try:
            return redirect("operator_account", suspension.find(form.cleaned_data["email"]).login)
        except UnknownPerson:
            form.add_error("email", _("Nobody with this email is here."))
    listed = paging.of(request, User.objects.filter(is_active=False), "login", "id")
    return render(
        request, "ghconnect/operator_accounts.html", {"form": form, "page": listed, "rows": listed.rows}
    )


@operator
@require_http_methods(["GET", "HEAD"])
def page(request: PlacedRequest, login: str) -> HttpResponseBase:
    """Show one account: whether it is suspended, its roles, and what a suspension would end."""
    user = get_object_or_404(User, login=login)
    context = {
        "account": user,
        "memberships": user.memberships.select_related("enterprise").order_by("enterprise__slug"),
        "tokens": suspension.tokens(user).count(),
        "question": _question(user),
        "oneself": user.pk == request.user.pk,
    }
    return render(request, "ghconnect/operator_account.html", context)


@operator
@ASKS
def suspend(request: PlacedRequest, login: str) -> HttpResponseBase:
    """Ask, then suspend; who is some enterprise's only owner is typed first."""
    user = get_object_or_404(User, login=login)
    question = asking.suspend(user, suspension.sole_owner_of(user))
    if request.method != "POST":
        return question.page(request)
    if not question.answered(request):
        return question.again(request, _("This is not the short name."))
    try:
        suspension.suspend(user=user, by=request.user, even_sole_owner=bool(question.typed))
    except suspension.Oneself:
        messages.error(request, _("You cannot suspend yourself. Another operator can."))
    except suspension.SoleOwner as error:
        return asking.suspend(user, error.slugs).page(request)
    else:
        messages.success(request, _("{login} is suspended: signed out everywhere.").format(login=login))
    return redirect("operator_account", login)


@operator
@ASKS
def unsuspend(request: PlacedRequest, login: str) -> HttpResponseBase:
    """Ask, then let somebody in again."""
    user = get_object_or_404(User, login=login)
    if request.method != "POST":
        return asking.unsuspend(user).page(request)
    suspension.unsuspend(user=user, by=request.user)
    messages.success(request, _("{login} can sign in again.").format(login=login))
    return redirect("operator_account", login)


def _question(user: User) -> Question:
    return asking.suspend(user, suspension.sole_owner_of(user)) if user.is_active else asking.unsuspend(user)

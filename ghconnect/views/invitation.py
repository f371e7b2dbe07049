"""The page an invitation's link leads to: sign in and accept, or set a password and begin."""

from __future__ import annotations

from allauth.account.utils import perform_login
from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from ghconnect.access import public
from ghconnect.forms.people import JoinForm
from ghconnect.limits import Limit
from ghconnect.models import Invitation, User
from ghconnect.request_facts import request_facts
from ghconnect.usecases import invitations

# A link's secret is far too long to be guessed; whoever tries all the same need not load the database.
TRIES = Limit("invitation", most=60, seconds=60)


@public
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def page(request: HttpRequest, secret: str) -> HttpResponseBase:
    """Show what the invitation is to, and take it."""
    address = request_facts.get()[1]
    if TRIES.wait(address):
        raise Http404
    TRIES.count(address)
    try:
        invitation = invitations.find(secret)
    except invitations.Gone:
        return render(request, "ghconnect/invitation.html", {"gone": True}, status=404)
    if isinstance(request.user, User):
        return _signed_in(request, request.user, invitation, secret)
    return _new_person(request, invitation, secret)


def _signed_in(request: HttpRequest, user: User, invitation: Invitation, secret: str) -> HttpResponseBase:
    if request.method == "POST" and user.email == invitation.email:
        given = invitations.accept(secret=secret, user=user)
        words = _("You are {role} of {enterprise} now.")
        messages.success(
            request, words.format(role=given.get_role_display(), enterprise=invitation.enterprise.name)
        )
        return redirect("overview", invitation.enterprise.slug)
    context = {"invitation": invitation, "mine": user.email == invitation.email}
    return render(request, "ghconnect/invitation.html", context)


def _new_person(request: HttpRequest, invitation: Invitation, secret: str) -> HttpResponseBase:
    """Whoever has an account signs in first; whoever has none sets a password, unless passwords are off."""
    may_join = settings.GHCONNECT_LOCAL_PASSWORDS and not User.objects.filter(email=invitation.email).exists()
    form = JoinForm(request.POST or None, email=invitation.email) if may_join else None
    if form is not None and form.is_valid():
        try:
            user = invitations.join(secret=secret, **form.cleaned_data)
        except invitations.HasAccount:
            return redirect(request.path)
        response: HttpResponseBase = perform_login(
            request,
            user,
            email_verification="none",
            redirect_url=f"/enterprises/{invitation.enterprise.slug}",
        )
        return response
    return render(request, "ghconnect/invitation.html", {"invitation": invitation, "form": form})

"""Where somebody is signed in, and signing out there."""

from __future__ import annotations

from datetime import datetime

from allauth.usersessions.models import UserSession
from django.contrib import messages
from django.http import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from ghconnect.access import PlacedRequest
from ghconnect.sign_in import browsers
from ghconnect.usecases import sign_in


@require_http_methods(["GET", "HEAD", "POST"])
def page(request: PlacedRequest) -> HttpResponseBase:
    """List the sessions of whoever is signed in; end one, or all others."""
    if request.method == "POST":
        return _end(request)
    found = sorted(UserSession.objects.purge_and_list(request.user), key=_latest, reverse=True)
    here = request.session.session_key
    rows = [(each, each.session_key == here, browsers.name(each.user_agent)) for each in found]
    return render(request, "ghconnect/sessions.html", {"rows": rows, "others": len(rows) > 1})


def _latest(session: UserSession) -> float:
    seen: datetime = session.last_seen_at
    return seen.timestamp()


def _end(request: PlacedRequest) -> HttpResponseBase:
    others = UserSession.objects.filter(user=request.user).exclude(session_key=request.session.session_key)
    asked = request.POST.get("session", "")
    ended = list(others.filter(pk=asked) if asked.isascii() and asked.isdigit() else others)
    for session in ended:
        session.end()
        sign_in.session_ended(user=request.user, address=str(session.ip))
    messages.success(request, _("Signed out there."))
    return redirect("sessions")

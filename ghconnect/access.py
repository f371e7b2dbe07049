"""Who may open what: denied unless a view says otherwise, hidden rather than forbidden."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any, Concatenate, ParamSpec

import requests
from allauth.socialaccount.models import SocialApp
from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponseBase
from django.shortcuts import get_object_or_404, render

from .models import Enterprise, Membership, Role, Server, User
from .sign_in import second_factor
from .usecases.sign_in import failed as refused

log = logging.getLogger(__name__)
P = ParamSpec("P")
View = Callable[..., HttpResponseBase]
OWNER = frozenset({Role.OWNER})
# Auditors read what owners read; a request of theirs that could change something finds nothing.
OVERSEERS = frozenset({Role.OWNER, Role.AUDITOR})
READERS = frozenset({Role.OWNER, Role.BILLING_MANAGER, Role.AUDITOR})
READING = ("GET", "HEAD", "OPTIONS")

public = login_not_required


@dataclass(frozen=True, slots=True)
class Place:
    """Where in the console a request is, and as what."""

    enterprise: Enterprise
    role: str
    server: Server | None = None

    @property
    def is_owner(self) -> bool:
        """Whether the viewer may change things here."""
        return self.role == Role.OWNER

    @property
    def sees_all(self) -> bool:
        """Whether the viewer may read everything here, also settings and the audit log."""
        return self.role in OVERSEERS


class PlacedRequest(HttpRequest):
    """A request of a signed-in person inside an enterprise."""

    place: Place
    user: User


def place_of(user: User, slug: str, host: str | None, roles: frozenset[Role]) -> Place:
    """Return the place, or 404 for whoever has no role there: existence is secret (reference §13)."""
    membership = get_object_or_404(
        Membership.objects.select_related("enterprise"), user=user, enterprise__slug=slug, role__in=roles
    )
    server = None
    if host is not None:
        server = get_object_or_404(Server, enterprise=membership.enterprise, host=host.lower())
        server.enterprise = membership.enterprise
    return Place(membership.enterprise, membership.role, server)


def in_enterprise(
    roles: frozenset[Role],
) -> Callable[[Callable[Concatenate[PlacedRequest, P], HttpResponseBase]], View]:
    """Open a view to `roles` of the enterprise in its address, and put the place on the request."""

    def decorate(view: Callable[Concatenate[PlacedRequest, P], HttpResponseBase]) -> View:
        @wraps(view)
        def guarded(
            request: HttpRequest, slug: str, host: str | None = None, **kwargs: Any
        ) -> HttpResponseBase:
            if not isinstance(request.user, User):
                raise Http404
            place = place_of(request.user, slug, host, roles)
            changes = request.method not in READING and not getattr(view, "only_asks", False)
            if place.role == Role.AUDITOR and changes:
                raise Http404
            if place.enterprise.two_factor_required and not second_factor.satisfies(request):
                return second_factor.ask(request, place.enterprise)
            request.place = place  # type: ignore[attr-defined]
            return view(request, **kwargs)  # type: ignore[arg-type, call-arg]

        guarded.roles = roles  # type: ignore[attr-defined]
        return guarded

    return decorate


def only_asks(view: Callable[P, HttpResponseBase]) -> Callable[P, HttpResponseBase]:
    """Say of a view that its POST changes nothing: what is asked is sent in the body so that no log keeps it."""
    view.only_asks = True  # type: ignore[attr-defined]
    return view


def with_passwords(view: View) -> View:
    """Close a page of passwords where an operator has switched local passwords off."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not settings.GHCONNECT_LOCAL_PASSWORDS:
            raise Http404
        return view(request, *args, **kwargs)

    return guarded


def if_set(view: View) -> View:
    """Close a way to sign in that no operator has set, and say it where the provider cannot be reached."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        try:
            return view(request, *args, **kwargs)
        except SocialApp.DoesNotExist:
            raise Http404 from None
        # Away, no such provider at all, or an answer that is no XML.
        except (requests.RequestException, ValueError, KeyError, SyntaxError) as error:
            log.warning("sign-in by a provider failed: %s", type(error).__name__)
            away = isinstance(error, requests.RequestException)
            way = str(kwargs.get("provider_id") or kwargs.get("organization_slug") or "github")
            refused(user=None, way=way, reason="away" if away else "provider")
            return render(request, "socialaccount/authentication_error.html", status=502 if away else 401)

    return guarded


def operator(view: View) -> View:
    """Open a view to operators of the install alone; to others it is not there."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not isinstance(request.user, User) or not request.user.is_staff:
            raise Http404
        return view(request, *args, **kwargs)

    return guarded


owner = in_enterprise(OWNER)
overseer = in_enterprise(OVERSEERS)
reader = in_enterprise(READERS)

"""Who may open what: denied unless a view says otherwise, hidden rather than forbidden."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any, ClassVar, Concatenate, ParamSpec

from allauth.account.adapter import DefaultAccountAdapter
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponseBase
from django.shortcuts import get_object_or_404
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from .middleware import client_address
from .models import Enterprise, Membership, Role, Server, User

P = ParamSpec("P")
View = Callable[..., HttpResponseBase]
OWNER = frozenset({Role.OWNER})
READERS = frozenset({Role.OWNER, Role.BILLING_MANAGER})

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
            request.place = place_of(request.user, slug, host, roles)  # type: ignore[attr-defined]
            return view(request, **kwargs)  # type: ignore[arg-type, call-arg]

        guarded.roles = roles  # type: ignore[attr-defined]
        return guarded

    return decorate


owner = in_enterprise(OWNER)
reader = in_enterprise(READERS)


class AccountAdapter(DefaultAccountAdapter):
    """Operators add people; nobody signs up. Failed tries are counted for the real client."""

    # The form asks for a name or an email; allauth's own words speak of one of the two.
    error_messages: ClassVar[dict[str, str | Promise]] = {
        **DefaultAccountAdapter.error_messages,
        **dict.fromkeys(
            ("username_password_mismatch", "email_password_mismatch"),
            _("This name or email and this password do not belong together."),
        ),
    }

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Keep sign-up closed."""
        return False

    def get_client_ip(self, request: HttpRequest) -> str:
        """Return who calls: behind a proxy all would share its address, and one who guesses would lock out all."""
        return client_address(request) or "unknown"

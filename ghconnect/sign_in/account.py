"""What django-allauth asks of this console about accounts and passwords."""

from __future__ import annotations

import ipaddress
from typing import Any, ClassVar

from allauth.account.adapter import DefaultAccountAdapter
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.core.internal import ratelimit
from django.http import HttpRequest, HttpResponse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from ghconnect.middleware import client_address
from ghconnect.models import User
from ghconnect.usecases import sign_in

from . import devices, sessions

UNKNOWN = "unknown browser"
KNOWN_BROWSER = "5/5m/key"
# Stored and counted where no address is known, such as behind a socket file.
NOWHERE = "0.0.0.0"


class AccountAdapter(DefaultAccountAdapter):
    """Operators and owners add people; nobody signs up. Tries are counted for the real client."""

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
        try:
            return str(ipaddress.ip_address(client_address(request)))
        except ValueError:
            return NOWHERE

    def _get_login_attempts_cache_key(self, request: HttpRequest, **credentials: Any) -> str:
        """Count wrong tries of an account from browsers it does not know apart from each one it does."""
        typed = str(credentials.get("email") or credentials.get("username") or "").strip().lower()
        user = devices.named(typed)
        if user is None:
            return f"nobody:{typed}"
        return f"user:{user.pk}:{devices.known_by(request, user) or UNKNOWN}"

    def pre_authenticate(self, request: HttpRequest, **credentials: Any) -> None:
        """Count the try; one of a known browser is not counted for the address it may share with who guesses."""
        key = self._get_login_attempts_cache_key(request, **credentials)
        known = key.startswith("user:") and not key.endswith(UNKNOWN)
        self._login_failed_rl_usage = ratelimit.consume(
            request,
            app="allauth.account",
            action="login_failed",
            key=key,
            config={"login_failed": KNOWN_BROWSER} if known else None,
        )
        if not self._login_failed_rl_usage:
            self._note(credentials, "too_many")
            raise self.validation_error("too_many_login_attempts")

    def authentication_failed(self, request: HttpRequest, **credentials: Any) -> None:
        """Note a wrong password."""
        self._note(credentials, "password")

    def respond_user_inactive(self, request: HttpRequest, user: User) -> HttpResponse:
        """Note that somebody who is suspended came."""
        sign_in.failed(user=user, way=_way(request, "password"), reason="suspended")
        response: HttpResponse = super().respond_user_inactive(request, user)
        return response

    def _note(self, credentials: dict[str, Any], reason: str) -> None:
        typed = str(credentials.get("email") or credentials.get("username") or "").strip().lower()
        sign_in.failed(user=devices.named(typed), way="password", reason=reason)

    def login(self, request: HttpRequest, user: User) -> None:
        """Let nobody in who was suspended between the password and the second step."""
        if not user.is_active:
            raise ImmediateHttpResponse(self.respond_user_inactive(request, user))
        super().login(request, user)

    def post_login(self, request: HttpRequest, user: User, **kwargs: Any) -> HttpResponse:
        """Note who signed in and how, and remember the browser."""
        response: HttpResponse = super().post_login(request, user, **kwargs)
        sessions.track(request)
        sign_in.signed_in(user=user, way=_way(request))
        devices.remember(request, response, user)
        return response

    def logout(self, request: HttpRequest) -> None:
        """Note who signed out."""
        if isinstance(request.user, User):
            sign_in.signed_out(user=request.user)
        super().logout(request)


def _way(request: HttpRequest, default: str = "unknown") -> str:
    """How somebody proved who they are: `password`, `password+totp`, `webauthn`, `sso`, `github`, …"""
    records = request.session.get("account_authentication_methods", [])
    ways = [str(each.get("provider") or each.get("type") or each["method"]) for each in records]
    return "+".join(dict.fromkeys(ways)) or default

"""Second factors: sealed at rest, and when an enterprise takes a sign-in for strong enough."""

from __future__ import annotations

from typing import Any

from allauth.mfa import signals
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from allauth.mfa.utils import is_mfa_enabled
from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect
from django.utils.translation import gettext as _

from ghconnect.models import Enterprise, User
from ghconnect.seal import seal, unseal
from ghconnect.usecases import sign_in

# Sign-ins whose strength somebody else answers for: the identity provider, or the proxy in front.
ELSEWHERE = "ghconnect_trusted_proxy"


class MFAAdapter(DefaultMFAAdapter):
    """Keeps the secrets of authenticator apps and recovery codes as tokens are kept."""

    def encrypt(self, text: str) -> str:
        """Seal a secret."""
        return seal(text)

    def decrypt(self, encrypted_text: str) -> str:
        """Open a sealed secret."""
        return unseal(encrypted_text)


FACTORS = (Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN)


def protected(user: User) -> bool:
    """Whether the account has a second factor: an authenticator app, a security key or a passkey."""
    return bool(is_mfa_enabled(user, FACTORS))


def protected_people() -> QuerySet[Any]:
    """Return the ids of all people who have one."""
    ids: QuerySet[Any] = Authenticator.objects.filter(type__in=FACTORS).values("user_id")
    return ids


def satisfies(request: HttpRequest) -> bool:
    """Whether this sign-in is strong enough for an enterprise that requires two-factor authentication."""
    records = request.session.get("account_authentication_methods", [])
    vouched = any(each.get("method") == "socialaccount" for each in records) or ELSEWHERE in request.session
    return vouched or (isinstance(request.user, User) and protected(request.user))


def ask(request: HttpRequest, enterprise: Enterprise) -> HttpResponseBase:
    """Lead to where a second factor is set up, saying who requires it."""
    words = _(
        "{enterprise} requires two-factor authentication. Set it up here, then open {enterprise} again."
    )
    messages.warning(request, words.format(enterprise=enterprise.name))
    return redirect("mfa_index")


def note_changes() -> None:
    """Write an audit event whenever allauth adds, removes or renews a second factor."""
    for name in ("added", "removed", "reset"):
        signal = getattr(signals, f"authenticator_{name}")
        signal.connect(_RECEIVERS[name], dispatch_uid=f"ghconnect.{name}")
    signals.authentication_failed.connect(_failed, dispatch_uid="ghconnect.failed")


def _note(change: str, given: dict[str, Any]) -> None:
    sign_in.second_factor_changed(user=given["user"], kind=given["authenticator"].type, change=change)


def _failed(sender: object, **given: Any) -> None:
    sign_in.failed(user=given["user"], way=given["authenticator"].type, reason="second_factor")


def _added(sender: object, **given: Any) -> None:
    _note("added", given)


def _removed(sender: object, **given: Any) -> None:
    _note("removed", given)


def _reset(sender: object, **given: Any) -> None:
    _note("reset", given)


_RECEIVERS = {"added": _added, "removed": _removed, "reset": _reset}

"""What is noted of sign-ins: in the log of every enterprise the person has a role in (GitHub's event names)."""

from __future__ import annotations

from typing import Any

from django.db import transaction

from ghconnect.models import Enterprise, User

from . import audit


def signed_in(*, user: User, way: str) -> None:
    """Note that `user` signed in, and how: `password`, `password+totp`, `webauthn`, `sso`, `github`, …"""
    _note("user.login", user, way=way)


def signed_out(*, user: User) -> None:
    """Note that `user` signed out."""
    _note("user.logout", user)


def session_ended(*, user: User, address: str) -> None:
    """Note that `user` ended another session of theirs, last seen at `address`."""
    _note("user_session.revoke", user, address=address)


def second_factor_changed(*, user: User, kind: str, change: str) -> None:
    """Note that a second factor (`totp`, `webauthn`, `recovery_codes`) was `added`, `removed` or `reset`."""
    _note(f"two_factor_authentication.{kind}_{change}", user)


@transaction.atomic
def _note(action: str, user: User, **data: Any) -> None:
    places: list[Enterprise | None] = [*Enterprise.objects.of(user)]
    for enterprise in places or [None]:
        audit.record(action, by=user, enterprise=enterprise, subject=user.login, **data)

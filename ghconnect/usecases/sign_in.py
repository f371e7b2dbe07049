"""What is noted of sign-ins: in the log of every enterprise the person has a role in (GitHub's event names)."""

from __future__ import annotations

from typing import Any

from django.db import transaction

from ghconnect.limits import Limit
from ghconnect.models import Enterprise, User
from ghconnect.request_facts import acting, request_facts

from . import audit

# A flood of tries fills no disk: of an account, or an address that names nobody, these tries of an hour are noted.
NOTED = {1, 5, 25, 125, 625, 3125}
FAILED = Limit("failed sign-ins", 1, 3600)
NOBODY = Limit("failed sign-ins of nobody", 100, 3600)


def signed_in(*, user: User, way: str) -> None:
    """Note that `user` signed in, and how: `password`, `password+totp`, `webauthn`, `sso`, `github`, …"""
    _note("user.login", user, by=user, way=way)


def failed(*, user: User | None, way: str, reason: str) -> None:
    """Note a sign-in that failed, `tries` of this hour.

    Reasons: `password`, `too_many`, `suspended`, `second_factor`; of an identity provider or GitHub `provider` (what it
    said is not believed), `away`, `no_role`, `no_verified_email`; of a trusted proxy `not_the_proxy`, `unknown`.

    What was typed where it names nobody is not kept: it may be a password. Nothing is noted while Redis is away.
    """
    address = request_facts.get()[1]
    tries = FAILED.spend(f"user {user.pk}" if user else f"address {address}").used
    if tries not in NOTED or (user is None and NOBODY.spend("all").over):
        return
    token = acting.set("unknown")
    try:
        _note_failed(user, way=way, reason=reason, tries=tries)
    finally:
        acting.reset(token)


@transaction.atomic
def _note_failed(user: User | None, **data: Any) -> None:
    places: list[Enterprise | None] = [*Enterprise.objects.of(user)] if user else []
    for enterprise in places or [None]:
        name = user.login if user else ""
        audit.record("user.failed_login", by=None, enterprise=enterprise, subject=name, **data)


def signed_out(*, user: User) -> None:
    """Note that `user` signed out."""
    _note("user.logout", user, by=user)


def session_ended(*, user: User, address: str) -> None:
    """Note that `user` ended another session of theirs, last seen at `address`."""
    _note("user_session.revoke", user, by=user, address=address)


def second_factor_changed(*, user: User, kind: str, change: str) -> None:
    """Note that a second factor (`totp`, `webauthn`, `recovery_codes`) was `added`, `removed` or `reset`."""
    _note(f"two_factor_authentication.{kind}_{change}", user, by=user)


def password_changed(*, user: User, way: str) -> None:
    """Note that the password of `user` is another: by their `settings`, a link sent by `mail`, or a `command`."""
    _note("user.change_password", user, by=None if way == "command" else user, way=way)


@transaction.atomic
def _note(action: str, user: User, *, by: User | None, **data: Any) -> None:
    places: list[Enterprise | None] = [*Enterprise.objects.of(user)]
    for enterprise in places or [None]:
        audit.record(action, by=by, enterprise=enterprise, subject=user.login, **data)

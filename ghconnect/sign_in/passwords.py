"""Changed passwords: noted in the audit log, whichever page of allauth changed them."""

from __future__ import annotations

from typing import Any

from allauth.account import signals

from ghconnect.usecases import sign_in


def note_changes() -> None:
    """Write an audit event whenever allauth sets, changes or resets a password."""
    signals.password_set.connect(_by_settings, dispatch_uid="ghconnect.password_set")
    signals.password_changed.connect(_by_settings, dispatch_uid="ghconnect.password_changed")
    signals.password_reset.connect(_by_mail, dispatch_uid="ghconnect.password_reset")


def _by_settings(sender: object, **given: Any) -> None:
    sign_in.password_changed(user=given["user"], way="settings")


def _by_mail(sender: object, **given: Any) -> None:
    sign_in.password_changed(user=given["user"], way="mail")

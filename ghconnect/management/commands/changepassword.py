"""Set somebody's password, as Django does, and say so in the audit log."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.management.commands import changepassword

from ghconnect.models import User
from ghconnect.usecases import sign_in


class Command(changepassword.Command):
    """Django's own command; the change is an event. No transaction is open while it waits for somebody to type."""

    def handle(self, *args: Any, **options: Any) -> Any:
        said = super().handle(*args, **options)
        user = User.objects.get(**{User.USERNAME_FIELD: options["username"]})
        sign_in.password_changed(user=user, way="command")
        return said

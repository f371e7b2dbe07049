"""Make an operator, as Django does, and say so in the audit log."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.management.commands import createsuperuser

from ghconnect.models import User
from ghconnect.usecases import access


class Command(createsuperuser.Command):
    """Django's own command; whoever it made is an event. No transaction is open while it waits for somebody to type."""

    def handle(self, *args: Any, **options: Any) -> None:
        newest = User.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
        super().handle(*args, **options)
        for user in User.objects.filter(pk__gt=newest, is_staff=True).order_by("pk"):
            access.note_added(user, None, via="createsuperuser")

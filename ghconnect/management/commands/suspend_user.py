"""Suspend somebody's account: `manage.py suspend_user EMAIL`, and back with --undo."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from ghconnect.usecases import access, suspension


class Command(BaseCommand):
    """Sessions and tokens end at once."""

    help = "Suspend an account: no sign-in, its sessions and tokens end at once. --undo lets the person in again."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("email", help="the email with which the person signs in")
        parser.add_argument("--undo", action="store_true", help="take it back")
        parser.add_argument(
            "--even-sole-owner", action="store_true", help="though an enterprise is left without one"
        )

    def handle(self, *args: Any, email: str, undo: bool, even_sole_owner: bool, **options: Any) -> None:
        try:
            user = suspension.find(email)
            if undo:
                suspension.unsuspend(user=user, by=None)
            else:
                suspension.suspend(user=user, by=None, even_sole_owner=even_sole_owner)
        except access.UnknownPerson:
            raise CommandError(f"Nobody with the email {email!r} is here.") from None
        except suspension.SoleOwner as error:
            raise CommandError(
                f"The only owner of {error}: make somebody else an owner first (manage.py add_owner), or give"
                " --even-sole-owner."
            ) from None
        self.stdout.write(
            f"{user.email} {'can sign in again' if undo else 'is suspended: sessions and tokens ended'}."
        )

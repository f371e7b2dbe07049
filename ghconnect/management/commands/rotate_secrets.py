"""Seal every stored token under the newest key."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from ghconnect.usecases import secrets


class Command(BaseCommand):
    """Safe beside a running console, and to run again."""

    help = (
        "Seal every stored token under the first key of GHCONNECT_SEALING_KEYS. First start everything with "
        "NEW,OLD; then run this; then take OLD away. Stopped in the middle, run it again."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the wish to look first."""
        parser.add_argument("--dry-run", action="store_true", help="say how many would be sealed anew")

    def handle(self, *args: Any, dry_run: bool, **options: Any) -> None:
        """Say how many; fails where a token opens with no key."""
        count, closed = secrets.rotate(dry_run=dry_run)
        self.stdout.write(
            f"{count} token(s) {'would be sealed' if dry_run else 'sealed'} under the newest key."
        )
        if closed:
            raise CommandError(
                f"No key opens what is sealed of {', '.join(closed)}. List the key it was sealed with; a token can be"
                " replaced instead."
            )
        if not dry_run:
            self.stdout.write("The older keys can be taken out of GHCONNECT_SEALING_KEYS.")

"""Forget what is kept no longer."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from licensing.usecases import retention


class Command(BaseCommand):
    """The same happens every night by itself."""

    help = (
        "Delete payload copies, staged rows, run details and alerts that are over, past their time, and blank people "
        "who have held no license for long (GHCONNECT_KEEP_*). Numbers of the past stay. Happens every night by itself."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the wish to look first."""
        parser.add_argument("--dry-run", action="store_true", help="say what would go, change nothing")

    def handle(self, *args: Any, dry_run: bool, **options: Any) -> None:
        """Print one line a table."""
        counts = retention.prune(dry_run=dry_run)
        width = max(map(len, counts))
        for table, count in counts.items():
            self.stdout.write(f"{table:<{width}}  {count:>12,}{' would go' if dry_run else ' gone'}")

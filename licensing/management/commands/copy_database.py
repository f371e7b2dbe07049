"""Move this console from SQLite to PostgreSQL."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from licensing.usecases import copying

FAILED, REFUSED = 1, 2


class Command(BaseCommand):
    """Exit code 0: everything is there and says the same; 1: it was taken back; 2: refused, nothing was written."""

    help = (
        "Copy every table of this console's SQLite into an empty PostgreSQL, and compare both by counts and hashes. "
        "Stop web servers, workers and beat first. "
        "Exit code 0: copied; 1: something differed, the copy was taken back; 2: refused, nothing was written."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Take where to."""
        parser.add_argument(
            "--to",
            required=True,
            metavar="URL",
            help="postgres://user@host/name; libpq takes the password from PGPASSWORD or ~/.pgpass",
        )

    def handle(self, *args: Any, to: str, verbosity: int, **options: Any) -> None:
        """Copy, and say each table that is there."""
        done: list[copying.Copied] = []

        def told(copied: copying.Copied) -> None:
            done.append(copied)
            if verbosity:
                self.stdout.write(f"{copied.table:<45} {copied.rows:>12,} rows, the same")
                self.stdout.flush()

        try:
            copying.copy(to, told)
        except copying.Refused as refused:
            raise CommandError(f"Not copied: {refused}.", returncode=REFUSED) from None
        except copying.NotCopied as failed:
            raise CommandError(f"Not copied, the target is empty: {failed}.", returncode=FAILED) from None
        if verbosity:
            self.stdout.write(f"{len(done)} tables, {sum(each.rows for each in done):,} rows: all the same.")
            self.stdout.write(
                "Set DATABASE_URL to the new database, keep SECRET_KEY and GHCONNECT_SEALING_KEYS."
            )

"""Move this console's data to another database, from SQLite to PostgreSQL."""

from __future__ import annotations

from typing import Any

import environ
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import Error

from licensing.usecases import moving


class Command(BaseCommand):
    """Copies every table into an empty database and compares counts and hashes; stop the console first."""

    help = "Copy all data into the empty database at URL. Stop web, workers and beat first."

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the address of the target."""
        parser.add_argument("--to", required=True, metavar="URL", help="postgres://user:password@host/name")

    def handle(self, *args: Any, to: str, **options: Any) -> None:
        """Copy; exit code 1 with words when nothing was copied."""
        try:
            rows = moving.copy_database(to=dict(environ.Env.db_url_config(to)), say=self.stdout.write)
        except moving.NotEmpty as error:
            raise CommandError(
                f"The target is not empty: {error.table} has rows. Nothing was copied."
            ) from error
        except moving.Differs as error:
            raise CommandError(
                f"{error.table} differs after copying. Nothing was kept in the target."
            ) from error
        except Error as error:
            raise CommandError(
                f"The target could not be written: {error}. Nothing was kept in it."
            ) from error
        self.stdout.write(
            f"{rows} rows copied and compared. Start the console with DATABASE_URL set to the target."
        )

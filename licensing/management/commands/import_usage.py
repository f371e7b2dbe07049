"""Take in a server's file, as Add server usage does."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.dateparse import parse_datetime

from licensing.management.enterprises import server_of
from licensing.models import SyncRun
from licensing.uploads import Problem, problem_words
from licensing.usecases import upload

CHUNK = 1 << 16


class Command(BaseCommand):
    """Exit code 0: taken in (with --wait: published); 1: nothing was changed, with words; 2: wrong arguments."""

    help = "Read a server's users from a file (all_users.csv, ghe-user-csv, JSON of this console) and queue a sync."

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the file, its server and its time."""
        parser.add_argument("file", metavar="FILE", help="- is standard input")
        parser.add_argument("--server", required=True, metavar="HOST")
        parser.add_argument(
            "--enterprise", default="", metavar="SLUG", help="needed where several know the host"
        )
        parser.add_argument(
            "--made-at", default="", metavar="TIME", help="when the file was made, ISO 8601; UTC if no zone"
        )
        parser.add_argument("--wait", action="store_true", help="until a worker has published it")
        parser.add_argument(
            "--patience", type=float, default=600, metavar="SECONDS", help="with --wait (600)"
        )

    def handle(self, *args: Any, file: str, server: str, **options: Any) -> None:
        """Read the file whole, queue a run, and say what was understood."""
        subject = server_of(server, options["enterprise"])
        name = "stdin" if file == "-" else Path(file).name
        try:
            with _open(file) as body:
                received = upload.receive(
                    server=subject,
                    body=self._told(body),
                    file_name=name,
                    by=None,
                    observed_at=_moment(options["made_at"]),
                )
        except OSError as error:
            raise CommandError(f"{file} could not be read: {error.strerror}") from error
        except Problem as error:
            raise CommandError(problem_words(error, name, subject)) from error
        self.stdout.write(
            f"{received.format}: {received.accounts} accounts, {received.suspended} suspended; "
            f"{'queued as' if received.made else 'the same content is on its way as'} {received.run}"
        )
        if options["wait"]:
            self._wait(received.run, options["patience"])

    def _told(self, body: IO[bytes]) -> Iterator[bytes]:
        """Tell a person at a terminal how much was read."""
        size, told = 0, self.stderr.isatty()
        while chunk := body.read(CHUNK):
            yield chunk
            size += len(chunk)
            if told:
                self.stderr.write(f"\r{size / 1e6:.1f} MB", ending="")
        if told:
            self.stderr.write("")

    def _wait(self, run: SyncRun, patience: float) -> None:
        deadline = time.monotonic() + patience
        while run.state in SyncRun.OPEN:
            if time.monotonic() > deadline:
                raise CommandError(f"{run} is {run.state} after {patience:g} s; is a worker running?")
            time.sleep(0.2)
            run.refresh_from_db()
        if run.state not in SyncRun.GOOD:
            raise CommandError(f"{run} ended {run.state}; see its page.")
        self.stdout.write(f"{run} {run.state}")


def _open(file: str) -> IO[bytes]:
    return sys.stdin.buffer if file == "-" else Path(file).open("rb")


def _moment(text: str) -> datetime | None:
    """Read --made-at. Raises CommandError."""
    if not text:
        return None
    try:
        found = parse_datetime(text)
    except ValueError:
        found = None
    if found is None:
        raise CommandError(f'--made-at "{text}" is not a time such as 2026-11-24T06:00:00Z.')
    return found if found.tzinfo else found.replace(tzinfo=UTC)

"""Write consumed licenses as CSV or JSON."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from licensing import bridge, exports, licenses, search
from licensing.management.enterprises import enterprise_of

FORMATS = {"csv": exports.as_csv, "json": exports.as_json}


class Command(BaseCommand):
    """The same file as Download CSV report, for a cron job. Progress goes to the terminal, the file to its place."""

    help = "Write consumed licenses as GitHub's CSV or JSON; exit code 1 with words when that fails."

    def add_arguments(self, parser: CommandParser) -> None:
        """Take format, enterprise, view, search and file."""
        parser.add_argument("--format", choices=FORMATS, required=True)
        parser.add_argument("--enterprise", default="", metavar="SLUG", help="needed where there are several")
        parser.add_argument(
            "--view",
            choices=licenses.VIEWS,
            default="",
            help="whose count: GitHub's (default) or the expected one",
        )
        parser.add_argument("--query", default="", metavar="Q", help="as in the search of the page")
        parser.add_argument(
            "--output", default="-", metavar="FILE", help="replaced when whole; - is standard output"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Write all of it, or leave the file as it was."""
        export = self._export(options)
        parts = self._told(FORMATS[options["format"]](export))
        if options["output"] == "-":
            for part in parts:
                self.stdout.write(part, ending="")
            return
        try:
            replace(Path(options["output"]), parts)
        except OSError as error:
            raise CommandError(f"{options['output']} could not be written: {error.strerror}") from error

    def _export(self, options: dict[str, Any]) -> exports.Export:
        enterprise = enterprise_of(options["enterprise"])
        query = search.parse(options["query"])
        if query.unknown:
            raise CommandError(f"Not known in a search: {', '.join(query.unknown)}")
        by_github = bridge.of(enterprise).by_github
        if options["view"] == licenses.GITHUB and not by_github:
            raise CommandError(
                "GitHub's count is not available: the enterprise has no token. Use --view expected."
            )
        default = licenses.GITHUB if by_github else licenses.EXPECTED
        return exports.Export(enterprise, options["view"] or default, query, options["query"])

    def _told(self, parts: Iterator[str]) -> Iterator[str]:
        """Tell a person at a terminal how far it is."""
        size, told = 0, self.stderr.isatty()
        for part in parts:
            yield part
            size += len(part)
            if told:
                self.stderr.write(f"\r{size / 1e6:.1f} MB", ending="")
        if told:
            self.stderr.write("")


def replace(path: Path, parts: Iterator[str]) -> None:
    """Write beside `path` and put it there when it is whole; only its owner may read it, since people are in it."""
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8", newline="") as file:
            file.writelines(parts)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise

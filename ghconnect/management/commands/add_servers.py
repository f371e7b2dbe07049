"""Add many servers from a CSV file."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from ghconnect.models import Enterprise, Server
from ghconnect.usecases import hosts, servers

COLUMNS = {"host", "way_in", "token", "ca_bundle", "web_url"}
WORDS: dict[type[Exception], str] = {
    servers.AlreadyAdded: "is here already",
    servers.BadHost: "is not a host name",
    servers.BadToken: "token: not a token at all",
    servers.BadValue: "a value that cannot be",
}
REFUSED: tuple[type[Exception], ...] = (*WORDS, OSError, UnicodeError)


class Command(BaseCommand):
    """Good lines are added, bad ones named; run again with the same file, those here already are left alone."""

    help = (
        "Add servers from a CSV file with a header: host (required), way_in (pull, push or upload; default upload), "
        "token, ca_bundle (a path), web_url. A pulled server is checked at once. Keep a file with tokens secret."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the file and the enterprise."""
        parser.add_argument("file", type=Path, metavar="FILE.csv")
        parser.add_argument("--enterprise", required=True, metavar="SLUG")
        parser.add_argument("--dry-run", action="store_true", help="say what would be added, call nobody")

    def handle(self, *args: Any, file: Path, enterprise: str, dry_run: bool, **options: Any) -> None:
        """Say each line; exit code 1 if one is bad."""
        found = Enterprise.objects.filter(slug=enterprise).first()
        if found is None:
            raise CommandError(f"There is no enterprise {enterprise} here.")
        bad, seen = 0, set[str]()
        for number, row in self._rows(file):
            try:
                self.stdout.write(f"line {number}: {self._one(found, row, seen, dry_run)}")
            except REFUSED as error:
                bad += 1
                field = f" ({error.field})" if isinstance(error, servers.BadValue) else ""
                words = WORDS.get(type(error), f"{row['ca_bundle']} cannot be read")
                self.stderr.write(f"line {number}: {row['host']!r} {words}{field}")
        if bad:
            raise CommandError(f"{bad} line(s) were not added.")

    def _rows(self, file: Path) -> list[tuple[int, dict[str, str]]]:
        try:
            with file.open(newline="", encoding="utf-8-sig") as opened:
                reader = csv.DictReader(opened, strict=True, restkey="")
                names = {name.strip() for name in reader.fieldnames or []}
                if "host" not in names or names - COLUMNS:
                    raise CommandError(
                        f"{file}, line 1: columns are {', '.join(sorted(COLUMNS))}; host must be one."
                    )
                rows = [
                    (reader.line_num, {k.strip(): str(v or "").strip() for k, v in row.items()})
                    for row in reader
                ]
        except (OSError, UnicodeError, csv.Error) as error:
            raise CommandError(f"{file} cannot be read as CSV: {error}") from None
        return [(number, dict.fromkeys(COLUMNS, "") | row) for number, row in rows]

    def _one(self, enterprise: Enterprise, row: dict[str, str], seen: set[str], dry_run: bool) -> str:
        values = {
            "way_in": row["way_in"] or Server.WayIn.UPLOAD,
            "ca_bundle": Path(row["ca_bundle"]).read_text() if row["ca_bundle"] else "",
            "web_url": row["web_url"],
        }
        host = hosts.of_server(row["host"])
        if dry_run:
            servers.valid_new(enterprise=enterprise, host=host, token=row["token"], **values)
            if host in seen:
                raise servers.AlreadyAdded
            seen.add(host)
            return f"{host} would be added ({values['way_in']})"
        made = servers.add(enterprise=enterprise, token=row["token"], host=host, by=None, **values)
        failed = next((check for check in made.checks if check.get("ok") is False), None)
        return f"{host} added" + (f"; its check failed at {failed['key']}" if failed else "")

"""Count everything again from the rows."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from ghconnect.models import Enterprise
from licensing import numbers
from licensing.management.enterprises import enterprise_of


class Command(BaseCommand):
    """Exit code 0 when all counts agree, 1 when two disagree."""

    help = "Count licenses, people, accounts and the bridge again from the rows; exit code 1 when two counts differ."

    def add_arguments(self, parser: CommandParser) -> None:
        """Take one enterprise, or all."""
        parser.add_argument("--enterprise", default="", metavar="SLUG", help="this enterprise alone")

    def handle(self, *args: Any, enterprise: str, verbosity: int, **options: Any) -> None:
        """Say each count that disagrees; with the usual verbosity also those that agree."""
        wrong = 0
        some = [enterprise_of(enterprise)] if enterprise else Enterprise.objects.order_by("slug")
        for one in some:
            for finding in numbers.recount(one):
                wrong += not finding.agrees
                self._say(one, finding, verbosity)
        if wrong:
            raise CommandError(
                f"{wrong} counts differ from their rows. Numbers on pages cannot be relied on."
            )
        if verbosity:
            self.stdout.write("All numbers agree with their rows.")

    def _say(self, enterprise: Enterprise, finding: numbers.Finding, verbosity: int) -> None:
        if not finding.agrees:
            told = f"differs  {enterprise.slug}: {finding.what}: {finding.told}, by the rows {finding.found}"
            self.stdout.write(self.style.ERROR(told))
        elif verbosity:
            self.stdout.write(f"agrees   {enterprise.slug}: {finding.what}: {finding.found}")

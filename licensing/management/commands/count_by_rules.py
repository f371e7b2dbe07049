"""Let the rules of this release release licenses."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from licensing.management.enterprises import enterprise_of
from licensing.usecases import recounts


class Command(BaseCommand):
    """A release that changes a rule decides everybody again; one that takes many licenses away waits for this."""

    help = "Lets the rules of this release decide everybody again where they would release many licenses."

    def add_arguments(self, parser: CommandParser) -> None:
        """Take one enterprise."""
        parser.add_argument("--enterprise", default="", metavar="SLUG", help="which, where there are several")

    def handle(self, *args: Any, enterprise: str, **options: Any) -> None:
        """Say whether anything waited for it."""
        waited = recounts.let_rules(enterprise=enterprise_of(enterprise))
        self.stdout.write(
            "A worker decides everybody within a minute." if waited else "Nothing waits for this."
        )

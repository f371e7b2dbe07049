"""Say whether everything the console needs is there."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from ghconnect.usecases import doctor


class Command(BaseCommand):
    """Exit code 0: well, perhaps with warnings; 1: something failed. Nothing secret is printed."""

    help = (
        "Look at settings, database, migrations, broker, worker, dispatcher, disk, sealing key, and the way to each "
        "host. One line each, to copy into a ticket; exit code 1 when something failed."
    )
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the form of the answer."""
        parser.add_argument("--json", action="store_true", help="one JSON array")

    def handle(self, *args: Any, **options: Any) -> None:
        """Print each finding as it comes."""
        found = []
        for finding in doctor.examine():
            found.append(finding)
            if not options["json"]:
                self.stdout.write(f"{finding.state:<8} {finding.name}: {finding.words}")
        if options["json"]:
            self.stdout.write(json.dumps([asdict(finding) for finding in found], indent=1))
        sys.exit(any(finding.state == doctor.FAILED for finding in found))

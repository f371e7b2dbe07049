"""Fill this console with the sandbox's pretend enterprise."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import requests
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from licensing.usecases import sandbox_estate


class Command(BaseCommand):
    """Adds people, enterprise and servers once, and reads them; a worker must be running."""

    help = "Fill this console with the pretend enterprise of the sandbox at GHCONNECT_SANDBOX_URL."

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the file with the passwords of mona and finn."""
        parser.add_argument("--passwords", type=Path, required=True, help="JSON file: login → password")

    def handle(self, *args: Any, passwords: Path, **options: Any) -> None:
        """Load the estate; exit code 1 with words when that fails."""
        if not settings.GHCONNECT_SANDBOX_URL:
            raise CommandError("GHCONNECT_SANDBOX_URL is not set; `make run` sets it and starts the sandbox.")
        try:
            sandbox_estate.load(passwords=json.loads(passwords.read_text()), say=self.stdout.write)
        except (sandbox_estate.NotLoaded, requests.RequestException) as error:
            raise CommandError(f"The sandbox could not be loaded: {error}") from error

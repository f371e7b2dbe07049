"""Makes a person an owner of an enterprise: `manage.py add_owner --enterprise SLUG --email ADDRESS`."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.core.validators import validate_email

from ghconnect.usecases import access


class Command(BaseCommand):
    """Adds the first owner, or another one when nobody can sign in any more."""

    help = "Make a person an owner of an enterprise; makes the user where there is none yet."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--enterprise", required=True, metavar="SLUG", help="the enterprise in this console"
        )
        parser.add_argument("--email", required=True, help="the person's email, with which they sign in")
        parser.add_argument("--login", default="", help="short name of a new user (default: from the email)")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            validate_email(options["email"])
            made = access.add_owner(
                slug=options["enterprise"], email=options["email"], login=options["login"]
            )
        except ValidationError:
            raise CommandError(f"{options['email']!r} is not an email address.") from None
        except access.UnknownEnterprise:
            raise CommandError(f"There is no enterprise {options['enterprise']!r} in this console.") from None
        self.stdout.write(f"{made.user.email} is an owner of {options['enterprise']}.")
        if made.password:
            self.stdout.write(f"First password, shown only now: {made.password}")

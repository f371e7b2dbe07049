"""Makes, lists and revokes tokens for scripts: `manage.py access_token create --enterprise SLUG --scope …`."""

from __future__ import annotations

import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db.models import QuerySet

from ghconnect.models import AccessToken, Enterprise, User
from ghconnect.usecases import access_tokens


class Command(BaseCommand):
    """For whoever has a shell of the console, and for automation: only the text is printed to standard output."""

    help = "Create a token (its text alone is printed, this once), list tokens, or revoke one."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """Take what to do, and with what."""
        parser.add_argument("deed", choices=["create", "list", "revoke"])
        parser.add_argument(
            "token", nargs="?", default="", help="revoke: how the token begins, as list shows it"
        )
        parser.add_argument("--enterprise", required=True, metavar="SLUG")
        parser.add_argument("--name", default="script")
        parser.add_argument("--scope", action="append", choices=AccessToken.Scope.values, default=[])
        parser.add_argument("--host", default="", help="the server, for write:usage")
        parser.add_argument("--days", type=int, default=access_tokens.LIFETIMES[0])
        parser.add_argument(
            "--as", dest="login", default="", help="whose it is: it may do what their role may"
        )

    def handle(self, *args: Any, deed: str, **options: Any) -> None:
        """Do it; exit code 1 and words where that cannot be."""
        enterprise = Enterprise.objects.filter(slug=options["enterprise"]).first()
        if enterprise is None:
            raise CommandError(f"There is no enterprise {options['enterprise']!r} in this console.")
        getattr(self, f"_{deed}")(enterprise, options)

    def _create(self, enterprise: Enterprise, options: dict[str, Any]) -> None:
        server = enterprise.servers.filter(host=options["host"].lower()).first()
        if options["host"] and server is None:
            raise CommandError(f"{enterprise.slug} has no server {options['host']}.")
        try:
            token, text = access_tokens.create(
                enterprise=enterprise,
                name=options["name"],
                scopes=options["scope"],
                server=server,
                days=options["days"],
                by=self._maker(options["login"]),
            )
        except access_tokens.BadToken:
            words = "Give --scope; write:usage alone and with --host; --days up to 365; and no more than --as may do."
            raise CommandError(words) from None
        sys.stderr.write(f"{token}: good until {token.expires_at:%Y-%m-%d}; shown this once.\n")
        self.stdout.write(text)

    def _maker(self, login: str) -> User | None:
        if not login:
            return None
        user = User.objects.filter(login=login).first()
        if user is None:
            raise CommandError(f"Nobody here is called {login!r}.")
        return user

    def _list(self, enterprise: Enterprise, options: dict[str, Any]) -> None:
        for token in self._live(enterprise).select_related("server").order_by("id"):
            used = (
                f"{token.last_used_at:%Y-%m-%d %H:%M} {token.last_used_address}"
                if token.last_used_at
                else "never"
            )
            host = f" of {token.server.host}" if token.server else ""
            scopes = ",".join(token.scopes)
            self.stdout.write(
                f"{token.shown}…  {token.name}  {scopes}{host}  by {token.created_by_login}  used {used}"
                f"  until {token.expires_at:%Y-%m-%d}"
            )

    def _revoke(self, enterprise: Enterprise, options: dict[str, Any]) -> None:
        wanted = options["token"].rstrip("…")
        found = list(self._live(enterprise).filter(shown=wanted))
        if len(found) != 1:
            raise CommandError(f"{len(found)} tokens begin with {wanted!r}.")
        access_tokens.revoke(token=found[0], by=None)
        self.stdout.write(f"{found[0]} is revoked.")

    def _live(self, enterprise: Enterprise) -> QuerySet[AccessToken]:
        return AccessToken.objects.filter(enterprise=enterprise, revoked_at=None)

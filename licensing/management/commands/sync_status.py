"""Say the state of both clocks of every server, for a person and for a cron job."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from ghconnect.models import Enterprise
from licensing import attention, backlog, bridge, clocks
from licensing.management.enterprises import enterprise_of, server_of
from licensing.usecases import attention as refresh

OK, ATTENTION, WRONG = 0, 1, 2


class Command(BaseCommand):
    """Exit code 0: nothing needs anybody; 1: something does; 2: wrong arguments."""

    help = (
        "Say the state of both clocks of every server, this console's and GitHub's, and what needs attention. "
        "Exit code 0: nothing does; 1: something does; 2: wrong arguments."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Take hosts and the form of the answer."""
        parser.add_argument("hosts", nargs="*", metavar="HOST", help="a host name, or the first label of it")
        parser.add_argument("--enterprise", default="", metavar="SLUG")
        parser.add_argument("--json", action="store_true", help="one JSON object")

    def handle(self, *args: Any, hosts: list[str], enterprise: str, **options: Any) -> None:
        """Print what there is; --verbosity 0 leaves the exit code alone to tell."""
        found = [self._status(each, wanted) for each, wanted in self._wanted(hosts, enterprise).items()]
        if options["json"]:
            self.stdout.write(json.dumps({"enterprises": found}, ensure_ascii=False, indent=1))
        elif options["verbosity"]:
            for each in found:
                self._print(each)
        sys.exit(ATTENTION if any(each["attention"] for each in found) else OK)

    def _wanted(self, hosts: list[str], slug: str) -> dict[Enterprise, set[str]]:
        """Return the enterprises asked for, each with the hosts asked for; an empty set is all of them."""
        try:
            if not hosts:
                some = [enterprise_of(slug)] if slug else list(Enterprise.objects.order_by("slug"))
                return {each: set() for each in some}
            wanted: dict[Enterprise, set[str]] = {}
            for server in [server_of(host, slug) for host in hosts]:
                wanted.setdefault(server.enterprise, set()).add(server.host)
        except CommandError as error:
            raise CommandError(str(error), returncode=WRONG) from None
        return wanted

    def _status(self, enterprise: Enterprise, hosts: set[str]) -> dict[str, Any]:
        servers = clocks.of(enterprise)
        unknown = clocks.known_to_github_only(enterprise)
        numbers = bridge.of(enterprise)
        refresh.refresh(enterprise=enterprise)  # so that it is right where no worker runs
        items = attention.shown(enterprise, servers, owner=True)
        return {
            "enterprise": enterprise.slug,
            "counted_by_github": numbers.counted,
            "expected": numbers.expected,
            "backlog": asdict(backlog.of(enterprise)),
            "servers": [_server(each) for each in servers if not hosts or each.server.host in hosts],
            "known_to_github_only": [] if hosts else [each.host for each in unknown],
            "attention": [
                {"subject": item.subject, "key": item.key, "words": item.what}
                for item in items
                if not hosts or item.subject in hosts
            ],
        }

    def _print(self, status: dict[str, Any]) -> None:
        counted = status["counted_by_github"]
        count = f"{counted:,} licenses counted by GitHub, " if counted is not None else ""
        self.stdout.write(f"{status['enterprise']}: {count}{status['expected']:,} expected")
        waits = status["backlog"]
        if waits["queued"] or waits["alerts"]:
            age = round(waits["oldest_seconds"])
            self.stdout.write(
                f"  waiting: {waits['queued']} syncs, the oldest for {age} s; {waits['alerts']} alerts"
            )
        width = max((len(server["host"]) for server in status["servers"]), default=0)
        for server in status["servers"]:
            state = f"{server['console']['label']} {server['console']['age']}".strip()
            self.stdout.write(
                f"  {server['host']:<{width}}  {state:<24}  GitHub: {server['github']['label']}"
            )
        for host in status["known_to_github_only"]:
            self.stdout.write(f"  {host}  not in this console")
        for item in status["attention"]:
            self.stdout.write(f"! {item['subject'] or status['enterprise']}: {item['words']}")


def _server(each: clocks.Clocks) -> dict[str, Any]:
    return {
        "host": each.server.host,
        "connected": each.connected,
        "enabled": each.enabled,
        "console": {"state": each.console.key, "label": each.console.label, "age": each.console.age},
        "github": {"state": each.github.key, "label": each.github.label},
        "failures": each.facts.attempts,
        "failing_since": each.facts.failing_since.isoformat() if each.facts.failing_since else None,
        "data_of": each.facts.picture_at.isoformat() if each.facts.picture_at else None,
    }

"""Read servers now, as Sync now does."""

from __future__ import annotations

import sys
import time
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from ghconnect.models import Server
from licensing import progress, showing, sides
from licensing.management.enterprises import enterprise_of, server_of
from licensing.models import SyncRun
from licensing.usecases import runs

OK, FAILED, WRONG, HELD, IMPATIENT = 0, 1, 2, 3, 4
REFUSED = {"connect_off": "GitHub Connect is not enabled", "sync_disabled": "license sync is Disabled"}
PAUSE = 0.5


class Command(BaseCommand):
    """Exit code 0: requested (with --wait: read); 1: refused or failed; 2: wrong arguments; 3: held; 4: not over."""

    help = (
        "Read servers now, as Sync now does. Without HOST: every server whose license sync is Enabled. "
        "Exit code 0: requested, or with --wait read and published; 1: one was refused or failed; 2: wrong arguments; "
        "3: one is held for an owner; 4: one is not over yet."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Take hosts, and whether and how long to wait."""
        parser.add_argument("hosts", nargs="*", metavar="HOST", help="a host name, or the first label of it")
        parser.add_argument("--enterprise", default="", metavar="SLUG")
        parser.add_argument("--wait", action="store_true", help="until workers have read them, with progress")
        parser.add_argument(
            "--patience", type=float, default=3600, metavar="SECONDS", help="with --wait (3600)"
        )

    def handle(self, *args: Any, hosts: list[str], enterprise: str, **options: Any) -> None:
        """Request a run for each server, and wait for all of them where that is asked."""
        self.quiet = options["verbosity"] == 0
        requested = [(server, self._request(server)) for server in self._servers(hosts, enterprise)]
        code = FAILED if any(run is None for _, run in requested) else OK
        if options["wait"]:
            open_runs = {run.pk: server for server, run in requested if run is not None}
            code = self._worst([code, *self._wait(open_runs, time.monotonic() + options["patience"])])
        sys.exit(code)

    def _servers(self, hosts: list[str], enterprise: str) -> list[Server]:
        try:
            if hosts:
                return [server_of(host, enterprise) for host in dict.fromkeys(hosts)]
            servers = Server.objects.select_related("enterprise").order_by("enterprise__slug", "host")
            servers = servers.filter(connection__features__key=runs.KEY, way_in=Server.WayIn.PULL)
            return list(servers.filter(enterprise=enterprise_of(enterprise)) if enterprise else servers)
        except CommandError as error:
            raise CommandError(str(error), returncode=WRONG) from None

    def _request(self, server: Server) -> SyncRun | None:
        if server.way_in != Server.WayIn.PULL:
            self.stderr.write(f"{server.host}: refused, this console takes its file and does not read it")
            return None
        try:
            run = runs.request(subject=server, trigger=SyncRun.Trigger.MANUAL)
        except runs.GateClosed as closed:
            self.stderr.write(f"{server.host}: refused, {REFUSED[closed.reason]}")
            return None
        self._say(f"{run}: {run.get_state_display().lower()}")
        return run

    def _wait(self, servers: dict[int, Server], deadline: float) -> list[int]:
        """Say what moves until nothing is open any more; returns an exit code for each run."""
        said: dict[int, str] = {}
        codes: dict[int, int] = {}
        while len(codes) < len(servers):
            for run in SyncRun.objects.filter(pk__in=servers.keys() - codes.keys()):
                run.server, run.enterprise = servers[run.pk], servers[run.pk].enterprise
                if run.state not in SyncRun.OPEN:
                    codes[run.pk] = self._over(run)
                elif (words := moving(run)) != said.get(run.pk):
                    said[run.pk] = words
                    self._say(f"{run}: {words}")
            if time.monotonic() > deadline:
                self.stderr.write(f"{len(servers) - len(codes)} not over yet; a worker goes on with them")
                return [*codes.values(), IMPATIENT]
            time.sleep(PAUSE)
        return list(codes.values())

    def _over(self, run: SyncRun) -> int:
        """Say how a run ended: good news to standard output, the rest to standard error."""
        if run.state in SyncRun.GOOD:
            counts = f"{run.fetched:,} accounts, {showing.compared(run)}, {showing.took(run)}"
            self._say(f"{run}: {run.get_state_display().lower()}, {counts}")
            return OK
        words = showing.note(run) or run.get_state_display().lower()
        self.stderr.write(f"{run}: {words}")
        return HELD if run.state == SyncRun.State.HELD else FAILED

    def _say(self, line: str) -> None:
        if not self.quiet:
            self.stdout.write(line)

    def _worst(self, codes: list[int]) -> int:
        return next((code for code in (FAILED, HELD, IMPATIENT) if code in codes), OK)


def moving(run: SyncRun) -> str:
    """Say what an open run does, in one line."""
    if run.state == SyncRun.State.WAITING:
        return sides.trouble_words(run, None) if run.error_key else "waiting"
    return progress.moving_words(run)

"""The storyline estate in a database of its own, loaded by the real use case without a worker."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from celery import current_app
from django.test import Client

from ghconnect.models import Enterprise, User
from licensing.models import Edition, SyncRun
from licensing.usecases import attention, github_status, runs, sandbox_clock, sandbox_estate, schedule, sync
from tests.support import stack as stacks
from tests.support.sandbox import Sandbox

PASSWORDS = {"mona": "plum-otter-41", "finn": "warm-cedar-07"}


@dataclass
class Storyline:
    """Pretend GitHub and the enterprise read from it; everything a worker would do is done here."""

    sandbox: Sandbox

    @property
    def enterprise(self) -> Enterprise:
        """The enterprise as it is now; started again it is another row."""
        return Enterprise.objects.get(sandbox=True)

    def client(self, login: str = "mona") -> Client:
        """Return somebody's browser, signed in."""
        client = Client()
        client.force_login(User.objects.get(login=login))
        return client

    def tick(self) -> None:
        """Do what the dispatcher does at each beat, and GitHub's sync status, and perform what comes of it."""
        sandbox_clock.follow()
        schedule.dispatch()
        github_status.watch(enterprise_id=self.enterprise.pk)
        self.work()

    def work(self) -> None:
        """Perform runs until none can be taken."""
        while ids := runs.sendable():
            for run_id in ids:
                sync.perform(run_id=run_id)
        attention.refresh_ids()

    def press(self, deed: str, **arguments: Any) -> None:
        """Press a button of pretend GitHub, then let the console notice."""
        self.sandbox.post_control(deed, **arguments)
        self.tick()

    def totals(self) -> list[dict[str, Any]]:
        """Return the totals of every edition, the oldest first."""
        rows = Edition.objects.filter(enterprise=self.enterprise).order_by("number")
        return list(rows.values_list("totals", flat=True))

    def open_runs(self) -> int:
        """Return how many runs are not over."""
        return SyncRun.objects.filter(enterprise=self.enterprise, state__in=SyncRun.OPEN).count()


@contextmanager
def loaded(folder: Path, name: str) -> Iterator[Storyline]:
    """Load it into a fresh database while the context lasts; a broker must be running."""
    with Sandbox(folder / name) as sandbox, stacks.own_database(folder, name), stacks.knowing(sandbox):
        sandbox_estate.load(passwords=PASSWORDS, say=lambda words: None, alone=True)
        yield Storyline(sandbox)
        # Nobody heard these bells; the stack's worker, which looks at another database, shall not either.
        current_app.control.purge()

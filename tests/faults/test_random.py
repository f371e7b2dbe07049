"""Trouble of every kind the sandbox knows, in random sequences, between people, syncs, switches and deaths."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable
from typing import Any, ClassVar

import pytest
from django.utils import timezone
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from ghconnect.models import Connection, Enterprise, Server
from ghconnect.sandbox import trouble
from ghconnect.usecases import connect, features
from licensing.models import Account, Edition, Person, RowAccount, Seat, SyncRun
from licensing.usecases import held, runs
from tests.faults import promise, tally
from tests.faults.console import RECOVERY, Console, ask, enterprise_with_token, give_back
from tests.faults.test_kills import POINTS
from tests.integration.engine import drive
from tests.support.stack import eventually

pytestmark = pytest.mark.timeout(1200)
State = SyncRun.State
SHORTS = ("osaka", "nagoya")
# `slow` waits for a time-out each time; the way of `accepted` is a wait like any other.
KINDS = sorted(set(trouble.KINDS) - {"slow"})
LASTING = sorted(trouble.CHANGES)
_numbers = itertools.count(1)


class Machine(RuleBasedStateMachine):
    """One enterprise with a cloud side and two servers; `was` is what stood before a step that may publish nothing."""

    console: Console
    line: tally.Line
    said: ClassVar[list[str]] = []

    @initialize()
    def begin(self) -> None:
        self.console.sandbox.post_control("reset")
        self.console.sandbox.post_control("repair")  # the storyline begins with a token that is revoked
        self.of = enterprise_with_token(self.console)
        self.servers = {short: self.console.connect(self.of, short) for short in SHORTS}
        self.read = {short: set[int]() for short in SHORTS}
        for short in SHORTS:
            self.settle(short, SyncRun.objects.get(server=self.servers[short]))
        self.settle_cloud()

    # --- what people do

    @rule(short=st.sampled_from(SHORTS))
    def somebody_joins(self, short: str) -> None:
        number = next(_numbers)
        facts = {"login": f"r-{number}", "email": f"r-{number}@octo-corp.example"}
        self.console.sandbox.post_control("add-account", host=short, **facts)

    @rule(short=st.sampled_from(SHORTS), pick=st.integers(0, 999))
    def somebody_changes_their_address(self, short: str, pick: int) -> None:
        logins = sorted(self.logins(short))
        assert logins, f"nobody of {short} was read at first"
        login = logins[pick % len(logins)]
        email = f"{login}-{next(_numbers)}@octo-corp.example"
        self.console.sandbox.post_control("change-email", host=short, login=login, email=email)

    @rule(short=st.sampled_from(SHORTS))
    def the_server_syncs_with_github(self, short: str) -> None:
        self.console.sandbox.post_control("sync-now", host=short)

    @rule(short=st.sampled_from(SHORTS))
    def the_feature_is_switched(self, short: str) -> None:
        server = self.fresh(short)
        if not Connection.objects.filter(server=server).exists():
            return
        enabled = Connection.objects.filter(server=server, features__key=runs.KEY).exists()
        features.switch(server=server, key=runs.KEY, enabled=not enabled, by=None)
        self.settle_open(short)

    @rule(short=st.sampled_from(SHORTS))
    def connect_is_switched(self, short: str) -> None:
        server = self.fresh(short)
        if Connection.objects.filter(server=server).exists():
            connect.disable(server=server, by=None)
        else:
            connect.enable(server=server, by=None)
            features.switch(server=server, key=runs.KEY, enabled=True, by=None)
        self.settle_open(short)

    # --- what goes wrong

    @rule(
        host=st.sampled_from([*SHORTS, "ghec"]),
        kind=st.sampled_from(KINDS),
        times=st.sampled_from([1, 3, None]),
    )
    def trouble(self, host: str, kind: str, times: int | None) -> None:
        self.console.sandbox.post_control("break", host=host, kind=kind, times=times)

    @rule(host=st.sampled_from(SHORTS), kind=st.sampled_from(LASTING))
    def something_lasting_changes(self, host: str, kind: str) -> None:
        self.console.sandbox.post_control("break", host=host, kind=kind)

    @rule()
    def repair(self) -> None:
        self.console.sandbox.post_control("repair")

    @rule(point=st.sampled_from(POINTS), deed=st.sampled_from(["kill", "kill", "crash"]))
    def somebody_will_die(self, point: str, deed: str) -> None:
        self.console.arm(f"{deed}={point}")

    # --- what the console does

    @rule(short=st.sampled_from(SHORTS))
    def sync(self, short: str) -> None:
        try:
            run = ask(self.fresh(short))
        except runs.GateClosed:
            return
        self.settle(short, run)

    @rule()
    def refresh(self) -> None:
        self.settle_cloud()

    def fresh(self, short: str) -> Server:
        return Server.objects.select_related("enterprise").get(pk=self.servers[short].pk)

    def logins(self, short: str) -> set[str]:
        server = self.servers[short]
        found = Account.objects.filter(server=server, ended_edition=None, suspended=False)
        return set(found.exclude(key="").values_list("login", flat=True)) - {"scim-admin"}

    def settle_open(self, short: str) -> None:
        for run in SyncRun.objects.filter(server=self.servers[short], state__in=SyncRun.OPEN):
            self.settle(short, run)

    def settle(self, short: str, run: SyncRun) -> None:
        """Let it end or wait; nothing but a publication changes what stands."""
        edition, before = self.edition(), self.standing()
        over = came_to_rest(run)
        self.console.revive()
        if run.state in SyncRun.GOOD:
            self.line.add(tried=0, wrong=self.misread(short))
        elif self.standing() != before and not self.others_published(run, edition):
            self.said.append(f"changed by {facts(run)}")
            self.line.add(tried=0, wrong=1)
        if not over:
            self.said.append(f"stuck {facts(run)}")
        self.line.add(stuck=not over)

    def others_published(self, run: SyncRun, since: int) -> bool:
        """Whether all that was published since an edition is of other runs: GitHub's report is read by itself."""
        found = list(
            Edition.objects.filter(enterprise=self.of, number__gt=since).values_list("run_id", flat=True)
        )
        return bool(found) and run.pk not in found

    def settle_cloud(self) -> None:
        run = runs.request(subject=self.of, trigger=SyncRun.Trigger.MANUAL)
        over = came_to_rest(run)
        self.console.revive()
        if not over:
            self.said.append(f"stuck {facts(run)}")
        self.line.add(stuck=not over)

    def standing(self) -> tuple[Any, ...]:
        """What people count by: who has a license, and who is whose."""
        live = Account.objects.filter(enterprise=self.of, ended_edition=None)
        return (
            set(live.values_list("pk", "person_id", "consumes")),
            set(Seat.objects.filter(enterprise=self.of, to_edition=None).values_list("person_id", flat=True)),
        )

    # --- the promise

    @invariant()
    def nothing_is_lost_or_doubled(self) -> None:
        if not hasattr(self, "of") or not Edition.objects.filter(enterprise=self.of).exists():
            return
        wrong = self.at_one_edition(lambda: self.unsound() + self.joins_undone())
        wrong += sum(map(self.misread, self.servers))
        self.line.add(tried=0, doubled=promise.doubled(self.of), wrong=wrong)

    def at_one_edition(self, look: Callable[[], int]) -> int:
        """Look until nothing was published meanwhile: GitHub's report is read by itself when its date moves."""
        while True:
            before, said = self.edition(), len(self.said)
            found = look()
            if self.edition() == before:
                return found
            del self.said[said:]

    def edition(self) -> int:
        return Enterprise.objects.get(pk=self.of.pk).edition

    def misread(self, short: str) -> int:
        """Count accounts that were there and are not, and accounts that pretend GitHub does not have.

        In this machine people only join. Who joined last may be missing: a run that waited brings what it had read.
        """
        live = self.live(short)
        off = (self.read[short] - live) | (live - self.console.accounts(short).keys())
        self.read[short] = live
        return self.told(f"{short} lost or made up", off)

    def told(self, what: str, off: set[int]) -> int:
        if off:
            self.said.append(f"{what}: {sorted(off)}")
        return len(off)

    def live(self, short: str) -> set[int]:
        found = Account.objects.filter(server=self.servers[short], ended_edition=None)
        return set(found.values_list("remote_user_id", flat=True))

    def unsound(self) -> int:
        """1 where the sums, seats and spans of the edition do not fit; said at the end, as no step is like another."""
        try:
            drive.assert_sound(self.of)
        except AssertionError as problem:
            self.said.append(str(problem)[:500])
            return 1
        return 0

    def joins_undone(self) -> int:
        """Count accounts that a valid row of GitHub joins to a cloud account, and that are somebody else's here."""
        rows = RowAccount.objects.filter(enterprise=self.of, row__cloud_account__ended_edition=None)
        count = 0
        for server_id, number, cloud_id in rows.exclude(row__cloud_account=None).values_list(
            "server_id", "remote_user_id", "row__cloud_account_id"
        ):
            live = Account.objects.filter(
                server_id=server_id, remote_user_id=number, ended_edition=None, row_valid=True
            )
            person = Person.objects.filter(pk__in=live.values("person_id"))
            count += person.exclude(cloud_account_id=cloud_id).exists()
        if count:
            self.said.append(f"{count} joins undone")
        return count

    def teardown(self) -> None:
        """When the trouble is over everything becomes good, and no run is left."""
        if not hasattr(self, "of"):
            return
        self.console.fault.unlink(missing_ok=True)
        self.console.sandbox.post_control("repair")
        self.console.revive()
        for short in SHORTS:
            if Connection.objects.filter(server=self.servers[short], features__key=runs.KEY).exists():
                self.becomes_good(self.fresh(short))
                self.becomes_good(self.fresh(short))  # the first may have waited with what it read before
                off = self.console.accounts(short).keys() ^ self.live(short)
                self.line.add(tried=0, wrong=self.told(f"{short} not as it is in the end", off))
        self.becomes_good(self.of)
        self.line.add(tried=0, stuck=promise.stuck(self.of))
        self.nothing_is_lost_or_doubled()
        self.leave()

    def becomes_good(self, subject: Server | Enterprise) -> None:
        """Somebody presses until it is: a run that was asked for before the repair may still wait for its time."""
        end = time.monotonic() + 3 * RECOVERY
        run = runs.request(subject=subject, trigger=SyncRun.Trigger.MANUAL)
        while not came_to_rest(run) or run.state == State.WAITING:
            if time.monotonic() > end:
                break
            run = runs.request(subject=subject, trigger=SyncRun.Trigger.MANUAL)
        if run.state == State.HELD:
            held.publish(run=run, by=None, removes=held.removed(run))
        good = promise.over(run, within=RECOVERY)
        if not good:
            self.said.append(f"lost {facts(run)}")
        self.line.add(tried=0, lost=not good)

    def leave(self) -> None:
        """Give the name of pretend GitHub's enterprise to the next."""
        give_back(self.of)
        for server in self.servers.values():
            if Connection.objects.filter(server=server).exists():
                connect.disable(server=Server.objects.select_related("enterprise").get(pk=server.pk), by=None)
        del self.of


def facts(run: SyncRun) -> str:
    """How a run stands, for whoever reads why it is counted."""
    run.refresh_from_db()
    names = (
        "state",
        "step",
        "attempt",
        "takeovers",
        "failures",
        "error_key",
        "error_params",
        "resume_at",
        "lease_until",
    )
    return f"{run} {timezone.now():%H:%M:%S} " + " ".join(f"{name}={getattr(run, name)}" for name in names)


def came_to_rest(run: SyncRun) -> bool:
    """Wait until the run is over, or waits for a time that is still to come."""

    def rests() -> bool:
        run.refresh_from_db()
        if run.state == State.WAITING:
            return run.resume_at is not None and run.resume_at > timezone.now()
        return run.state not in SyncRun.OPEN

    try:
        return bool(eventually(rests, within=3 * RECOVERY))
    except AssertionError:
        return False


def test_random_sequences(console: Console) -> None:
    """A first sync, then steps in any order; each step of a sync is a real one, by workers that may die."""
    Machine.console, Machine.line = (
        console,
        tally.line("random sequences of trouble, people, switches and deaths"),
    )
    run_state_machine_as_test(
        Machine,
        settings=settings(
            max_examples=tally.times(1, 12),
            stateful_step_count=tally.times(4, 20),
            deadline=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        ),
    )
    console.sandbox.post_control("reset")
    assert not Machine.line.broken, (Machine.line, Machine.said)

"""Matching what changed gives what matching everything gives, whatever comes in whatever order (ENGINEERING §5)."""

from __future__ import annotations

from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from ghconnect.models import Enterprise, Server
from ghconnect.records import IDENTITY_KINDS, VERIFIED_EMAIL, Identity, LicenseRow, ServerAccount
from licensing.models import SyncRun
from licensing.usecases import recount

from . import drive

HOSTS = ("ghe-a.example.com", "ghe-b.example.com", "ghe-unknown.example.com")
# Few of each, so that much is shared: what others have too is what may be forgotten.
EMAILS = ("", "a@x.example", "b@x.example")
LOGINS = ("", "ann", "bob")

accounts = st.lists(
    st.builds(
        lambda number, email, suspended, never: drive.account(
            number, email, suspended=suspended, never_active=never
        ),
        st.integers(1, 3),
        st.sampled_from(EMAILS),
        st.booleans(),
        st.booleans(),
    ),
    min_size=1,
    max_size=4,
    unique_by=lambda a: a.remote_user_id,
)
ids = st.lists(st.builds("{}:{}".format, st.sampled_from(HOSTS), st.integers(1, 3)), max_size=3, unique=True)
values = st.lists(
    st.builds(
        Identity,
        st.sampled_from(LOGINS[1:]),
        st.sampled_from((*IDENTITY_KINDS[:2], VERIFIED_EMAIL)),
        st.sampled_from(EMAILS[1:]),
    ),
    max_size=4,
)


@st.composite
def reports(draw: st.DrawFn) -> list[LicenseRow]:
    """Rows with distinct logins and no `host:id` in two rows."""
    free = list(draw(ids))
    rows = []
    for login in draw(st.lists(st.sampled_from(LOGINS), max_size=4, unique=True)):
        taken = [free.pop() for _ in range(draw(st.integers(0, len(free))))]
        if login or taken:
            emails = draw(st.lists(st.sampled_from(EMAILS[1:]), max_size=2, unique=True))
            rows.append(drive.row(login, taken, emails if taken else ()))
    return rows


# What changes at once: a server's report, one account of it, GitHub's whole answer, or its rows or values alone. A part
# that stays as it was shows what only the other one made the engine look at.
steps = st.lists(
    st.one_of(
        st.tuples(st.sampled_from([0, 1]), accounts),
        st.tuples(st.sampled_from(["one of 0", "one of 1"]), accounts.map(lambda some: some[:1])),
        st.tuples(st.just("cloud"), st.tuples(reports(), values)),
        st.tuples(st.just("rows"), reports()),
        st.tuples(st.just("values"), values),
    ),
    min_size=1,
    max_size=8,
)


A, B = EMAILS[1:]
ONE, TWO = drive.account(1, A), drive.account(2, A)
ANN, ANN_HAS_ONE = drive.row("ann"), drive.row("ann", [f"{HOSTS[0]}:1"], [A])
BOB_HAS_ONE = drive.row("bob", [f"{HOSTS[0]}:1"], [A])
NAMED = Identity("ann", IDENTITY_KINDS[0], A)
# Each kind of key that a change affects (ENGINEERING §5), alone: chance finds some of them seldom.
KINDS: dict[str, list[Any]] = {
    "an account leaves an address that others have": [(0, [ONE, TWO]), ("one of 0", [drive.account(2, B)])],
    "an account that shared an address is gone": [(0, [ONE, TWO]), (0, [ONE])],
    "an address is another server's too": [(0, [ONE]), (1, [ONE]), (1, [drive.account(1, B)])],
    "a value comes and goes": [(0, [ONE]), ("rows", [ANN]), ("values", [NAMED]), ("values", [])],
    "who had the value goes": [(0, [ONE]), ("cloud", ([ANN], [NAMED])), ("rows", [])],
    "a row takes an account and leaves it": [(0, [ONE, TWO]), ("rows", [ANN_HAS_ONE]), ("rows", [ANN])],
    "a row goes": [(0, [ONE, TWO]), ("rows", [ANN_HAS_ONE]), ("rows", [])],
    "another row takes it": [(0, [ONE, TWO]), ("rows", [ANN_HAS_ONE]), ("rows", [BOB_HAS_ONE])],
    "a row speaks of an earlier account": [
        (0, [ONE]),
        ("rows", [ANN_HAS_ONE]),
        (0, [drive.account(1, B)]),
        ("rows", [drive.row("ann", [f"{HOSTS[0]}:1"], ["c@x.example"])]),
    ],
    "what was learned of an address": [(0, [ONE]), (1, [ONE]), ("rows", [ANN_HAS_ONE]), ("rows", [ANN])],
    "who it was learned of is suspended": [
        (0, [ONE]),
        (1, [ONE]),
        ("rows", [ANN_HAS_ONE]),
        (0, [drive.account(1, A, suspended=True)]),
        (0, [TWO]),
    ],
}


class Incremental(TestCase):
    """Each example plays its steps in an enterprise of its own."""

    def test_each_kind_of_change_by_itself(self) -> None:
        for kind, played in KINDS.items():
            with self.subTest(kind):
                self._assert_is_matching_everything(played)

    @settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
    @given(steps)
    def test_equals_matching_everything(self, played: list[Any]) -> None:
        """After every step: the sums hold, and deciding everybody again changes nothing."""
        self._assert_is_matching_everything(played)

    def _assert_is_matching_everything(self, played: list[Any]) -> None:
        of = drive.enterprise()
        told = Told([drive.server(of, host) for host in HOSTS[:2]])
        for what, how in played:
            run = told.next(of, what, how)
            assert run.state in SyncRun.GOOD, (run.state, run.error_key, run.error_params)
            drive.assert_sound(of)
            before = drive.partition(of), drive.bridge(of), drive.totals(of)
            recount.everything(enterprise=of, cause="test")
            drive.assert_sound(of)
            assert (drive.partition(of), drive.bridge(of), drive.totals(of)) == before


class Told:
    """What servers and GitHub told last."""

    def __init__(self, servers: list[Server]) -> None:
        self.servers = servers
        self.accounts: list[dict[int, ServerAccount]] = [{}, {}]
        self.rows: list[LicenseRow] = []
        self.values: list[Identity] = []

    def next(self, of: Enterprise, what: Any, how: Any) -> SyncRun:
        """Tell the next; what is not told anew is told as before."""
        if what in (0, 1):
            return self._read(what, {one.remote_user_id: one for one in how})
        if what in ("one of 0", "one of 1"):
            at = int(what[-1])
            return self._read(at, {**self.accounts[at], **{one.remote_user_id: one for one in how}})
        self.rows = how[0] if what == "cloud" else how if what == "rows" else self.rows
        self.values = how[1] if what == "cloud" else how if what == "values" else self.values
        return drive.read_cloud(of, self.rows, self.values)

    def _read(self, at: int, accounts: dict[int, ServerAccount]) -> SyncRun:
        self.accounts[at] = accounts
        return drive.read_server(self.servers[at], accounts.values())

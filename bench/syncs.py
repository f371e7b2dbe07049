"""Whole syncs against their floors: the first, again unchanged, again with one account of a hundred changed."""

from __future__ import annotations

from collections.abc import Callable

from bench import databases, engine, floors, script
from bench.measure import Row, Table, median, timed
from bench.world import World, one_percent
from ghconnect.models import Server
from licensing.models import SyncRun


def measure(table: Table, world: World, store: str, tries: int) -> None:
    """Measure on copies of the database in use, which holds GitHub's rows of `world` and another enterprise."""
    report, size = world.report(), len(world.accounts)
    first, floor, bare, written = _first(world, report, tries)
    rows = sum(each.new + each.changed for each in written)
    keys = 1 - _without_keys(world, report) / floor
    told = f"{rows:,} rows; {first / bare:.1f} × one bare COPY of the accounts; foreign keys {keys:.0%} of the floor"
    table.add(Row(store, f"first sync of {size:,} accounts", first, floor, "≤ 1.6 ×", told))
    with databases.copied("synced"):
        engine.read_server(world, report)
        databases.settle()
        again = _again(world, report, tries)
        join = _floor(world, report, tries)
        table.add(Row(store, f"again, unchanged, {size:,}", again, join, "≤ 1.3 ×"))
        changed = one_percent(world).report()
        some = _again(world, changed, tries)
        join_changed = _floor(world, changed, tries)
        table.add(Row(store, f"again, 1 % changed, {size:,}", some, join_changed, "≤ 1.6 ×"))
        by_script = script.again(world)
    first_script = script.first(world)
    told = f"the script: {script.SAMPLE:,} accounts measured, the rest in proportion; pages already in memory"
    table.add(Row(store, f"a script instead, first, {size:,}", first_script, first, "≥ 15 ×", told))
    table.add(Row(store, f"a script instead, again, {size:,}", by_script, again, "≥ 60 ×", told))


def _first(world: World, report: bytes, tries: int) -> tuple[float, float, float, list[floors.Written]]:
    took, least, bare, written = [], [], [], list[floors.Written]()
    for _ in range(tries):
        with databases.copied("first"):
            floors.remember()
            databases.settle()
            took.append(timed(lambda: engine.read_server(world, report)))
            run = _run_of(world)
            written = floors.take_back()
            databases.settle()
            bare.append(timed(floors.bare_copy))
            least.append(timed(_writes(report, written, run)))
    return median(took), median(least), median(bare), written


def _without_keys(world: World, report: bytes) -> float:
    """The same floor where the database looks up no row that another refers to."""
    with databases.copied("keys"):
        floors.remember()
        databases.settle()
        engine.read_server(world, report)
        run, written = _run_of(world), floors.take_back()
        databases.settle()
        with floors.no_foreign_keys():
            return timed(_writes(report, written, run))


def _writes(report: bytes, written: list[floors.Written], run: SyncRun) -> Callable[[], None]:
    return lambda: floors.parse_and_write(report, written, run)


def _again(world: World, report: bytes, tries: int) -> float:
    took = []
    for _ in range(tries):
        with databases.copied("again"):
            databases.settle()
            took.append(timed(lambda: engine.read_server(world, report)))
    return median(took)


def _floor(world: World, report: bytes, tries: int) -> float:
    run = _run_of(world)
    return median([timed(lambda: floors.stage_and_join(report, run)) for _ in range(tries)])


def _run_of(world: World) -> SyncRun:
    server = Server.objects.get(host=world.host)
    run = SyncRun.objects.filter(server=server).select_related("server").order_by("-pk").first()
    assert run is not None
    return run

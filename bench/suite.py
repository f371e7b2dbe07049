"""All parts of the bench on one database."""

from __future__ import annotations

import argparse
import logging
from pathlib import Path

from django.db import connection

from bench import copies, databases, engine, pages, reading, stall, syncs, workers
from bench.measure import Table
from bench.world import world

# SQLite is for up to so many accounts (ENGINEERING §20).
MOST = {"sqlite": 100_000}
# People of an enterprise that are read in; of more, so many are and then copied.
AT_ONCE = 100_000


def run(options: argparse.Namespace) -> None:
    """Measure the parts asked for, and write their table to `options.inside`."""
    logging.disable(logging.WARNING)
    store, parts = connection.display_name, options.parts.split(",")
    table = Table()
    other, main = world("other", options.size // 5), world("main", options.size)
    engine.make([other, main])
    print(databases.describe(), flush=True)
    if "syncs" in parts:
        syncs.measure(table, main, store, options.tries)
    if "stall" in parts:
        stall.measure(table, main, store, other)
    if "reading" in parts:
        with databases.copied("reading"):
            engine.read_server(main, main.report())
            databases.settle()
            reading.measure(table, main, store, options.tries)
    if "workers" in parts and connection.vendor == "postgresql":
        workers.measure(table, store, options.fleet)
    if "pages" in parts:
        _pages(table, store, min(options.pages, MOST.get(connection.vendor, options.pages)))
    Path(options.inside).write_text(f"## {databases.describe()}\n\n{table.markdown()}\n")
    databases.drop(databases.current())


def _pages(table: Table, store: str, size: int) -> None:
    """A large enterprise is a smaller one copied: to read a million in takes long."""
    times = max(1, size // AT_ONCE)
    few, many, last = world("few", 1000), world("many", size // times), world("last", 10)
    with databases.copied("pages"):
        engine.make([few, many, last])
        if times > 1:
            copies.copy(many.prefix, times)
            databases.settle()
        pages.measure(table, store, few, many, size // times * times)

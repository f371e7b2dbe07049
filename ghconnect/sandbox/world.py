"""The world's file: connections, one writer at a time, its clock and its settings."""

import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

SCHEMA = Path(__file__).with_name("schema.sql")
INDEXES = """
CREATE UNIQUE INDEX account_login ON account (server, login COLLATE NOCASE);
CREATE INDEX identity_key ON identity (key, rule, cloud);
CREATE INDEX identity_cloud ON identity (cloud);
CREATE INDEX cloud_login ON cloud (login);
CREATE INDEX seat_cloud ON seat (cloud);
CREATE INDEX secondary_account ON secondary (server, account);
CREATE INDEX received_secondary_account ON received_secondary (server, account);
"""

Connection = sqlite3.Connection
Row = sqlite3.Row


class World:
    """One pretend world in `<directory>/world.sqlite`; nothing of it is held in memory."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.path = directory / "world.sqlite"
        self._writing = threading.Lock()
        self._idle: list[Connection] = []

    def exists(self) -> bool:
        return self.path.exists()

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A connection that sees one moment of the world."""
        db = self._take()
        db.execute("BEGIN")
        try:
            yield db
        finally:
            db.rollback()
            self._idle.append(db)

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """A transaction; writers wait for each other, an exception undoes it."""
        with self._writing:
            db = self._take()
            db.execute("BEGIN IMMEDIATE")
            try:
                yield db
                db.commit()
            finally:
                db.rollback()
                self._idle.append(db)

    def _take(self) -> Connection:
        """An idle connection, or a new one: opening costs more than most requests do."""
        try:
            return self._idle.pop()
        except IndexError:
            return connect(self.path)

    def replace(self, made: Path) -> None:
        """Put the world in file `made` in place of this one, also while it is being read."""
        with self._writing, closing(connect(made)) as source, closing(connect(self.path)) as target:
            source.backup(target, pages=-1)
            target.execute("PRAGMA journal_mode = WAL")
        made.unlink()


def connect(path: Path) -> Connection:
    """A connection in autocommit mode with rows by name; it may be closed by another thread."""
    db = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=60)
    db.row_factory = Row
    db.execute("PRAGMA synchronous = NORMAL")
    db.execute("PRAGMA temp_store = FILE")
    return db


def setting(db: Connection, name: str) -> str:
    """A setting as text; "" when it was never set."""
    row = db.execute("SELECT value FROM meta WHERE name = ?", (name,)).fetchone()
    return "" if row is None or row[0] is None else str(row[0])


def number(db: Connection, name: str) -> int:
    """A setting as a whole number; 0 when it was never set."""
    return int(setting(db, name) or 0)


def put(db: Connection, name: str, value: str | float | None) -> None:
    """Set a setting."""
    db.execute("INSERT OR REPLACE INTO meta (name, value) VALUES (?, ?)", (name, value))


def now(db: Connection) -> int:
    """Seconds of the world's clock: real time and the days that were let pass."""
    return int(time.time()) + number(db, "offset_seconds")


def days_left(db: Connection) -> int:
    """Whole days until the licenses expire; a day that has begun counts."""
    return -(-(number(db, "renewal_at") - now(db)) // 86_400)


def note(db: Connection, text: str) -> None:
    """Write what happened into the list on the control page."""
    db.execute("INSERT INTO event (at, text) VALUES (?, ?)", (now(db), text))

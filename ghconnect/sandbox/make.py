"""Makes a world: the storyline, or an estate of any size with the storyline in its first block."""

import time
from pathlib import Path

from ghconnect.sandbox import accounts, connect, fleet, garden, merge, people, story
from ghconnect.sandbox.people import Estate
from ghconnect.sandbox.template import SLOTS
from ghconnect.sandbox.text import DAY, digest, guid
from ghconnect.sandbox.world import INDEXES, SCHEMA, Connection, World, put
from ghconnect.sandbox.world import connect as open_file

STORYLINE = SLOTS
MONTHLY_CENTS, CURRENCY = 2100, "USD"


def make(world: World, *, people_count: int, seed: int, made_at: int | None = None) -> None:
    """Write a new world of `people_count` licenses; an old one is replaced when the new one is complete."""
    world.directory.mkdir(parents=True, exist_ok=True)
    path = world.path.with_suffix(".new")
    _remove(path)
    _fill(path, Estate(people_count, seed, made_at or int(time.time())))
    if world.exists():
        world.replace(path)
        return
    path.rename(world.path)
    db = open_file(world.path)
    db.execute("PRAGMA journal_mode = WAL")
    db.close()


def _remove(path: Path) -> None:
    for name in (path, path.with_name(path.name + "-journal")):
        name.unlink(missing_ok=True)


def _fill(path: Path, estate: Estate) -> None:
    db = open_file(path)
    # Nothing is lost when this fails half-way: the file is thrown away.
    db.execute("PRAGMA journal_mode = OFF")
    db.execute("PRAGMA synchronous = OFF")
    db.executescript(SCHEMA.read_text())
    db.execute("BEGIN")
    _insert_all(db, estate)
    db.execute("COMMIT")
    db.close()


def _insert_all(db: Connection, estate: Estate) -> None:
    _insert_meta(db, estate)
    fleet.insert(db, estate.seed, estate.made_at)
    _insert_people(db, estate)
    garden.insert(db, estate.made_at)
    for statement in INDEXES.strip().split(";\n"):
        db.execute(statement)
    _insert_secondary(db, estate)
    _insert_subscriber(db, estate)
    for (server,) in db.execute("SELECT id FROM server WHERE sent_at IS NOT NULL").fetchall():
        connect.receive(db, server)
    merge.merge(db)
    story.today(db)
    connect.schedule(db)


def _insert_meta(db: Connection, estate: Estate) -> None:
    purchased = 250 if estate.people == STORYLINE else max(1, estate.people * 250 // SLOTS)
    settings: dict[str, str | int] = {
        "people": estate.people, "seed": estate.seed, "made_at": estate.made_at, "offset_seconds": 0,
        "slug": fleet.SLUG, "name": fleet.NAME, "contract": "volume", "purchased": purchased,
        "price_cents": MONTHLY_CENTS, "currency": CURRENCY, "renewal_at": estate.made_at + 21 * DAY,
        "form": form(), "report_seconds": 1,
        "rate_limit": max(5000, estate.people // 10), "lab_at": estate.made_at + DAY,
        "identity_at": "enterprise", "managed_users": 0,
    }  # fmt: skip
    for name, value in settings.items():
        put(db, name, value)


def form() -> str:
    """Tells worlds of this release from those of another: tables or template differ."""
    files = (
        SCHEMA,
        *(SCHEMA.with_name(f"{name}.py") for name in ("template", "people", "accounts", "fleet", "garden")),
    )
    return digest(*(file.read_text() for file in files))


def _insert_people(db: Connection, estate: Estate) -> None:
    db.executemany(f"INSERT INTO cloud VALUES ({_marks(13)})", people.cloud_rows(estate))
    db.executemany(f"INSERT INTO identity VALUES ({_marks(5)})", people.identity_rows(estate))
    numbers = {short: number for number, short in db.execute("SELECT id, short FROM server")}
    rows = ((numbers[str(row[0])], *row[1:]) for row in accounts.rows(estate))
    db.executemany(f"INSERT INTO account VALUES ({_marks(12)})", rows)


def _marks(count: int) -> str:
    return ", ".join("?" * count)


def _insert_secondary(db: Connection, estate: Estate) -> None:
    db.executemany(
        """INSERT INTO secondary (server, account, email)
           SELECT s.id, a.id, ?3 FROM server s JOIN account a ON a.server = s.id
           WHERE s.short = ?1 AND a.login = ?2 COLLATE NOCASE""",
        accounts.secondary_rows(estate),
    )


def _insert_subscriber(db: Connection, estate: Estate) -> None:
    """A Visual Studio subscriber who is not a member yet: a row, but no license (reference §4.2)."""
    if estate.people <= STORYLINE:
        return
    db.execute(
        """INSERT INTO cloud VALUES (1, '', NULL, 'subscriber', '[]', '', NULL, '[]', 0, NULL, ?, '', ?)""",
        (f"casey.subscriber@{fleet.DOMAIN}", estate.made_at - 30 * DAY),
    )


def subscription_id(seed: int, cloud: int) -> str:
    """The GUID of a Visual Studio subscription."""
    return guid(seed, "studio", cloud)

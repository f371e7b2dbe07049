"""Everything that can be done to the world: behind each button of the control page, and each JSON door."""

from collections.abc import Callable

from ghconnect.sandbox import connect, garden, merge, report, story
from ghconnect.sandbox.breaking import Result, break_server, repair
from ghconnect.sandbox.lookup import Impossible, account_of, server_of
from ghconnect.sandbox.make import make
from ghconnect.sandbox.text import DAY, iso, key
from ghconnect.sandbox.world import Connection, Row, World, note, now, number, put

Deed = Callable[..., Result]


def pass_time(world: World, days: float = 1) -> Result:
    """Let days pass: weekly syncs run, invitations expire, a restored copy of Tokyo turns up after the first."""
    with world.write() as db:
        put(db, "offset_seconds", number(db, "offset_seconds") + int(days * DAY))
        note(db, f"{days:g} day{'' if days == 1 else 's'} passed")
        _lab_appears(db)
        connect.run_due(db)
        return _count(db)


def clock(world: World, offset_seconds: int) -> Result:
    """Set the clock to real time plus this offset; may be negative. Nothing happens by itself when it goes back."""
    with world.write() as db:
        put(db, "offset_seconds", offset_seconds)
        connect.run_due(db)
        return _count(db)


def _lab_appears(db: Connection) -> None:
    lab = server_of(db, "lab")
    if lab["state"] != "hidden" or now(db) < number(db, "lab_at"):
        return
    tokyo = server_of(db, "tokyo")
    db.execute("UPDATE server SET state = 'live', created_at = ? WHERE id = ?", (now(db), lab["id"]))
    db.execute(
        """INSERT INTO account SELECT ?, id, login, name, email, key, admin, suspended, dormant, two_factor,
           created_at, last_active FROM account WHERE server = ?""",
        (lab["id"], tokyo["id"]),
    )
    note(db, f"{lab['host']} appeared: a backup of {tokyo['host']} restored, with its server_id")


def stage(world: World, stage: str) -> Result:
    """Move the storyline to `before` or `today` (story.py)."""
    if stage not in story.STAGES:
        raise Impossible(f"Stages are {' and '.join(story.STAGES)}.")
    with world.write() as db:
        story.STAGES[stage](db)
        return _count(db)


def change_email(world: World, host: str, login: str, email: str | None = None) -> Result:
    """Give an account another primary email, or none."""
    with world.write() as db:
        server = server_of(db, host)
        account = account_of(db, server, login)
        _update(db, account, "email = ?, key = ?", email or None, key(email))
        note(db, f"{login} on {server['host']} changed its address")
        return _account(db, server, login)


def suspend(world: World, host: str, login: str, suspended: bool = True) -> Result:
    """Suspend an account, or with suspended false let it in again."""
    with world.write() as db:
        server = server_of(db, host)
        _update(db, account_of(db, server, login), "suspended = ?", int(suspended))
        note(db, f"{login} on {server['host']} was {'suspended' if suspended else 'unsuspended'}")
        return _account(db, server, login)


def _update(db: Connection, account: Row, assignment: str, *values: object) -> None:
    db.execute(
        f"UPDATE account SET {assignment} WHERE server = ? AND id = ?",
        (*values, account["server"], account["id"]),
    )
    report.forget(db, account["server"])


def add_account(
    world: World, host: str, login: str, email: str | None = None, name: str = "", admin: bool = False
) -> Result:
    """Create an account that has signed in once; it gets the next id."""
    with world.write() as db:
        server = server_of(db, host)
        last = db.execute(
            "SELECT coalesce(max(id), 0) FROM account WHERE server = ?", (server["id"],)
        ).fetchone()[0]
        if db.execute(
            "SELECT 1 FROM account WHERE server = ? AND login = ? COLLATE NOCASE", (server["id"], login)
        ).fetchone():
            raise Impossible(f"{login} is taken on {server['host']}.")
        db.execute(
            "INSERT INTO account VALUES (?, ?, ?, ?, ?, ?, ?, 0, 0, 1, ?, ?)",
            (
                server["id"],
                last + 1,
                login,
                name or login,
                email or None,
                key(email),
                int(admin),
                now(db),
                now(db),
            ),
        )
        report.forget(db, server["id"])
        note(db, f"{login} was created on {server['host']}")
        return _account(db, server, login)


def remove_account(world: World, host: str, login: str) -> Result:
    """Delete an account from a server."""
    with world.write() as db:
        server = server_of(db, host)
        account = account_of(db, server, login)
        db.execute("DELETE FROM account WHERE server = ? AND id = ?", (server["id"], account["id"]))
        report.forget(db, server["id"])
        note(db, f"{login} was deleted from {server['host']}")
        return {"removed": account["id"]}


def rename_account(world: World, host: str, login: str, new_login: str) -> Result:
    """Give an account another login; its id stays."""
    with world.write() as db:
        server = server_of(db, host)
        _update(db, account_of(db, server, login), "login = ?", new_login)
        return _account(db, server, new_login)


def sync_now(world: World, host: str) -> Result:
    """Press "Sync now" on a server's own License page: it sends to GHEC, which merges at once."""
    with world.write() as db:
        connect.sync_now(db, server_of(db, host))
        return _count(db)


def settings(
    world: World,
    report_seconds: float | None = None,
    rate_limit: int | None = None,
    rate_seconds: int | None = None,
) -> Result:
    """How long a report takes to be made (real seconds; 0: no 202), requests per hour at GHEC, and how long that is."""
    with world.write() as db:
        given = {"report_seconds": report_seconds, "rate_limit": rate_limit, "rate_seconds": rate_seconds}
        for name, value in given.items():
            if value is not None:
                put(db, name, value)
        return given


def reset(world: World, people: int | None = None, seed: int | None = None) -> Result:
    """Start again: the same world as at first, or one of another size."""
    with world.read() as db:
        size, root = people or number(db, "people"), number(db, "seed") if seed is None else seed
        kept = {
            name: db.execute("SELECT value FROM meta WHERE name = ?", (name,)).fetchone()[0]
            for name in ("report_seconds",)
        }
    make(world, people_count=size, seed=root)
    settings(world, **kept)
    with world.read() as db:
        return _count(db)


def _count(db: Connection) -> Result:
    return {
        "total_seats_consumed": number(db, "seats_consumed"), "rows": number(db, "seats"), "now": iso(now(db)),
        "offset_seconds": number(db, "offset_seconds"),
    }  # fmt: skip


def _account(db: Connection, server: Row, login: str) -> Result:
    row = account_of(db, server, login)
    facts = {name: row[name] for name in ("id", "login", "email")}
    return {
        **facts,
        "host": server["host"],
        "suspended": bool(row["suspended"]),
        "dormant": bool(row["dormant"]),
    }


IDENTITY_AT = ("enterprise", "organizations", "oidc", "none")


def identity_provider(world: World, at: str, managed_users: bool = False) -> Result:
    """Say where identities are kept, and whether the enterprise has managed users, whom SCIM lists."""
    if at not in IDENTITY_AT:
        raise Impossible(f"Identities are kept at {', '.join(IDENTITY_AT)}.")
    with world.write() as db:
        put(db, "identity_at", at)
        merge.manage(db, managed=managed_users)
        note(db, f"Identities are kept at: {at}{', with managed users' if managed_users else ''}")
        return {"identity_at": at}


def outside_collaborators(world: World, count: int) -> Result:
    """Let so many more outside collaborators work in a private repository of the organization."""
    with world.write() as db:
        garden.add_outside(db, count)
        note(db, f"{garden.LOGIN}: {count} more outside collaborators")
        return {"outside_collaborators": count, "filled_seats": garden.filled(db)}


DEEDS: dict[str, Deed] = {
    "pass": pass_time, "clock": clock, "stage": stage, "change-email": change_email, "suspend": suspend,
    "add-account": add_account, "remove-account": remove_account, "rename-account": rename_account,
    "sync-now": sync_now, "break": break_server, "repair": repair,
    "identity-provider": identity_provider, "outside-collaborators": outside_collaborators,
    "settings": settings, "reset": reset,
}  # fmt: skip

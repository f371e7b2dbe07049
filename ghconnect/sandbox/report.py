"""The site-admin report `all_users.csv` of a server, made in the background and then cached (reference §6.3)."""

import csv
import io
import time
from collections.abc import Iterator

from ghconnect.sandbox.text import HOUR, digest, iso
from ghconnect.sandbox.world import Connection, Row, World, now, setting

COLUMNS = (
    "created_at", "id", "login", "email", "role", "suspended?", "last_logged_ip", "repos", "ssh_keys",
    "org_memberships", "dormant?", "last_active", "raw_login", "2fa_enabled?",
)  # fmt: skip
BATCH = 500
Troubles = dict[str, float | None]


def made_at(world: World, server: Row) -> int | None:
    """When the cached report was made, in the world's time; None while it is being prepared.

    Asking starts the making; it takes `report_seconds` of real time. A report is kept for an hour, or until
    somebody changes on the server.
    """
    with world.write() as db:
        asked, made = db.execute(
            "SELECT report_asked_at, report_made_at FROM server WHERE id = ?", (server["id"],)
        ).fetchone()
        if made is not None and 0 <= now(db) - made <= HOUR:
            return int(made)
        asked = asked if asked is not None and asked <= time.time() else time.time()
        ready = time.time() - asked >= float(setting(db, "report_seconds") or 0)
        db.execute(
            "UPDATE server SET report_asked_at = ?, report_made_at = ? WHERE id = ?",
            (None if ready else asked, now(db) if ready else None, server["id"]),
        )
        return now(db) if ready else None


def forget(db: Connection, server: int) -> None:
    """Somebody changed: the next report is made anew."""
    db.execute("UPDATE server SET report_asked_at = NULL, report_made_at = NULL WHERE id = ?", (server,))


def lines(world: World, server: Row, troubles: Troubles) -> Iterator[bytes]:
    """The report in pieces of some hundred lines, read from one moment of the world."""
    with world.read() as db:
        if "no_header" not in troubles:
            yield _csv([COLUMNS])
        if "no_rows" in troubles:
            return
        cursor = db.execute(_query(troubles), {"server": server["id"], "most": _most(db, server, troubles)})
        while rows := cursor.fetchmany(BATCH):
            yield _csv(_line(row, troubles) for row in rows)


def _query(troubles: Troubles) -> str:
    only = "AND admin" if "filtered" in troubles else ""
    if "old_report" in troubles:
        return f"""SELECT id, login, email, admin, 0 AS suspended, 0 AS dormant, 1 AS two_factor, created_at,
            CASE WHEN active THEN created_at END AS last_active
            FROM received WHERE server = :server {only} ORDER BY id LIMIT :most"""
    return f"SELECT * FROM account WHERE server = :server {only} ORDER BY id LIMIT :most"


def _most(db: Connection, server: Row, troubles: Troubles) -> int:
    share = troubles.get("cut_line")
    if share is None:
        return -1
    total = db.execute("SELECT count(*) FROM account WHERE server = ?", (server["id"],)).fetchone()[0]
    return int(total * share)


def _line(row: Row, troubles: Troubles) -> tuple[object, ...]:
    login, email = row["login"], row["email"] or ""
    if "obfuscated" in troubles and row["suspended"]:
        login, email = obfuscated(login), ""
    return (
        iso(row["created_at"]), row["id"], login, email, "admin" if row["admin"] else "user",
        _bool(row["suspended"]), f"192.0.2.{row['id'] % 250 + 1}", row["id"] % 17, row["id"] % 4, 1 + row["id"] % 3,
        _bool(row["dormant"]), "" if row["last_active"] is None else iso(row["last_active"]), login,
        _bool(row["two_factor"]),
    )  # fmt: skip


def obfuscated(text: str) -> str:
    """A login or address as a suspended SCIM account shows it: unreadable, but the same each time."""
    return digest("obfuscated", text)[:32]


def _bool(value: object) -> str:
    return "true" if value else "false"


def _csv(rows: object) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)  # type: ignore[arg-type]
    return text.getvalue().encode()

"""The servers' own GitHub Connect: each sends its users to GHEC, weekly or by "Sync now" or as an uploaded file.

Only this moves GHEC's count; nothing a console does can cause it. Suspended accounts are not sent.
"""

from ghconnect.sandbox import merge
from ghconnect.sandbox.text import WEEK
from ghconnect.sandbox.world import Connection, Row, World, note, now, number, put

SNAPSHOT = """
INSERT INTO received (server, id, login, name, email, key, admin, active, created_at)
SELECT server, id, login, name, email, key, admin, last_active IS NOT NULL, created_at
FROM account WHERE server = ? AND NOT suspended
"""
SECONDARY = "INSERT INTO received_secondary SELECT server, account, email FROM secondary WHERE server = ?"


def receive(db: Connection, server: int) -> None:
    """Put a server's accounts of this moment in place of what GHEC had of it; does not merge."""
    for table in ("received", "received_secondary"):
        db.execute(f"DELETE FROM {table} WHERE server = ?", (server,))
    db.execute(SNAPSHOT, (server,))
    db.execute(SECONDARY, (server,))


def sync_now(db: Connection, server: Row) -> int:
    """What pressing "Sync now" on the instance does; returns GHEC's new count."""
    receive(db, server["id"])
    _stamp(db, server, "connect", now(db))
    weekly = server["state"] == "live"
    db.execute(
        "UPDATE server SET next_send_at = ? WHERE id = ?", (now(db) + WEEK if weekly else None, server["id"])
    )
    consumed = merge.merge(db)
    note(db, f"{server['host']} synced to GHEC: {consumed} licenses")
    schedule(db)
    return consumed


def _stamp(db: Connection, server: Row, how: str, at: int) -> None:
    db.execute(
        "UPDATE server SET sent_at = ?, sent_how = ?, sent_host = host, known_id = server_id WHERE id = ?",
        (at, how, server["id"]),
    )


def uploaded(db: Connection, server: Row, made_at: int) -> int:
    """After an exported file's users were put into `received`: stamp, merge, return the count."""
    _stamp(db, server, "upload", made_at)
    consumed = merge.merge(db)
    note(db, f"Server usage of {server['host']} uploaded to GHEC: {consumed} licenses")
    return consumed


def schedule(db: Connection) -> None:
    """Note when the next thing happens by itself, so that a request can tell at a glance."""
    due = db.execute(
        """SELECT min(at) FROM (SELECT next_send_at AS at FROM server WHERE state = 'live'
           UNION ALL SELECT expires_at FROM cloud WHERE expires_at IS NOT NULL)"""
    ).fetchone()[0]
    put(db, "next_due", due)


def catch_up(world: World) -> None:
    """Let everything happen whose time has come: weekly syncs, invitations that expire."""
    with world.read() as db:
        due = number(db, "next_due")
        if not due or due > now(db):
            return
    with world.write() as db:
        run_due(db)


def run_due(db: Connection) -> None:
    """The same inside a transaction. A server that missed several weeks sends once."""
    moment = now(db)
    due = db.execute("SELECT * FROM server WHERE state = 'live' AND next_send_at <= ?", (moment,)).fetchall()
    for server in due:
        receive(db, server["id"])
        last = moment - (moment - server["next_send_at"]) % WEEK
        _stamp(db, server, "connect", last)
        db.execute("UPDATE server SET next_send_at = ? WHERE id = ?", (last + WEEK, server["id"]))
    expired = db.execute("DELETE FROM cloud WHERE expires_at <= ?", (moment,)).rowcount
    if due or expired:
        consumed = merge.merge(db)
        names = ", ".join(server["host"] for server in due)
        note(
            db,
            f"By themselves: {names or 'nobody'} synced, {expired} invitations expired: {consumed} licenses",
        )
    schedule(db)

"""The file of "Export license usage", and what "Add server usage" makes of it (reference §6.1, §7).

What the real file looks like inside is not public; its documented contents are here, and as there the users are
encrypted: only the pretend GHEC can read them.
"""

import json
import zlib
from base64 import urlsafe_b64encode
from collections.abc import Iterator
from hashlib import sha256

from cryptography.fernet import Fernet, InvalidToken

from ghconnect.sandbox import connect
from ghconnect.sandbox.text import digest, iso
from ghconnect.sandbox.world import Connection, Row, World, now, number

BATCH = 2000
COLUMNS = "id, login, name, email, key, admin, last_active IS NOT NULL, created_at"


class Refused(Exception):
    """The file cannot be taken; says why."""


def export(world: World, server: Row) -> Iterator[bytes]:
    """The file in pieces: what it is about in the clear, the users in encrypted blocks."""
    with world.read() as db:
        yield json.dumps(_about(db, server))[:-1].encode() + b', "users": ['
        lock, comma = _lock(db), b""
        query = f"SELECT {COLUMNS} FROM account WHERE server = ? AND NOT suspended ORDER BY id"
        cursor = db.execute(query, (server["id"],))
        while rows := cursor.fetchmany(BATCH):
            block = lock.encrypt(zlib.compress(json.dumps([tuple(row) for row in rows]).encode()))
            yield comma + b'"' + block + b'"'
            comma = b","
        yield b"]}"


def _about(db: Connection, server: Row) -> dict[str, object]:
    sync = {"name": "license_usage_sync", "enabled_at": iso(server["created_at"])}
    hashes = {name: digest(name, server["short"]) for name in ("license", "public_key")}
    return {
        "features": [sync] if server["connected"] else [], "host_name": server["host"], "http_only": "False", **hashes,
        "server_id": server["server_id"], "version": server["version"],
        "exported_at": iso(now(db)), "exported": now(db),
    }  # fmt: skip


def _lock(db: Connection) -> Fernet:
    return Fernet(urlsafe_b64encode(sha256(f"pretend/{number(db, 'seed')}".encode()).digest()))


def add(world: World, content: bytes) -> int:
    """Take an exported file as GHEC does; returns the new count. Raises Refused."""
    try:
        file = json.loads(content)
        server_id, users, made_at = file["server_id"], list(file["users"]), int(file["exported"])
    except (ValueError, KeyError, TypeError):
        raise Refused("This is not a license usage file of a GitHub Enterprise Server instance.") from None
    with world.write() as db:
        server = db.execute("SELECT * FROM server WHERE server_id = ? ORDER BY id", (server_id,)).fetchone()
        if server is None:
            raise Refused("This file is of an instance that octo-corp does not have.")
        if server["sent_at"] and made_at < server["sent_at"]:
            raise Refused(f"This file is older than what is here of {server['host']}. Nothing was changed.")
        _receive(db, server, users)
        return connect.uploaded(db, server, made_at)


def _receive(db: Connection, server: Row, users: list[str]) -> None:
    lock = _lock(db)
    for table in ("received", "received_secondary"):
        db.execute(f"DELETE FROM {table} WHERE server = ?", (server["id"],))
    for block in users:
        try:
            rows = json.loads(zlib.decompress(lock.decrypt(block)))
        except (InvalidToken, TypeError, zlib.error, ValueError):
            raise Refused("The users in this file cannot be read. Nothing was changed.") from None
        db.executemany(
            "INSERT INTO received VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", ((server["id"], *row) for row in rows)
        )

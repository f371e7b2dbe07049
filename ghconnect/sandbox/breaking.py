"""Breaking and repairing: trouble of answers (trouble.py), and changes of the world that last."""

from typing import Any

from ghconnect.sandbox import trouble
from ghconnect.sandbox.fleet import API_HOST, new_host_of, reading_token
from ghconnect.sandbox.lookup import Impossible, server_of
from ghconnect.sandbox.text import guid
from ghconnect.sandbox.world import Connection, Row, World, note

Result = dict[str, Any]


def break_server(
    world: World,
    host: str,
    kind: str,
    value: float | None = None,
    times: int | None = None,
    path: str | None = None,
) -> Result:
    """Switch trouble on for a server or for GHEC (`ghec`, or its API host): `times` requests, else until cleared."""
    with world.write() as db:
        if kind in trouble.CHANGES:
            _change(db, server_of(db, host), kind)
        elif kind in trouble.KINDS:
            trouble.switch_on(db, _trouble_host(db, host), kind, value, times, path)
        else:
            raise Impossible(f"Kinds of trouble: {', '.join([*trouble.KINDS, *trouble.CHANGES])}.")
        return {"troubles": troubles(db)}


def _trouble_host(db: Connection, host: str) -> str:
    return API_HOST if host in ("ghec", API_HOST) else str(server_of(db, host)["host"])


def repair(world: World, host: str | None = None, kind: str | None = None) -> Result:
    """Switch trouble off: one kind, all of one host, or all. Lasting changes are undone too."""
    with world.write() as db:
        trouble.clear(db, host and _trouble_host(db, host), kind)
        if host not in ("ghec", API_HOST):
            servers = [server_of(db, host)] if host else db.execute("SELECT * FROM server").fetchall()
            for server in servers:
                _undo(db, server, kind)
        note(db, f"Repaired: {host or 'everything'}")
        return {"troubles": troubles(db)}


def _change(db: Connection, server: Row, kind: str) -> None:
    if kind == "token_revoked":
        _token(db, server, "revoked")
    elif kind == "changed_server_id":
        db.execute(
            "UPDATE server SET known_id = ? WHERE id = ?", (guid(server["server_id"], "other"), server["id"])
        )
    elif kind == "renamed":
        _rename(db, server, new_host_of(server["short"]))
    else:
        db.execute("UPDATE server SET state = 'retired' WHERE id = ?", (server["id"],))
    note(db, f"{server['host']}: {trouble.CHANGES[kind]}")


def _undo(db: Connection, server: Row, kind: str | None) -> None:
    if kind in (None, "token_revoked"):
        _token(db, server, "good")
    if kind in (None, "changed_server_id"):
        db.execute("UPDATE server SET known_id = server_id WHERE id = ?", (server["id"],))
    if kind in (None, "renamed") and server["host"] == new_host_of(server["short"]):
        _rename(db, server, server["host"].replace("-new.", "."))
    if kind in (None, "retired") and server["state"] == "retired" and server["short"] != "old":
        db.execute("UPDATE server SET state = 'live' WHERE id = ?", (server["id"],))


def _token(db: Connection, server: Row, state: str) -> None:
    db.execute("UPDATE token SET state = ? WHERE token = ?", (state, reading_token(server["short"])))


def _rename(db: Connection, server: Row, host: str) -> None:
    """GitHub learns the new name when the server next sends."""
    db.execute("UPDATE server SET host = ? WHERE id = ?", (host, server["id"]))
    for table in ("token", "trouble"):
        db.execute(f"UPDATE {table} SET host = ? WHERE host = ?", (host, server["host"]))


def troubles(db: Connection) -> list[Result]:
    """Trouble that is switched on."""
    return [
        dict(row) for row in db.execute("SELECT host, kind, value, path, remaining FROM trouble ORDER BY id")
    ]


def revoked(db: Connection) -> list[Row]:
    """Servers whose reading token is revoked."""
    return [
        server
        for server in db.execute("SELECT * FROM server WHERE state = 'live'").fetchall()
        if db.execute(
            "SELECT 1 FROM token WHERE token = ? AND state = 'revoked'", (reading_token(server["short"]),)
        ).fetchone()
    ]

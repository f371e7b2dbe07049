"""Finds what a deed names, in words when it is not there."""

from ghconnect.sandbox.world import Connection, Row


class Impossible(Exception):
    """The deed names something that is not there."""


def server_of(db: Connection, host: str) -> Row:
    """A server by its host or its short name; raises Impossible."""
    row: Row | None = db.execute("SELECT * FROM server WHERE host = ?1 OR short = ?1", (host,)).fetchone()
    if row is None:
        raise Impossible(f"There is no server {host}.")
    return row


def account_of(db: Connection, server: Row, login: str) -> Row:
    """An account by its login; raises Impossible."""
    row: Row | None = db.execute(
        "SELECT * FROM account WHERE server = ? AND login = ? COLLATE NOCASE", (server["id"], login)
    ).fetchone()
    if row is None:
        raise Impossible(f"There is no {login} on {server['host']}.")
    return row

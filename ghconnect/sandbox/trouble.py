"""Trouble that can be switched on for a host: for a number of requests, or until it is cleared."""

from ghconnect.sandbox.world import Connection, World, note

REPORT, LICENSES = "/stafftools/reports", "/consumed-licenses"
# kind: (words for the control page, the part of the path it is about, its value when none is given)
KINDS: dict[str, tuple[str, str, float | None]] = {
    "unauthorized": ("401 for every token", "", None),
    "rate_limit": ("403, rate limit used up; Retry-After in seconds", "", 60),
    "secondary_limit": ("403, secondary rate limit; Retry-After in seconds", "", 60),
    "scarce": ("few requests remain in this hour; how many", "", 100),
    "not_found": ("404 for everything", "", None),
    "server_error": ("a server error; the status", "", 502),
    "slow": ("every answer waits; seconds", "", 10),
    "refused": ("the connection is dropped without an answer", "", None),
    "cut_length": ("body ends before its Content-Length", "", None),
    "cut_chunked": ("chunked body ends without its last chunk", "", None),
    "empty": ("200 with an empty body", "", None),
    "other_shape": ("200 with JSON of another shape than is known", "", None),
    "accepted": ("202, the report is never ready", REPORT, None),
    "cut_line": ("report ends early, at a line end; share that is kept", REPORT, 0.5),
    "old_report": ("a cached report of the server's last sync to GitHub", REPORT, None),
    "filtered": ("report holds site administrators only", REPORT, None),
    "no_header": ("report without its header line", REPORT, None),
    "no_rows": ("report with its header line alone", REPORT, None),
    "obfuscated": ("suspended accounts have their login and email obfuscated", "", None),
    "shifting": ("rows move while pages are read; rows per page", LICENSES, 1),
}
# These change the world instead of an answer: see control.py.
CHANGES = {
    "token_revoked": "the token that reads it is revoked",
    "changed_server_id": "GitHub knows it under another server_id",
    "renamed": "it answers under a new host name",
    "retired": "it is gone; GitHub still lists it",
}


def switch_on(
    db: Connection, host: str, kind: str, value: float | None, times: int | None, path: str | None
) -> None:
    """Switch trouble on; `path` narrows it to paths that hold this text."""
    _, default_path, default_value = KINDS[kind]
    db.execute("DELETE FROM trouble WHERE host = ? AND kind = ?", (host, kind))
    db.execute(
        "INSERT INTO trouble (host, kind, value, path, remaining) VALUES (?, ?, ?, ?, ?)",
        (
            host,
            kind,
            default_value if value is None else value,
            default_path if path is None else path,
            times,
        ),
    )
    note(db, f"Trouble at {host}: {KINDS[kind][0]}")


def clear(db: Connection, host: str | None = None, kind: str | None = None) -> None:
    """Switch trouble off: one kind, all of a host, or all."""
    db.execute(
        "DELETE FROM trouble WHERE (?1 IS NULL OR host = ?1) AND (?2 IS NULL OR kind = ?2)", (host, kind)
    )


def take(world: World, host: str, path: str) -> dict[str, float | None]:
    """Kinds that strike this request with their values; a counted kind is used up by it."""
    with world.read() as db:
        rows = db.execute(
            "SELECT * FROM trouble WHERE host = ? AND instr(?, path) > 0", (host, path)
        ).fetchall()
    counted = [row["id"] for row in rows if row["remaining"] is not None]
    left = _use_up(world, counted) if counted else {}
    return {row["kind"]: row["value"] for row in rows if left.get(row["id"], True)}


def _use_up(world: World, rows: list[int]) -> dict[int, bool]:
    with world.write() as db:
        left = {row: _one_less(db, row) for row in rows}
        db.execute("DELETE FROM trouble WHERE remaining <= 0")
    return left


def _one_less(db: Connection, row: int) -> bool:
    return bool(
        db.execute(
            "UPDATE trouble SET remaining = remaining - 1 WHERE id = ? AND remaining > 0", (row,)
        ).rowcount
    )

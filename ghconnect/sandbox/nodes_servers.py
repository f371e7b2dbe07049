"""What GraphQL tells of servers: installations, what was received of them, and the enterprise's domains."""

from typing import Any

from ghconnect.sandbox.relay import Given, Node, Total, by_id, connection, need
from ghconnect.sandbox.text import iso
from ghconnect.sandbox.world import Connection, Row, setting


def _counted(db: Connection, query: str, *values: object) -> Total:
    return lambda: int(db.execute(f"SELECT count(*) {query}", values).fetchone()[0])


def domains(info: Any, **given: Any) -> Node:
    """Verified and approved domains; needs admin:enterprise (reference §8)."""
    need(info.context, "admin:enterprise")
    db = info.context.db
    wanted = (("isVerified", "verified"), ("isApproved", "approved"))
    where = "".join(
        f" AND {column} = {int(given[name])}" for name, column in wanted if given.get(name) is not None
    )
    rows = by_id(db, f"SELECT * FROM domain WHERE 1{where} AND id > ? ORDER BY id LIMIT ?")
    return connection(given, _counted(db, f"FROM domain WHERE 1{where}"), rows, _domain)


def _domain(row: Row) -> Node:
    name, at = row["domain"], iso(row["created_at"])
    states = {"isVerified": bool(row["verified"]), "isApproved": bool(row["approved"])}
    return {
        "id": f"VD_{row['id']}", "databaseId": row["id"], "domain": name, "punycodeEncodedDomain": name, **states,
        "isRequiredForPolicyEnforcement": False, "createdAt": at, "updatedAt": at,
    }  # fmt: skip


def installations(info: Any, **given: Any) -> Node:
    """Every server that GHEC knows, connected or not."""
    db = info.context.db
    where = "state <> 'hidden'" + (" AND connected" if given.get("connectedOnly") else "")
    rows = by_id(db, f"SELECT * FROM server WHERE {where} AND id > ? ORDER BY id LIMIT ?")
    return connection(
        given, _counted(db, f"FROM server WHERE {where}"), rows, lambda row: _installation(db, row)
    )


def _installation(db: Connection, row: Row) -> Node:
    return {
        "id": f"ESI_{row['id']}", "hostName": row["sent_host"] or row["host"], "customerName": setting(db, "name"),
        "isConnected": bool(row["connected"]), "createdAt": iso(row["created_at"]),
        "updatedAt": iso(row["sent_at"] or row["created_at"]),
        "userAccounts": lambda info, **given: _accounts(db, row, given),
        "userAccountsUploads": lambda info, **given: _uploads(row, given),
    }  # fmt: skip


def _accounts(db: Connection, server: Row, given: Given) -> Node:
    """What GHEC received of a server."""
    mine = "FROM received WHERE server = ?"
    rows = by_id(db, f"SELECT * {mine} AND id > ? ORDER BY id LIMIT ?", server["id"])
    total = _counted(db, mine, server["id"])
    return connection(given, total, rows, lambda row: _account(db, server, row))


def _account(db: Connection, server: Row, row: Row) -> Node:
    received = iso(server["sent_at"])
    return {
        "id": f"ESUA_{server['id']}_{row['id']}", "login": row["login"], "profileName": row["name"],
        "isSiteAdmin": bool(row["admin"]), "remoteUserId": row["id"], "remoteCreatedAt": iso(row["created_at"]),
        "createdAt": received, "updatedAt": received, "emails": lambda info, **given: _emails(db, server, row, given),
    }  # fmt: skip


def _emails(db: Connection, server: Row, row: Row, given: Given) -> Node:
    """Primary and secondary addresses: both travel, only the primary one matches (reference §4.3)."""
    query = """SELECT 1 AS id, ? AS email, 1 AS main WHERE ? IS NOT NULL UNION ALL
        SELECT rowid + 1, email, 0 FROM received_secondary WHERE server = ? AND account = ? ORDER BY id"""
    found = db.execute(query, (row["email"], row["email"], server["id"], row["id"])).fetchall()

    def rows(after: str, limit: int) -> list[Row]:
        return [each for each in found if each["id"] > int(after or 0)][:limit]

    return connection(given, lambda: len(found), rows, _address)


def _address(row: Row) -> Node:
    return {"id": f"ESUAE_{row['id']}", "email": row["email"], "isPrimary": bool(row["main"])}


def _uploads(server: Row, given: Given) -> Node:
    """The last transfer of a server, if there was one."""
    if server["sent_at"] is None:
        return {"nodes": [], "totalCount": 0, "pageInfo": {"hasNextPage": False, "hasPreviousPage": False}}
    return connection(given, lambda: 1, lambda after, limit: [] if after else [server], _upload)


def _upload(row: Row) -> Node:
    at = iso(row["sent_at"])
    name = f"{row['short']}-license-usage.json"
    return {
        "id": f"ESUAU_{row['id']}",
        "name": name,
        "syncState": "SUCCESS",
        "createdAt": at,
        "updatedAt": at,
    }

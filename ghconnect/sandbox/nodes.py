"""What GraphQL fields resolve to: dictionaries whose functions ask the world when a field is wanted."""

import base64
import binascii
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from ghconnect.sandbox.fleet import DOMAIN, OWNER, SLUG, WEB_HOST
from ghconnect.sandbox.text import guid, iso
from ghconnect.sandbox.tokens import Caller
from ghconnect.sandbox.world import Connection, Row, number, setting

MOST = 100
Node = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Context:
    """What resolvers share: one moment of the world, the caller, and its rate limit."""

    db: Connection
    who: Caller
    limit: Mapping[str, int]


class Denied(Exception):
    """An error with GitHub's `type`: NOT_FOUND, INSUFFICIENT_SCOPES, FORBIDDEN."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind


def root() -> Node:
    """The query's root."""
    return {"enterprise": _enterprise, "viewer": _viewer, "rateLimit": _rate_limit}


def _viewer(info: Any) -> Node:
    row = info.context.db.execute("SELECT * FROM cloud WHERE login = ?", (info.context.who.login,)).fetchone()
    return user(row)


def _rate_limit(info: Any) -> Node:
    limit = info.context.limit
    shown = {name: limit[name] for name in ("limit", "used")}
    return {**shown, "cost": 1, "remaining": max(0, limit["remaining"]), "resetAt": iso(limit["reset"])}


def _enterprise(info: Any, slug: str) -> Node:
    """The enterprise, when the caller may see it; scopes and roles are asked for where they are documented."""
    context: Context = info.context
    if slug.lower() != SLUG or context.who.login != OWNER:
        raise Denied("NOT_FOUND", f"Could not resolve to a Business with the URL slug of '{slug}'.")
    _need(context, "read:enterprise")
    db = context.db
    return {
        "id": "E_1", "databaseId": 1, "slug": SLUG, "name": setting(db, "name"), "url": f"https://{WEB_HOST}",
        "createdAt": iso(number(db, "made_at") - 900 * 86400), "viewerIsAdmin": True, "billingInfo": _billing,
        "ownerInfo": _owner_info, "members": _members,
    }  # fmt: skip


def _need(context: Context, scope: str) -> None:
    if not context.who.may(scope):
        raise Denied("INSUFFICIENT_SCOPES", f"Your token has not been granted the required scopes: {scope}.")


def _billing(info: Any) -> Node:
    db = info.context.db
    consumed, total = number(db, "seats_consumed"), number(db, "purchased")
    return {
        "allLicensableUsersCount": consumed, "totalLicenses": total, "totalAvailableLicenses": total - consumed,
    }  # fmt: skip


def _owner_info(info: Any) -> Node:
    return {
        "domains": _domains, "enterpriseServerInstallations": _installations,
        "pendingMemberInvitations": _invitations,
        "samlIdentityProvider": {
            "id": "EIP_1", "issuer": f"https://idp.{DOMAIN}", "ssoUrl": f"https://idp.{DOMAIN}/sso",
            "externalIdentities": _identities,
        },
    }  # fmt: skip


def connection(
    given: Mapping[str, Any], total: Callable[[], int], rows: Callable[[str, int], list[Row]], node: Callable[[Row], Any],
    place: str = "id",
) -> Node:  # fmt: skip
    """A page of a list in the order of column `place`; `rows(after, limit)` reads it. Forwards only."""
    first = given.get("first")
    if first is None:
        raise Denied(
            "MISSING_PAGINATION_BOUNDARIES", "You must provide a `first` value to page through this list."
        )
    if not 0 < first <= MOST:
        raise Denied(
            "EXCESSIVE_PAGINATION", f"Requesting {first} records exceeds the `first` limit of {MOST} records."
        )
    found = rows(_opened(given.get("after")), first + 1)
    page = found[:first]
    info = {
        "hasNextPage": len(found) > first, "hasPreviousPage": bool(given.get("after")),
        "startCursor": _cursor(page[0][place]) if page else None, "endCursor": _cursor(page[-1][place]) if page else None,
    }  # fmt: skip
    return {"nodes": [node(row) for row in page], "pageInfo": info, "totalCount": lambda info: total()}


def _cursor(place: object) -> str:
    return base64.b64encode(f"cursor:{place}".encode()).decode()


def _opened(cursor: str | None) -> str:
    if cursor is None:
        return ""
    try:
        return base64.b64decode(cursor, validate=True).decode().removeprefix("cursor:")
    except (binascii.Error, UnicodeDecodeError):
        raise Denied(
            "INVALID_CURSOR_ARGUMENTS", f"`{cursor}` does not appear to be a valid cursor."
        ) from None


def user(row: Row) -> Node:
    """A cloud account."""
    return {
        "__typename": "User", "id": f"U_{row['id']}", "databaseId": row["id"], "login": row["login"],
        "name": row["name"], "createdAt": iso(row["created_at"]),
        "organizationVerifiedDomainEmails": lambda info, login: _verified(info, row["id"]),
    }  # fmt: skip


def _verified(info: Any, cloud: int) -> list[str]:
    rows = info.context.db.execute(
        "SELECT DISTINCT value FROM identity WHERE cloud = ? AND rule = 2 AND key LIKE ?",
        (cloud, f"%@{DOMAIN}"),
    )
    return [row["value"] for row in rows]


def _members(info: Any, **given: Any) -> Node:
    """Members in the order of their logins; SERVER are those who have an account on a server."""
    db = info.context.db
    on_server = "AND s.servers > 0" if given.get("deployment") == "SERVER" else ""
    query = f"""SELECT c.*, s.servers FROM cloud c JOIN seat s ON s.cloud = c.id
        WHERE c.kind = 'member' AND c.login > ? {on_server} ORDER BY c.login LIMIT ?"""
    total = "members_on_servers" if on_server else "members"
    return connection(
        given,
        lambda: number(db, total),
        lambda after, limit: db.execute(query, (after, limit)).fetchall(),
        _member,
        "login",
    )


def _member(row: Row) -> Node:
    """People who are on servers too are enterprise user accounts, the others plain users: both occur."""
    if not row["servers"]:
        return user(row)
    facts = {name: row[name] for name in ("login", "name")}
    shown = {"id": f"EUA_{row['id']}", "createdAt": iso(row["created_at"]), "user": user(row)}
    return {"__typename": "EnterpriseUserAccount", **facts, **shown}


def _identities(info: Any, **given: Any) -> Node:
    """Linked identities in the order of their accounts."""
    db = info.context.db
    query = """SELECT c.* FROM cloud c WHERE c.id > ? AND
        EXISTS (SELECT 1 FROM identity i WHERE i.cloud = c.id AND i.rule = 1) ORDER BY c.id LIMIT ?"""

    def rows(after: str, limit: int) -> list[Row]:
        found: list[Row] = db.execute(query, (int(after or 0), limit)).fetchall()
        return found

    return connection(given, lambda: number(db, "identities"), rows, lambda row: _identity(db, row))


def _identity(db: Connection, row: Row) -> Node:
    values = db.execute(
        "SELECT source, value FROM identity WHERE cloud = ? AND rule = 1", (row["id"],)
    ).fetchall()
    given, _, family = row["name"].partition(" ")
    name = {"givenName": given, "familyName": family, "groups": []}
    saml = [value for value in values if not value["source"].startswith("scim:")]
    return {
        "id": f"EI_{row['id']}", "guid": guid("identity", row["id"]), "user": user(row),
        "samlIdentity": {**name, **_saml(saml)}, "scimIdentity": _scim(values, name),
    }  # fmt: skip


def _saml(values: list[Row]) -> Node:
    """Each value where the schema has a place for it, and all but the NameID among the attributes too."""
    emails = [_email(row["value"]) for row in values if row["source"] == "emails"]
    return {
        "nameId": _first(values, "NameID"), "username": _first(values, "username"), "emails": emails,
        "attributes": [
            {"name": row["source"], "value": row["value"], "metadata": None} for row in values if row["source"] != "NameID"
        ],
    }  # fmt: skip


def _scim(values: list[Row], name: Node) -> Node | None:
    emails = [_email(row["value"]) for row in values if row["source"] == "scim:emails"]
    username = _first(values, "scim:username")
    return {**name, "username": username, "emails": emails} if username or emails else None


def _first(values: list[Row], source: str) -> str | None:
    return next((row["value"] for row in values if row["source"] == source), None)


def _email(value: str) -> Node:
    return {"value": value, "type": "work", "primary": True}


def _domains(info: Any, **given: Any) -> Node:
    """Verified and approved domains; needs admin:enterprise (reference §8)."""
    _need(info.context, "admin:enterprise")
    db = info.context.db
    where = " AND ".join(
        f"{column} = {int(given[name])}"
        for name, column in (("isVerified", "verified"), ("isApproved", "approved"))
        if given.get(name) is not None
    )
    where = where or "1"

    def rows(after: str, limit: int) -> list[Row]:
        query = f"SELECT * FROM domain WHERE {where} AND id > ? ORDER BY id LIMIT ?"
        found: list[Row] = db.execute(query, (int(after or 0), limit)).fetchall()
        return found

    total = lambda: int(db.execute(f"SELECT count(*) FROM domain WHERE {where}").fetchone()[0])  # noqa: E731
    return connection(given, total, rows, _domain)


def _domain(row: Row) -> Node:
    return {
        "id": f"VD_{row['id']}", "databaseId": row["id"], "domain": row["domain"], "punycodeEncodedDomain": row["domain"],
        "isVerified": bool(row["verified"]), "isApproved": bool(row["approved"]), "isRequiredForPolicyEnforcement": False,
        "createdAt": iso(row["created_at"]), "updatedAt": iso(row["created_at"]),
    }  # fmt: skip


def _installations(info: Any, **given: Any) -> Node:
    db = info.context.db
    where = "state <> 'hidden'" + (" AND connected" if given.get("connectedOnly") else "")

    def rows(after: str, limit: int) -> list[Row]:
        query = f"SELECT * FROM server WHERE {where} AND id > ? ORDER BY id LIMIT ?"
        found: list[Row] = db.execute(query, (int(after or 0), limit)).fetchall()
        return found

    total = lambda: int(db.execute(f"SELECT count(*) FROM server WHERE {where}").fetchone()[0])  # noqa: E731
    return connection(given, total, rows, lambda row: _installation(db, row))


def _installation(db: Connection, row: Row) -> Node:
    return {
        "id": f"ESI_{row['id']}", "hostName": row["sent_host"] or row["host"], "customerName": setting(db, "name"),
        "isConnected": bool(row["connected"]), "createdAt": iso(row["created_at"]),
        "updatedAt": iso(row["sent_at"] or row["created_at"]),
        "userAccounts": lambda info, **given: _accounts(db, row, given),
        "userAccountsUploads": lambda info, **given: _uploads(row, given),
    }  # fmt: skip


def _accounts(db: Connection, server: Row, given: Mapping[str, Any]) -> Node:
    """What GHEC received of a server."""

    def rows(after: str, limit: int) -> list[Row]:
        found: list[Row] = db.execute(
            "SELECT * FROM received WHERE server = ? AND id > ? ORDER BY id LIMIT ?",
            (server["id"], int(after or 0), limit),
        ).fetchall()
        return found

    total = lambda: int(
        db.execute("SELECT count(*) FROM received WHERE server = ?", (server["id"],)).fetchone()[0]
    )  # noqa: E731
    return connection(given, total, rows, lambda row: _account(db, server, row))


def _account(db: Connection, server: Row, row: Row) -> Node:
    received = iso(server["sent_at"])
    return {
        "id": f"ESUA_{server['id']}_{row['id']}", "login": row["login"], "profileName": row["name"],
        "isSiteAdmin": bool(row["admin"]), "remoteUserId": row["id"], "remoteCreatedAt": iso(row["created_at"]),
        "createdAt": received, "updatedAt": received, "emails": lambda info, **given: _emails(db, server, row, given),
    }  # fmt: skip


def _emails(db: Connection, server: Row, row: Row, given: Mapping[str, Any]) -> Node:
    """Primary and secondary addresses: both travel, only the primary one matches (reference §4.3)."""
    query = """SELECT 1 AS id, ? AS email, 1 AS main WHERE ? IS NOT NULL UNION ALL
        SELECT rowid + 1, email, 0 FROM received_secondary WHERE server = ? AND account = ? ORDER BY id"""
    found = db.execute(query, (row["email"], row["email"], server["id"], row["id"])).fetchall()

    def rows(after: str, limit: int) -> list[Row]:
        return [each for each in found if each["id"] > int(after or 0)][:limit]

    return connection(given, lambda: len(found), rows, _address)


def _address(row: Row) -> Node:
    return {"id": f"ESUAE_{row['id']}", "email": row["email"], "isPrimary": bool(row["main"])}


def _uploads(server: Row, given: Mapping[str, Any]) -> Node:
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


def _invitations(info: Any, **given: Any) -> Node:
    db = info.context.db

    def rows(after: str, limit: int) -> list[Row]:
        found: list[Row] = db.execute(
            "SELECT * FROM cloud WHERE kind = 'invitation' AND id > ? ORDER BY id LIMIT ?",
            (int(after or 0), limit),
        ).fetchall()
        return found

    total = number(db, "invitations")
    return {**connection(given, lambda: total, rows, _invitation), "totalUniqueUserCount": total}


def _invitation(row: Row) -> Node:
    by_email = bool(row["invited_by_email"])
    return {
        "id": f"OI_{row['id']}", "createdAt": iso(row["created_at"]), "email": row["login"] if by_email else None,
        "invitationSource": "MEMBER" if row["expires_at"] else "SCIM", "invitationType": "EMAIL" if by_email else "USER",
        "invitee": None if by_email else user(row), "role": "DIRECT_MEMBER",
    }  # fmt: skip

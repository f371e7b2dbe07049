"""What GraphQL tells of organizations: those of the enterprise with identity providers, and octo-garden."""

from typing import Any

from ghconnect.sandbox import garden
from ghconnect.sandbox.fleet import OWNER
from ghconnect.sandbox.relay import Denied, Given, Node, by_id, connection, need
from ghconnect.sandbox.text import guid, iso
from ghconnect.sandbox.world import Connection, Row, number, setting

# Of these the owner of the enterprise is an owner too; of octo-labs she is none, and sees no identities there.
OWNED = ("octo-engineering", "octo-platform")
ORGANIZATIONS = (*OWNED, "octo-labs")


def organizations(info: Any, **given: Any) -> Node:
    """Organizations of the enterprise."""
    found = [{"id": number, "login": login} for number, login in enumerate(ORGANIZATIONS, start=1)]
    db = info.context.db

    def rows(after: str, limit: int) -> list[Any]:
        return [each for each in found if int(str(each["id"])) > int(after or 0)][:limit]

    return connection(given, lambda: len(found), rows, lambda each: corporate(db, str(each["login"])))


def organization(info: Any, login: str) -> Node:
    """One organization by its login, when the caller may see it."""
    who, db = info.context.who, info.context.db
    if login.lower() == garden.LOGIN and who.login == garden.OWNER:
        need(info.context, "read:org")
        return _garden(db)
    if login.lower() in ORGANIZATIONS and who.login == OWNER:
        return corporate(db, login.lower())
    raise Denied("NOT_FOUND", f"Could not resolve to an Organization with the login of '{login}'.")


def corporate(db: Connection, login: str) -> Node:
    """An organization of the enterprise; it has a provider of its own where the enterprise has none."""
    number_ = ORGANIZATIONS.index(login) + 1
    return {
        "id": f"O_{number_}", "databaseId": number_, "login": login, "name": login,
        "viewerCanAdminister": login in OWNED, "createdAt": iso(number(db, "made_at")),
        "samlIdentityProvider": lambda info: _provider(info, login),
    }  # fmt: skip


def _provider(info: Any, login: str) -> Node | None:
    need(info.context, "admin:org")
    if setting(info.context.db, "identity_at") != "organizations":
        return None
    if login not in OWNED:
        raise Denied("FORBIDDEN", f"{info.context.who.login} does not have permission to view {login}.")
    return {"id": f"OIP_{login}", "externalIdentities": lambda info, **given: _identities(info, login, given)}


def _identities(info: Any, login: str, given: Given) -> Node:
    """Linked identities of the members of one organization."""
    from ghconnect.sandbox.nodes import identity

    db = info.context.db
    mine = """FROM cloud c WHERE c.member_roles LIKE ? AND
        EXISTS (SELECT 1 FROM identity i WHERE i.cloud = c.id AND i.rule = 1)"""
    like = f'%"{login}:%'
    rows = by_id(db, f"SELECT c.* {mine} AND c.id > ? ORDER BY c.id LIMIT ?", like)
    total = db.execute(f"SELECT count(*) {mine}", (like,)).fetchone()[0]
    return connection(given, lambda: total, rows, lambda row: identity(db, row))


def _garden(db: Connection) -> Node:
    return {
        "id": "O_900001", "databaseId": garden.FIRST_ID, "login": garden.LOGIN, "name": garden.NAME,
        "viewerCanAdminister": True, "createdAt": iso(number(db, "made_at")), "domains": _domains,
        "membersWithRole": _members, "repositories": _repositories, "repository": _one,
        "samlIdentityProvider": _own_provider,
    }  # fmt: skip


def _own_provider(info: Any) -> Node:
    need(info.context, "admin:org")
    return {"id": "OIP_garden", "externalIdentities": _own_identities}


def _own_identities(info: Any, **given: Any) -> Node:
    db = info.context.db
    mine = "FROM garden WHERE kind = 'member' AND email IS NOT NULL AND id % 2"
    rows = by_id(db, f"SELECT * {mine} AND id > ? ORDER BY id LIMIT ?")
    total = db.execute(f"SELECT count(*) {mine}").fetchone()[0]
    return connection(given, lambda: total, rows, _own_identity)


def _own_identity(row: Row) -> Node:
    name = {"givenName": row["name"], "familyName": "", "groups": []}
    emails = [{"value": row["email"], "type": "work", "primary": True}]
    saml = {**name, "nameId": row["email"], "username": None, "emails": emails, "attributes": []}
    facts = {"id": f"EI_{row['id']}", "guid": guid("identity", row["id"]), "user": _user(row)}
    return {**facts, "samlIdentity": saml, "scimIdentity": None}


def _user(row: Row) -> Node:
    return {
        "__typename": "User", "id": f"U_{row['id']}", "databaseId": row["id"], "login": row["login"],
        "name": row["name"], "createdAt": iso(row["created_at"]),
        "organizationVerifiedDomainEmails": lambda info, login: [row["email"]] if row["email"] else [],
    }  # fmt: skip


def _members(info: Any, **given: Any) -> Node:
    db = info.context.db
    rows = by_id(db, "SELECT * FROM garden WHERE kind = 'member' AND id > ? ORDER BY id LIMIT ?")
    total = db.execute("SELECT count(*) FROM garden WHERE kind = 'member'").fetchone()[0]
    page = connection(given, lambda: total, rows, lambda row: row)
    return {**page, "edges": [_edge(row) for row in page["nodes"]]}


def _edge(row: Row) -> Node:
    facts = {"cursor": str(row["id"]), "hasTwoFactorEnabled": bool(row["two_factor"])}
    return {**facts, "role": str(row["role"]).upper(), "node": _user(row)}


def _domains(info: Any, **given: Any) -> Node:
    need(info.context, "admin:org")
    at = iso(number(info.context.db, "made_at"))
    node = {
        "id": "VD_garden", "databaseId": 900, "domain": garden.DOMAIN, "punycodeEncodedDomain": garden.DOMAIN,
        "isVerified": True, "isApproved": False, "isRequiredForPolicyEnforcement": False,
        "createdAt": at, "updatedAt": at,
    }  # fmt: skip

    def rows(after: str, limit: int) -> list[Any]:
        return [] if after else [{"id": 1}]

    return connection(given, lambda: 1, rows, lambda row: node)


def _repositories(info: Any, **given: Any) -> Node:
    """Private repositories only with the scope `repo`: without it GitHub does not show that they are there."""
    wanted = {"PRIVATE": (True,), "PUBLIC": (False,)}.get(str(given.get("privacy")), (True, False))
    found = [each for each in _visible(info) if each["private"] in wanted]

    def rows(after: str, limit: int) -> list[Any]:
        return [each for each in found if int(str(each["id"])) > int(after or 0)][:limit]

    return connection(given, lambda: len(found), rows, _repository)


def _visible(info: Any) -> list[dict[str, Any]]:
    may = info.context.who.may("repo")
    return [
        {"id": place, "name": name, "private": private}
        for place, (name, private) in enumerate(garden.REPOSITORIES, start=1)
        if may or not private
    ]


def _one(info: Any, name: str) -> Node | None:
    """One repository by its name; None where there is none, or none that may be seen."""
    return next((_repository(each) for each in _visible(info) if each["name"] == name), None)


def _repository(each: Any) -> Node:
    return {
        "id": f"R_{each['id']}", "name": each["name"], "nameWithOwner": f"{garden.LOGIN}/{each['name']}",
        "isPrivate": each["private"], "collaborators": lambda info, **given: _collaborators(info, each["name"], given),
    }  # fmt: skip


def _collaborators(info: Any, repository: str, given: Given) -> Node:
    db = info.context.db
    query = "SELECT * FROM garden WHERE kind = 'outside' AND repository = ? AND id > ? ORDER BY id LIMIT ?"
    count = "SELECT count(*) FROM garden WHERE kind = 'outside' AND repository = ?"
    rows = by_id(db, query, repository)
    return connection(given, lambda: db.execute(count, (repository,)).fetchone()[0], rows, _user)

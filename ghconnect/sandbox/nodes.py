"""What GraphQL fields resolve to: dictionaries whose functions ask the world when a field is wanted."""

import json
from typing import Any

from ghconnect.sandbox import nodes_orgs, nodes_servers
from ghconnect.sandbox.fleet import DOMAIN, OWNER, SLUG, WEB_HOST
from ghconnect.sandbox.relay import Context, Denied, Node, by_id, connection, need
from ghconnect.sandbox.text import guid, iso
from ghconnect.sandbox.world import Connection, Row, number, setting


def root() -> Node:
    """The query's root."""
    return {
        "enterprise": _enterprise, "organization": nodes_orgs.organization, "viewer": _viewer, "rateLimit": _rate_limit,
    }  # fmt: skip


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
    need(context, "read:enterprise")
    db = context.db
    return {
        "id": "E_1", "databaseId": 1, "slug": SLUG, "name": setting(db, "name"), "url": f"https://{WEB_HOST}",
        "createdAt": iso(number(db, "made_at") - 900 * 86400), "viewerIsAdmin": True, "billingInfo": _billing,
        "ownerInfo": _owner_info, "members": _members, "organizations": nodes_orgs.organizations,
    }  # fmt: skip


def _billing(info: Any) -> Node:
    db = info.context.db
    consumed, total = number(db, "seats_consumed"), number(db, "purchased")
    return {
        "allLicensableUsersCount": consumed, "totalLicenses": total, "totalAvailableLicenses": total - consumed,
    }  # fmt: skip


def _owner_info(info: Any) -> Node:
    return {
        "domains": nodes_servers.domains, "enterpriseServerInstallations": nodes_servers.installations,
        "pendingMemberInvitations": _invitations, "pendingCollaboratorInvitations": _collaborator_invitations,
        "samlIdentityProvider": _saml_provider, "oidcProvider": _oidc_provider,
    }  # fmt: skip


def _saml_provider(info: Any) -> Node | None:
    """The enterprise's own, unless its organizations have theirs, or it signs in by OpenID Connect."""
    if setting(info.context.db, "identity_at") != "enterprise":
        return None
    idp = f"https://idp.{DOMAIN}"
    return {"id": "EIP_1", "issuer": idp, "ssoUrl": f"{idp}/sso", "externalIdentities": _identities}


def _oidc_provider(info: Any) -> Node | None:
    if setting(info.context.db, "identity_at") != "oidc":
        return None
    return {"id": "OP_1", "tenantId": "octo-tenant", "externalIdentities": _identities}


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
    rows = by_id(db, query)
    return connection(given, lambda: number(db, "identities"), rows, lambda row: identity(db, row))


def identity(db: Connection, row: Row) -> Node:
    """An external identity with every value of it."""
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
    others = [row for row in values if row["source"] != "NameID"]
    attributes = [{"name": row["source"], "value": row["value"], "metadata": None} for row in others]
    names = {"nameId": _first(values, "NameID"), "username": _first(values, "username")}
    return {**names, "emails": emails, "attributes": attributes}


def _scim(values: list[Row], name: Node) -> Node | None:
    emails = [_email(row["value"]) for row in values if row["source"] == "scim:emails"]
    username = _first(values, "scim:username")
    return {**name, "username": username, "emails": emails} if username or emails else None


def _first(values: list[Row], source: str) -> str | None:
    return next((row["value"] for row in values if row["source"] == source), None)


def _email(value: str) -> Node:
    return {"value": value, "type": "work", "primary": True}


def _invitations(info: Any, **given: Any) -> Node:
    db = info.context.db
    rows = by_id(db, "SELECT * FROM cloud WHERE kind = 'invitation' AND id > ? ORDER BY id LIMIT ?")
    total = number(db, "invitations")
    return {**connection(given, lambda: total, rows, _invitation), "totalUniqueUserCount": total}


def _invitation(row: Row) -> Node:
    by_email = bool(row["invited_by_email"])
    return {
        "id": f"OI_{row['id']}", "createdAt": iso(row["created_at"]), "email": row["login"] if by_email else None,
        "invitationSource": "MEMBER" if row["expires_at"] else "SCIM",
        "invitationType": "EMAIL" if by_email else "USER",
        "invitee": None if by_email else user(row), "role": "DIRECT_MEMBER",
        "organization": lambda info: nodes_orgs.corporate(info.context.db, json.loads(row["invited_to"])[0]),
    }  # fmt: skip


def _collaborator_invitations(info: Any, **given: Any) -> Node:
    """One member is asked into a repository by login: that takes no license of its own (reference §4.2)."""
    rows = by_id(
        info.context.db, "SELECT * FROM cloud WHERE login = 'alex-smith' AND id > ? ORDER BY id LIMIT ?"
    )
    return connection(given, lambda: len(rows("", 1)), rows, _collaborator_invitation)


def _collaborator_invitation(row: Row) -> Node:
    where = {"nameWithOwner": "octo-labs/firmware"}
    return {"id": f"RI_{row['id']}", "email": None, "invitee": user(row), "repository": where}

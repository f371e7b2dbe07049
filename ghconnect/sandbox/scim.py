"""SCIM of an instance that has it: `GET /scim/v2/enterprises/{enterprise}/Users` (reference §6.4)."""

import json
import re

from starlette.requests import Request
from starlette.responses import Response

from ghconnect.sandbox import report
from ghconnect.sandbox.text import guid, iso
from ghconnect.sandbox.tokens import Refused, caller
from ghconnect.sandbox.world import Row

TYPE = "application/scim+json"
LIST = "urn:ietf:params:scim:api:messages:2.0:ListResponse"
USER = "urn:ietf:params:scim:schemas:core:2.0:User"
ERROR = "urn:ietf:params:scim:api:messages:2.0:Error"
FILTER = re.compile(r'^(userName|externalId|id|displayName)\s+eq\s+"([^"]*)"$', re.IGNORECASE)
COLUMNS = {"username": "login", "externalid": "login", "displayname": "name", "id": "id"}


def users(request: Request) -> Response:
    """A ListResponse; suspended accounts are `active: false` with login and address obfuscated."""
    server: Row = request.state.server
    if not server["scim"]:
        return failure(404, "SCIM is not enabled on this instance.")
    start, count = (
        _whole(request.query_params.get(name), default)
        for name, default in (("startIndex", 1), ("count", 30))
    )
    condition, values = _filter(request.query_params.get("filter"))
    with request.state.world.read() as db:
        who = caller(db, request, server["host"])
        request.state.caller = who
        if not who.may("site_admin") and not who.may("admin:enterprise"):
            raise Refused(failure(404, "Not Found"))
        where = f"FROM account WHERE server = ? AND {condition}"
        total = db.execute(f"SELECT count(*) {where}", (server["id"], *values)).fetchone()[0]
        rows = db.execute(
            f"SELECT * {where} ORDER BY id LIMIT ? OFFSET ?",
            (server["id"], *values, min(count, 100), start - 1),
        ).fetchall()
    body = {
        "schemas": [LIST], "totalResults": total, "itemsPerPage": len(rows), "startIndex": start,
        "Resources": [_resource(server, row) for row in rows],
    }  # fmt: skip
    return _answer(body)


def listed(request: Request, resources: list[dict[str, object]]) -> Response:
    """A ListResponse of a part of `resources`, by startIndex and count."""
    start, count = (
        _whole(request.query_params.get(name), default)
        for name, default in (("startIndex", 1), ("count", 30))
    )
    part = resources[start - 1 : start - 1 + min(count, 100)]
    body = {
        "schemas": [LIST], "totalResults": len(resources), "itemsPerPage": len(part), "startIndex": start,
        "Resources": part,
    }  # fmt: skip
    return _answer(body)


def _whole(text: str | None, default: int) -> int:
    return int(text) if text and text.isdecimal() and int(text) > 0 else default


def _filter(text: str | None) -> tuple[str, tuple[str, ...]]:
    if not text:
        return "1", ()
    found = FILTER.match(text.strip())
    if found is None:
        raise Refused(
            failure(400, "Only eq filters on userName, externalId, id and displayName.", "invalidFilter")
        )
    return f"{COLUMNS[found[1].lower()]} = ? COLLATE NOCASE", (found[2],)


def _resource(server: Row, row: Row) -> dict[str, object]:
    active = not row["suspended"]
    login = row["login"] if active else report.obfuscated(row["login"])
    email = (row["email"] or "") if active else f"{report.obfuscated(row['email'] or '')}@invalid.example"
    given, _, family = row["name"].partition(" ")
    identifier = guid(server["server_id"], "scim", row["id"])
    return {
        "schemas": [USER], "id": identifier, "externalId": f"E-{server['short']}-{row['id']}", "active": active,
        "userName": login, "displayName": row["name"] if active else login,
        "name": {"formatted": row["name"], "givenName": given, "familyName": family},
        "emails": [{"value": email, "type": "work", "primary": True}] if email else [],
        "roles": [{"value": "enterprise_owner" if row["admin"] else "user", "primary": True}], "groups": [],
        "meta": {
            "resourceType": "User", "created": iso(row["created_at"]),
            "lastModified": iso(row["last_active"] or row["created_at"]),
            "location": f"https://{server['host']}/api/v3/scim/v2/enterprises/octo-corp/Users/{identifier}",
        },
    }  # fmt: skip


def failure(status: int, detail: str, scim_type: str | None = None) -> Response:
    """A SCIM error: the status is a number here."""
    return _answer({"schemas": [ERROR], "detail": detail, "status": status, "scimType": scim_type}, status)


def _answer(body: object, status: int = 200) -> Response:
    return Response(json.dumps(body, ensure_ascii=False).encode(), status, media_type=TYPE)

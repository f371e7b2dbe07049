"""REST of the pretend GHEC at its API host (reference §5, §13)."""

import json

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from ghconnect.sandbox import garden, graph, limits, statistics
from ghconnect.sandbox.answers import answer, error, link, page_of, tagged
from ghconnect.sandbox.fleet import API_HOST, DOMAIN, OWNER, SLUG, WEB_HOST
from ghconnect.sandbox.make import subscription_id
from ghconnect.sandbox.text import guid, iso
from ghconnect.sandbox.tokens import Caller, Refused, caller
from ghconnect.sandbox.world import Connection, Row, World, number

VERSIONS = ("2022-11-28", "2026-03-10")
ROWS = """
SELECT s.position, s.ids, s.emails, s.servers, c.*, (
    SELECT value FROM identity i WHERE i.cloud = c.id AND i.source = 'NameID' LIMIT 1) AS name_id, (
    SELECT json_group_array(DISTINCT value) FROM identity i WHERE i.cloud = c.id AND i.rule = 2
    AND i.key LIKE '%@' || ?) AS verified
FROM seat s LEFT JOIN cloud c ON c.id = s.cloud WHERE s.position > ? AND s.position <= ? ORDER BY s.position
"""


def app() -> Starlette:
    """Routes of the API host."""
    from ghconnect.sandbox import managed

    routes = {
        "/meta": meta, "/versions": versions, "/rate_limit": rate_limit, "/user": user,
        "/enterprises/{enterprise}/consumed-licenses": consumed_licenses,
        "/enterprises/{enterprise}/license-sync-status": license_sync_status,
        "/enterprises/{enterprise}/visual-studio-subscriptions": subscriptions,
        "/enterprises/{enterprise}/settings/billing/advanced-security": managed.advanced_security,
        "/enterprises/{enterprise}/settings/billing/cost-centers": managed.cost_centers,
        "/scim/v2/enterprises/{enterprise}/Users": managed.users,
        "/enterprise-installation/{enterprise}/server-statistics": server_statistics,
        "/orgs/{org}": garden.organization,
        "/orgs/{org}/outside_collaborators": garden.outside_collaborators,
        "/orgs/{org}/invitations": garden.invitations,
    }  # fmt: skip
    gets = [Route(path, endpoint, methods=["GET"]) for path, endpoint in routes.items()]
    return Starlette(routes=[*gets, Route("/graphql", graph.graphql, methods=["POST"])])


def enterprise_admin(db: Connection, request: Request) -> Caller:
    """The caller, when it may read the enterprise. Wrong name, role or scope: 404, all alike (reference §13)."""
    who = caller(db, request, API_HOST)
    request.state.caller = who
    request.state.accepted_scopes = "read:enterprise"
    if who.fine_grained:
        raise Refused(error(403, "Resource not accessible by personal access token"))
    if (
        request.path_params["enterprise"].lower() != SLUG
        or who.login != OWNER
        or not who.may("read:enterprise")
    ):
        raise Refused(error(404))
    return who


def consumed_licenses(request: Request) -> Response:
    """`GET /enterprises/{enterprise}/consumed-licenses`: the merged rows."""
    page, per_page = page_of(request)
    with _world(request).read() as db:
        enterprise_admin(db, request)
        shift, grown = _shift(request, page)
        start = (page - 1) * per_page + shift
        rows = db.execute(ROWS, (DOMAIN, start, start + per_page)).fetchall()
        total = number(db, "seats")
        body = {
            "total_seats_consumed": number(db, "seats_consumed") + grown,
            "total_seats_purchased": number(db, "purchased"),
            "users": [row_of(row) for row in rows],
        }
    return tagged(request, body, link(request, page, max(1, -(-total // per_page))))


def _shift(request: Request, page: int) -> tuple[int, int]:
    """How far the rows have moved since page 1, and by how much the total has grown."""
    moved = request.state.troubles.get("shifting")
    rows = 0 if moved is None else int(moved) * (page - 1)
    return rows, -rows


def row_of(row: Row) -> dict[str, object]:
    """One row of the report, in the shape of the published schema (reference §5.3)."""
    ids = sorted(json.loads(row["ids"] or "[]"))
    account = row["kind"] in ("member", "outside") or (
        row["kind"] == "invitation" and not row["invited_by_email"]
    )
    studio = row["studio_email"] is not None
    login = row["login"] or ""
    nothing = None if row["kind"] in ("invitation", "subscriber") else ""
    return {
        "github_com_login": login,
        "github_com_name": row["name"] if row["name"] is not None else nothing,
        "enterprise_server_user_ids": ids,
        "github_com_user": account,
        "enterprise_server_user": bool(ids),
        "visual_studio_subscription_user": studio,
        "license_type": "visual studio subscription" if studio else "enterprise",
        "github_com_profile": f"https://{WEB_HOST}/{login}" if account else "",
        "github_com_member_roles": json.loads(row["member_roles"] or "[]"),
        "github_com_enterprise_roles": [row["enterprise_role"]] if row["enterprise_role"] else [],
        "github_com_verified_domain_emails": json.loads(row["verified"] or "[]"),
        "github_com_saml_name_id": row["name_id"] or "",
        "github_com_orgs_with_pending_invites": json.loads(row["invited_to"] or "[]"),
        "github_com_two_factor_auth": None if row["two_factor"] is None else bool(row["two_factor"]),
        "enterprise_server_emails": sorted(json.loads(row["emails"] or "[]")),
        "visual_studio_license_status": row["studio_status"] or "",
        "visual_studio_subscription_email": row["studio_email"] or "",
        "total_user_accounts": row["servers"] + (1 if account else 0),
    }


def license_sync_status(request: Request) -> Response:
    """`GET /enterprises/{enterprise}/license-sync-status`: when each server was last received."""
    with _world(request).read() as db:
        enterprise_admin(db, request)
        rows = db.execute("SELECT * FROM server WHERE state <> 'hidden' ORDER BY id").fetchall()
    return tagged(request, {"server_instances": [_instance(row) for row in rows]})


def server_statistics(request: Request) -> Response:
    """`GET /enterprise-installation/{enterprise}/server-statistics`: what some servers share."""
    with _world(request).read() as db:
        enterprise_admin(db, request)
        return statistics.days(db, request)


def _instance(row: Row) -> dict[str, object]:
    sent = row["sent_at"]
    last = {"date": iso(sent) if sent else "", "status": "success" if sent else "", "error": ""}
    return {"server_id": row["known_id"], "hostname": row["sent_host"] or row["host"], "last_sync": last}


# Whom no address or identity of theirs matches with the subscription, an owner has matched (reference §4.4).
_BY_HAND = """(login <> '' AND NOT EXISTS (SELECT 1 FROM identity i
    WHERE i.cloud = cloud.id AND i.key = lower(studio_email)))"""


def subscriptions(request: Request) -> Response:
    """`GET /enterprises/{enterprise}/visual-studio-subscriptions`."""
    page, per_page = page_of(request)
    unmatched = request.query_params.get("is_unmatched_only", "").lower() == "true"
    where = "FROM cloud WHERE studio_email IS NOT NULL" + (" AND kind = 'subscriber'" if unmatched else "")
    with _world(request).read() as db:
        enterprise_admin(db, request)
        total = db.execute(f"SELECT count(*) {where}").fetchone()[0]
        rows = db.execute(
            f"SELECT *, {_BY_HAND} AS by_hand {where} ORDER BY id LIMIT ? OFFSET ?",
            (per_page, (page - 1) * per_page),
        ).fetchall()
        seed = number(db, "seed")
    found = [_subscription(row, seed) for row in rows]
    headers = link(request, page, max(1, -(-total // per_page)))
    return tagged(request, {"total_count": total, "visual_studio_subscriptions": found}, headers)


def _subscription(row: Row, seed: int) -> dict[str, object]:
    return {
        "visual_studio_subscription_email": row["studio_email"],
        "subscription_id": subscription_id(seed, row["id"]),
        "username": row["login"] or None,
        "manual_match": bool(row["by_hand"]),
    }


def meta(request: Request) -> Response:
    """`GET /meta`."""
    return answer(
        {"verifiable_password_authentication": False, "api": ["127.0.0.1/32"], "web": ["127.0.0.1/32"]}
    )


def versions(request: Request) -> Response:
    """`GET /versions`."""
    return answer(list(VERSIONS))


def rate_limit(request: Request) -> Response:
    """`GET /rate_limit`: costs nothing."""
    with _world(request).read() as db:
        request.state.caller = caller(db, request, API_HOST)
        most = number(db, "rate_limit")
    token = request.state.caller.token
    core, graphql = (_shown(limits.state(token, name, most)) for name in ("core", "graphql"))
    search = {"limit": 30, "remaining": 30, "reset": core["reset"], "used": 0}
    return answer({"resources": {"core": core, "search": search, "graphql": graphql}, "rate": core})


def _shown(limit: dict[str, int]) -> dict[str, int]:
    return {**limit, "remaining": max(0, limit["remaining"])}


def user(request: Request) -> Response:
    """`GET /user`: the account of the token."""
    with _world(request).read() as db:
        who = caller(db, request, API_HOST)
        request.state.caller = who
        row = db.execute("SELECT * FROM cloud WHERE login = ? AND kind = 'member'", (who.login,)).fetchone()
        row = row or garden.find(db, who.login)
    if row is None:
        return error(401)
    api = f"https://{API_HOST}/users/{row['login']}"
    body = {
        "login": row["login"], "id": row["id"], "node_id": guid("user", row["id"]), "type": "User", "site_admin": False,
        "url": api, "html_url": f"https://{WEB_HOST}/{row['login']}", "name": row["name"], "email": None,
        "created_at": iso(row["created_at"]), "updated_at": iso(row["created_at"]),
    }  # fmt: skip
    return answer(body)


def _world(request: Request) -> World:
    world: World = request.state.world
    return world

"""Endpoints of a pretend instance: what a site administrator's token may read (reference §6)."""

from collections.abc import Callable

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from ghconnect.sandbox import report, scim
from ghconnect.sandbox.answers import answer, error, link_since, page_of, tagged
from ghconnect.sandbox.text import http_date, iso
from ghconnect.sandbox.tokens import Caller, Refused, caller
from ghconnect.sandbox.world import Connection, Row, World, days_left, number

Endpoint = Callable[[Request], Response]


def app() -> Starlette:
    """Routes of one instance; which one is in `request.state.server`."""
    routes = {
        "/api/v3/meta": meta, "/api/v3/user": user, "/api/v3/users": users, "/api/v3/users/{login}": one_user,
        "/api/v3/enterprise/settings/license": license_information, "/api/v3/enterprise/stats/all": stats,
        "/api/v3/enterprise/stats/users": user_stats, "/api/v3/rate_limit": rate_limit,
        "/api/v3/scim/v2/enterprises/{enterprise}/Users": scim.users,
        "/stafftools/reports/all_users.csv": all_users,
    }  # fmt: skip
    return Starlette(routes=[Route(path, endpoint, methods=["GET"]) for path, endpoint in routes.items()])


def site_admin(db: Connection, request: Request) -> Caller:
    """The caller, when it is a site administrator with the scope for it; else 404, as if nothing were there."""
    server: Row = request.state.server
    who = caller(db, request, server["host"])
    request.state.caller = who
    row = account_of(db, server, who.login)
    if row is None or not row["admin"] or row["suspended"] or not who.may("site_admin"):
        raise Refused(error(404))
    return who


def account_of(db: Connection, server: Row, login: str) -> Row | None:
    """The account with a login, in whatever case; None if there is none."""
    row: Row | None = db.execute(
        "SELECT * FROM account WHERE server = ? AND login = ? COLLATE NOCASE", (server["id"], login)
    ).fetchone()
    return row


def meta(request: Request) -> Response:
    """`GET /meta`: the version; open to everybody."""
    body = {"verifiable_password_authentication": True, "installed_version": request.state.server["version"]}
    return tagged(request, body)


def user(request: Request) -> Response:
    """`GET /user`: the account of the token, which names the user for the report's basic authentication."""
    with _world(request).read() as db:
        who = caller(db, request, request.state.server["host"])
        request.state.caller = who
        row = account_of(db, request.state.server, who.login)
    return error(401) if row is None else answer(_profile(request, row))


def users(request: Request) -> Response:
    """`GET /users`: everybody, paged by `since`; neither primary email nor suspension (reference §6.4)."""
    since = request.query_params.get("since", "0")
    _, per_page = page_of(request)
    with _world(request).read() as db:
        request.state.caller = caller(db, request, request.state.server["host"])
        rows = db.execute(
            "SELECT * FROM account WHERE server = ? AND id > ? ORDER BY id LIMIT ?",
            (request.state.server["id"], int(since) if since.isdecimal() else 0, per_page + 1),
        ).fetchall()
    headers = link_since(request, rows[per_page - 1]["id"]) if len(rows) > per_page else {}
    return tagged(request, [_simple(request, row) for row in rows[:per_page]], headers)


def one_user(request: Request) -> Response:
    """`GET /users/{username}`."""
    with _world(request).read() as db:
        request.state.caller = caller(db, request, request.state.server["host"])
        row = account_of(db, request.state.server, request.path_params["login"])
    return error(404) if row is None else answer(_profile(request, row))


def _simple(request: Request, row: Row) -> dict[str, object]:
    """A "simple user": names and addresses of its parts, as the schema wants them."""
    host, login = request.state.server["host"], row["login"]
    if "obfuscated" in request.state.troubles and row["suspended"]:
        login = report.obfuscated(login)
    api = f"https://{host}/api/v3/users/{login}"
    parts = {
        "followers": "", "following": "{/other_user}", "gists": "{/gist_id}", "starred": "{/owner}{/repo}",
        "subscriptions": "", "organizations": "", "repos": "", "events": "{/privacy}", "received_events": "",
    }  # fmt: skip
    paths = {"organizations": "orgs"}
    return {
        "login": login, "id": row["id"], "node_id": f"U_{row['id']}", "avatar_url": f"https://{host}/avatars/u/{row['id']}",
        "gravatar_id": "", "url": api, "html_url": f"https://{host}/{login}",
        **{f"{name}_url": f"{api}/{paths.get(name, name)}{more}" for name, more in parts.items()},
        "type": "User", "site_admin": bool(row["admin"]),
    }  # fmt: skip


def _profile(request: Request, row: Row) -> dict[str, object]:
    """A public user: with name and counts; the address only if its owner shows it, and here nobody does."""
    more = dict.fromkeys(("company", "location", "email", "hireable", "bio", "twitter_username"))
    counts = dict.fromkeys(("public_repos", "public_gists", "followers", "following"), 0)
    times = {"created_at": iso(row["created_at"]), "updated_at": iso(row["last_active"] or row["created_at"])}
    return {**_simple(request, row), "name": row["name"], "blog": "", **more, **counts, **times}


def license_information(request: Request) -> Response:
    """`GET /enterprise/settings/license`: site administrators only; the expiry is not ISO 8601 (reference §6.4)."""
    with _world(request).read() as db:
        site_admin(db, request)
        used = _count(db, request.state.server, "NOT suspended AND last_active IS NOT NULL")
        seats, expiry = number(db, "purchased"), number(db, "renewal_at")
        days = days_left(db)
    body = {
        "seats": seats, "seats_used": used, "seats_available": seats - used, "kind": "standard",
        "days_until_expiration": days, "expire_at": f"{iso(expiry)[:10].replace('-', '/')} {iso(expiry)[11:19]} +0000",
    }  # fmt: skip
    return answer(body)


def _count(db: Connection, server: Row, condition: str) -> int:
    query = f"SELECT count(*) FROM account WHERE server = ? AND {condition}"
    return int(db.execute(query, (server["id"],)).fetchone()[0])


def _user_counts(request: Request) -> dict[str, int]:
    with _world(request).read() as db:
        site_admin(db, request)
        conditions = {"total_users": "1", "admin_users": "admin", "suspended_users": "suspended"}
        return {name: _count(db, request.state.server, condition) for name, condition in conditions.items()}


def user_stats(request: Request) -> Response:
    """`GET /enterprise/stats/users`."""
    return answer(_user_counts(request))


def stats(request: Request) -> Response:
    """`GET /enterprise/stats/all`: users are true, the rest is plausible."""
    people = _user_counts(request)
    total = people["total_users"]
    names = {
        "repos": ("total_repos", "root_repos", "fork_repos", "org_repos", "total_pushes", "total_wikis"),
        "hooks": ("total_hooks", "active_hooks", "inactive_hooks"), "pages": ("total_pages",),
        "orgs": ("total_orgs", "disabled_orgs", "total_teams", "total_team_members"),
        "pulls": ("total_pulls", "merged_pulls", "mergeable_pulls", "unmergeable_pulls"),
        "issues": ("total_issues", "open_issues", "closed_issues"),
        "milestones": ("total_milestones", "open_milestones", "closed_milestones"),
        "gists": ("total_gists", "private_gists", "public_gists"),
        "comments": (
            "total_commit_comments", "total_gist_comments", "total_issue_comments", "total_pull_request_comments",
        ),
    }  # fmt: skip
    body = {
        group: {name: total * 2 // place for place, name in enumerate(parts, 1)}
        for group, parts in names.items()
    }
    return answer({**body, "users": people})


def rate_limit(request: Request) -> Response:
    """Limits are off on an instance by default (reference §13)."""
    return error(404, "Rate limiting is not enabled.")


def all_users(request: Request) -> Response:
    """`/stafftools/reports/all_users.csv`: 202 until it is made, then the cached report."""
    world, server, troubles = _world(request), request.state.server, request.state.troubles
    with world.read() as db:
        site_admin(db, request)
    made = None if "accepted" in troubles else report.made_at(world, server)
    if made is None and "old_report" not in troubles:
        return Response(status_code=202, headers={"content-length": "0", "cache-control": "no-cache"})
    made = server["sent_at"] if "old_report" in troubles else made
    headers = {
        "last-modified": http_date(made or 0), "cache-control": "private",
        "content-disposition": "attachment; filename=all_users.csv",
    }  # fmt: skip
    return StreamingResponse(report.lines(world, server, troubles), 200, headers, "text/csv; charset=utf-8")


def _world(request: Request) -> World:
    world: World = request.state.world
    return world

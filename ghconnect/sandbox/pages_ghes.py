"""Pages of a pretend instance: GitHub Connect, License, users, the report for people who carry files."""

from collections.abc import Callable

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from ghconnect.sandbox import connect, report, usage_file
from ghconnect.sandbox.fleet import SLUG, WEB_HOST, reading_token
from ghconnect.sandbox.html import ago, button, field, hidden, join, link, page, table, tag
from ghconnect.sandbox.pages import world_of
from ghconnect.sandbox.text import http_date, iso
from ghconnect.sandbox.world import Connection, Row, days_left, now, number

PAGE = 50
OTHER_FEATURES = (
    "Users can receive vulnerability alerts for open source code dependencies",
    "Users can utilize actions from GitHub.com in workflow runs",
    "Share server statistics with GitHub.com",
    "Users can search GitHub.com",
)
Page = Callable[[Request], Response]


def routes() -> dict[str, Page]:
    """Path → page. The console's "Open on the instance" leads to these."""
    base = "/ghes/{host}"
    enterprise = f"{base}/enterprises/{SLUG}"
    return {
        base: index, enterprise: index, f"{enterprise}/settings": index,
        f"{enterprise}/github-connect": github_connect, f"{enterprise}/settings/github-connect": github_connect,
        f"{enterprise}/license": license_page, f"{enterprise}/settings/license": license_page,
        f"{enterprise}/license/usage.json": usage, f"{base}/stafftools/users": users, f"{base}/settings/tokens": tokens,
        f"{base}/all_users.csv": all_users, f"{base}/stafftools/reports/all_users.csv": all_users,
        f"{base}/stafftools/reports": reports,
    }  # fmt: skip


def _server(db: Connection, request: Request) -> Row | None:
    row: Row | None = db.execute(
        "SELECT * FROM server WHERE (host = ?1 OR short = ?1) AND state <> 'hidden'",
        (request.path_params["host"],),
    ).fetchone()
    return row


def _with_server(show: Callable[[Connection, Row, Request], Response]) -> Page:
    """A page about one server; a host that is not there gets words."""

    def view(request: Request) -> Response:
        connect.catch_up(world_of(request))
        with world_of(request).read() as db:
            server = _server(db, request)
            if server is None:
                return page("No such instance", tag("p", "There is no instance of this name."), status=404)
            return show(db, server, request)

    return view


def _navigation(server: Row) -> list[tuple[str, str]]:
    base = f"/ghes/{server['host']}"
    enterprise = f"{base}/enterprises/{SLUG}"
    return [
        (base, server["host"]),
        (f"{enterprise}/github-connect", "GitHub Connect"),
        (f"{enterprise}/license", "License"),
        (f"{base}/stafftools/users", "Users"),
        (f"{base}/stafftools/reports", "Reports"),
        (f"{base}/settings/tokens", "Tokens"),
    ]


def _page(server: Row, title: str, *parts: object) -> Response:
    about = f"{server['host']} · GitHub Enterprise Server {server['version']}"
    return page(title, tag("p", about, class_="muted"), *parts, navigation=_navigation(server))


@_with_server
def index(db: Connection, server: Row, request: Request) -> Response:
    """The instance's first page."""
    places = tag("ul", *(tag("li", link(href, words)) for href, words in _navigation(server)[1:]))
    reach = {
        "airgapped": "It has no network to the outside.",
        "retired": "It was retired; nothing answers here.",
    }
    return _page(server, "Enterprise settings", tag("p", reach.get(server["state"], "")), places)


@_with_server
def github_connect(db: Connection, server: Row, request: Request) -> Response:
    """GitHub Connect of the instance itself."""
    if not server["connected"]:
        return _page(server, "GitHub Connect", tag("p", "GitHub Connect is not enabled yet"))
    rows = [("License sync", "Enabled"), *((name, "Disabled") for name in OTHER_FEATURES)]
    account = f"{SLUG} at {WEB_HOST}"
    return _page(server, "GitHub Connect", tag("p", f"Connected to {account}"), table(["Feature", ""], rows))


@_with_server
def license_page(db: Connection, server: Row, request: Request) -> Response:
    """License: user licenses, the instance's own "Sync now", "Export license usage"."""
    base = f"/ghes/{server['host']}"
    used = db.execute(
        "SELECT count(*) FROM account WHERE server = ? AND NOT suspended AND last_active IS NOT NULL",
        (server["id"],),
    ).fetchone()[0]
    days = days_left(db)
    export = link(f"{base}/enterprises/{SLUG}/license/usage.json", "Export license usage")
    quick = tag("p", link(f"{base}/stafftools/users", "View users"), " · ", export)
    total = f"{used:,} of {number(db, 'purchased'):,} licenses consumed on this instance; they expire in {days} days"
    return _page(
        server, "License", tag("h2", "User licenses"), tag("p", total), tag("h2", "Quick links"), quick,
        tag("h2", "License sync"), _sync(db, server),
    )  # fmt: skip


def _sync(db: Connection, server: Row) -> str:
    if not server["connected"]:
        return tag(
            "p", "GitHub Connect is not enabled, so nothing is sent. Export the file and add it at GitHub."
        )
    sent, weekly = server["sent_at"], server["next_send_at"]
    last = f"Last synced {ago(now(db) - sent)}, {iso(sent)}." if sent else "Never synced."
    following = f" Next by itself {iso(weekly)}." if weekly else " The weekly job does not run."
    count = f"GitHub counts {number(db, 'seats_consumed'):,} licenses of octo-corp now."
    back = f"/ghes/{server['host']}/enterprises/{SLUG}/license"
    return join(
        tag("p", last, following),
        tag("p", count, class_="muted"),
        button("/control/sync-now", "Sync now", back=back, host=server["host"]),
    )


@_with_server
def usage(db: Connection, server: Row, request: Request) -> Response:
    """The exported file."""
    name = {"content-disposition": f'attachment; filename="{server["short"]}-license-usage.json"'}
    return StreamingResponse(usage_file.export(world_of(request), server), 200, name, "application/json")


@_with_server
def all_users(db: Connection, server: Row, request: Request) -> Response:
    """The report as a person downloads it, for servers that machines cannot reach."""
    headers = {
        "content-disposition": "attachment; filename=all_users.csv",
        "last-modified": http_date(now(db)),
    }
    rows = db.execute("SELECT kind, value FROM trouble WHERE host = ?", (server["host"],))
    troubles = {row["kind"]: row["value"] for row in rows}
    return StreamingResponse(
        report.lines(world_of(request), server, troubles), 200, headers, "text/csv; charset=utf-8"
    )


@_with_server
def reports(db: Connection, server: Row, request: Request) -> Response:
    """Reports for site administrators."""
    return _page(
        server, "Reports", tag("p", "All users: ", link(f"/ghes/{server['host']}/all_users.csv", "Download"))
    )


@_with_server
def tokens(db: Connection, server: Row, request: Request) -> Response:
    """The token that reads this instance, and a way to revoke it or let it work again."""
    token = reading_token(server["short"])
    state = db.execute("SELECT state FROM token WHERE token = ?", (token,)).fetchone()[0]
    back = f"/ghes/{server['host']}/settings/tokens"
    change = (
        button("/control/repair", "Let it work again", back=back, host=server["host"], kind="token_revoked")
        if state == "revoked"
        else button("/control/break", "Revoke", back=back, host=server["host"], kind="token_revoked")
    )
    row = [server["reader"], tag("code", token), "site_admin", state, change]
    return _page(
        server, "Personal access tokens (classic)", table(["Account", "Token", "Scopes", "State", ""], [row])
    )


@_with_server
def users(db: Connection, server: Row, request: Request) -> Response:
    """Accounts by id, fifty at a time, with what can be done to them."""
    after, query = request.query_params.get("after", "0"), request.query_params.get("q", "").strip()
    rows = db.execute(
        """SELECT * FROM account WHERE server = ? AND id > ?
           AND (? = '' OR login LIKE ? || '%' OR email LIKE ? || '%') ORDER BY id LIMIT ?""",
        (server["id"], int(after) if after.isdecimal() else 0, query, query, query, PAGE + 1),
    ).fetchall()
    here = f"/ghes/{server['host']}/stafftools/users"
    search = tag(
        "form", field("Login or email begins with", "q", query), tag("button", "Search"), action=here
    )
    more = link(f"{here}?q={query}&after={rows[PAGE - 1]['id']}", "Next") if len(rows) > PAGE else ""
    shown = table(
        ["id", "Login", "Primary email", "State", ""], (_user(server, row, here) for row in rows[:PAGE])
    )
    return _page(server, "Users", search, shown, tag("p", more))


def _user(server: Row, row: Row, back: str) -> list[object]:
    words = [name for name in ("admin", "suspended", "dormant") if row[name]] + (
        [] if row["last_active"] else ["never active"]
    )
    who = hidden(host=server["host"], login=row["login"])
    suspend = button(
        "/control/suspend", "Unsuspend" if row["suspended"] else "Suspend", who, back=back,
        suspended="false" if row["suspended"] else "true",
    )  # fmt: skip
    change = button(
        "/control/change-email", "Change address", who, field("", "email", row["email"] or ""), back=back
    )
    return [row["id"], row["login"], row["email"], ", ".join(words), join(suspend, change)]

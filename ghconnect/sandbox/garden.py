"""A second account: octo-garden, a single organization that no enterprise owns (REST of it; reference §4.2)."""

from collections.abc import Callable

from starlette.requests import Request
from starlette.responses import Response

from ghconnect.sandbox.answers import error, link, page_of, tagged
from ghconnect.sandbox.fleet import API_HOST, WEB_HOST
from ghconnect.sandbox.text import DAY, guid, iso
from ghconnect.sandbox.tokens import Caller, Refused, caller
from ghconnect.sandbox.world import Connection, Row

LOGIN, NAME, SEATS = "octo-garden", "Octo Garden", 15
OWNER, DOMAIN = "ines-garden", "octo-garden.example"
TOKEN = "ghp_PRETENDOctoGardenOwner".ljust(40, "0")
TOKENS = (
    (API_HOST, TOKEN, OWNER, "admin:org, repo", "good"),
    (API_HOST, "ghp_PRETENDOctoGardenReadOnly".ljust(40, "0"), OWNER, "read:org", "good"),
)
FIRST_ID = 900_001
MEMBERS = (
    ("Inês Garden", OWNER), ("Olu Adeyemi", "olu-adeyemi"), ("Sofia Rossi", "sofia-rossi"), ("Tom Becker", "tbecker"),
    ("Hana Sato", "hana-sato"), ("Mateo Cruz", "mateo-cruz"), ("Amara Diallo", "amara-d"), ("Jonas Lind", "jonas-lind"),
    ("Leila Haddad", "leila-h"),
)  # fmt: skip
# Kim works in a private repository and holds a license; Robin only in a public one and holds none (reference §4.2).
OUTSIDE = (("Kim Outside", "kim-outside", "seeds-private"), ("Robin Public", "robin-public", "seeds-public"))
# A billing manager's invitation takes no license.
INVITED = (("new-gardener", "direct_member", 0), ("visitor@octo-partner.example", "admin", 1),
           ("books@octo-partner.example", "billing_manager", 1))  # fmt: skip
REPOSITORIES = (("seeds-private", True), ("seeds-public", False))


def insert(db: Connection, made_at: int) -> None:
    """The organization of a new world."""
    rows: list[tuple[object, ...]] = []
    for number, (name, login) in enumerate(MEMBERS):
        email = None if login == "leila-h" else f"{login}@{DOMAIN}"
        rows.append(
            (login, name, "member", "admin" if login == OWNER else "member", number % 4 != 1, email, "", 0)
        )
    for name, login, repository in OUTSIDE:
        rows.append((login, name, "outside", "", 1, None, repository, 0))
    for login, role, by_email in INVITED:
        rows.append((login, None, "invitation", role, None, None, "", by_email))
    marks = ", ".join("?" * 10)
    for number, row in enumerate(rows):
        db.execute(
            f"INSERT INTO garden VALUES ({marks})", (FIRST_ID + number, *row, made_at - (90 - number) * DAY)
        )
    db.executemany("INSERT INTO token (host, token, login, scopes, state) VALUES (?, ?, ?, ?, ?)", TOKENS)


def add_outside(db: Connection, count: int) -> None:
    """Let so many more people work in the private repository from outside; the ones added before go."""
    first = FIRST_ID + 1000
    db.execute("DELETE FROM garden WHERE id >= ?", (first,))
    db.executemany(
        "INSERT INTO garden VALUES (?, ?, ?, 'outside', '', 1, NULL, 'seeds-private', 0, ?)",
        ((first + n, f"outsider-{n + 1}", f"Outsider {n + 1}", 1_700_000_000) for n in range(count)),
    )


def find(db: Connection, login: str) -> Row | None:
    """A member by login."""
    found: Row | None = db.execute(
        "SELECT * FROM garden WHERE login = ? AND kind = 'member'", (login,)
    ).fetchone()
    return found


def filled(db: Connection) -> int:
    """Licenses: members, invitations but of billing managers, collaborators of private repositories."""
    private = [name for name, is_private in REPOSITORIES if is_private]
    query = f"""SELECT count(*) FROM garden WHERE role <> 'billing_manager'
        AND (kind <> 'outside' OR repository IN ({", ".join("?" * len(private))}))"""
    return int(db.execute(query, private).fetchone()[0])


def organization(request: Request) -> Response:
    """`GET /orgs/{org}`: its owner sees the plan with seats and filled seats."""
    with request.state.world.read() as db:
        who = _caller(db, request)
        body: dict[str, object] = {
            "login": LOGIN, "id": FIRST_ID, "node_id": guid("org", FIRST_ID), "name": NAME, "type": "Organization",
            "url": f"https://{API_HOST}/orgs/{LOGIN}", "html_url": f"https://{WEB_HOST}/{LOGIN}",
        }  # fmt: skip
        if who.login == OWNER and (who.may("read:org")):
            seats = {"filled_seats": filled(db), "seats": SEATS}
            body["plan"] = {"name": "enterprise", "space": 976562499, "private_repos": 999999, **seats}
    return tagged(request, body)


def outside_collaborators(request: Request) -> Response:
    """`GET /orgs/{org}/outside_collaborators`: of public repositories too."""
    return _listed(request, "outside", lambda row: _user(row["login"], row["id"]))


def invitations(request: Request) -> Response:
    """`GET /orgs/{org}/invitations`: pending ones."""
    return _listed(request, "invitation", _invitation)


def _caller(db: Connection, request: Request) -> Caller:
    who = caller(db, request, API_HOST)
    request.state.caller = who
    request.state.accepted_scopes = "admin:org, read:org, repo, user, write:org"
    if request.path_params["org"].lower() != LOGIN:
        raise Refused(error(404))
    return who


def _listed(request: Request, kind: str, show: Callable[[Row], dict[str, object]]) -> Response:
    page, per_page = page_of(request)
    with request.state.world.read() as db:
        who = _caller(db, request)
        if who.login != OWNER or not who.may("read:org"):
            raise Refused(error(404))
        total = db.execute("SELECT count(*) FROM garden WHERE kind = ?", (kind,)).fetchone()[0]
        rows = db.execute(
            "SELECT * FROM garden WHERE kind = ? ORDER BY id LIMIT ? OFFSET ?",
            (kind, per_page, (page - 1) * per_page),
        ).fetchall()
    return tagged(request, [show(row) for row in rows], link(request, page, max(1, -(-total // per_page))))


def _user(login: str, number: int) -> dict[str, object]:
    api, web = f"https://{API_HOST}/users/{login}", f"https://{WEB_HOST}/{login}"
    links = ("followers", "subscriptions", "organizations", "repos", "received_events")
    return {
        "login": login, "id": number, "node_id": guid("user", number), "gravatar_id": "",
        "avatar_url": f"{web}.png", "url": api, "html_url": web, "type": "User", "site_admin": False,
        **{f"{name}_url": f"{api}/{name}" for name in links},
        "following_url": f"{api}/following{{/other_user}}", "gists_url": f"{api}/gists{{/gist_id}}",
        "starred_url": f"{api}/starred{{/owner}}{{/repo}}", "events_url": f"{api}/events{{/privacy}}",
    }  # fmt: skip


def _invitation(row: Row) -> dict[str, object]:
    by_email = bool(row["by_email"])
    return {
        "id": row["id"], "login": None if by_email else row["login"], "email": row["login"] if by_email else None,
        "role": row["role"], "created_at": iso(row["created_at"]), "failed_at": None, "failed_reason": None,
        "inviter": _user(OWNER, FIRST_ID),
        "team_count": 0, "node_id": guid("invitation", row["id"]), "invitation_source": "member",
        "invitation_teams_url": f"https://{API_HOST}/orgs/{LOGIN}/invitations/{row['id']}/teams",
    }  # fmt: skip


def world() -> dict[str, str]:
    """What `/world.json` tells of it; `less` is a token that lacks scopes."""
    less = next(token for _, token, *_ in TOKENS if token != TOKEN)
    return {"login": LOGIN, "name": NAME, "host": WEB_HOST, "token": TOKEN, "less": less}

"""The control page, where somebody plays with time, people and trouble."""

from starlette.requests import Request
from starlette.responses import Response

from ghconnect.sandbox import breaking, connect, fleet, garden, story, trouble
from ghconnect.sandbox.deeds import IDENTITY_AT
from ghconnect.sandbox.html import ago, button, choice, field, join, link, page, table, tag
from ghconnect.sandbox.text import iso
from ghconnect.sandbox.world import Connection, Row, World, now, number, setting

SERVERS = """SELECT s.*, (SELECT count(*) FROM account a WHERE a.server = s.id) AS accounts FROM server s
WHERE s.state <> 'hidden' ORDER BY s.id"""


def control(world: World) -> Response:
    """The page at `/`."""
    connect.catch_up(world)
    with world.read() as db:
        servers = db.execute(SERVERS).fetchall()
        events = db.execute("SELECT * FROM event ORDER BY id DESC LIMIT 12").fetchall()
        return page(
            "Control page", _summary(db), tag("h2", "Time"), _time(db), tag("h2", "Servers"), _servers(db, servers),
            tag("h2", "People on the servers"), _people(servers), tag("h2", "At GitHub"), _github(db),
            tag("h2", "Trouble"), _trouble(db, servers), tag("h2", "What happened"),
            table(["When", "What"], ((iso(row["at"]), row["text"]) for row in events)),
            tag("h2", "Start again"), _again(db),
        )  # fmt: skip


def _summary(db: Connection) -> str:
    licenses = f"{number(db, 'seats_consumed'):,} of {number(db, 'purchased'):,} licenses"
    about = "GitHub's count, as the pretend GHEC merges it. Only the servers' own syncs and GitHub's people change it."
    follows = "Press what you like: a console that reads this follows within half a minute."
    return join(
        tag("p", licenses, class_="count"), tag("p", about, class_="muted"), tag("p", follows, class_="muted")
    )


def _time(db: Connection) -> str:
    days = number(db, "offset_seconds") / 86400
    here = (
        f"It is {iso(now(db))}, {days:g} day{'' if days == 1 else 's'} from real time."
        if days
        else f"It is {iso(now(db))}, real time."
    )
    day = button("/control/pass", "Let a day pass", back="/", days=1)
    return join(tag("p", here), day, button("/control/pass", "Let a week pass", back="/", days=7))


def _servers(db: Connection, servers: list[Row]) -> str:
    head = ["Server", "Version", "Accounts", "At GitHub", "Sends next", ""]
    return table(head, (_server(db, row) for row in servers))


def _server(db: Connection, row: Row) -> list[object]:
    base = f"/ghes/{row['host']}/enterprises/{fleet.SLUG}"
    state = "" if row["state"] == "live" else f" ({row['state']})"
    received = f"{row['sent_how']}, {ago(now(db) - row['sent_at'])}" if row["sent_at"] else "never"
    following = iso(row["next_send_at"]) if row["next_send_at"] and row["state"] == "live" else None
    places = join(
        link(f"{base}/license", "License"), " · ", link(f"/ghes/{row['host']}/stafftools/users", "Users")
    )
    return [
        join(link(f"/ghes/{row['host']}", row["host"]), state),
        row["version"],
        row["accounts"],
        received,
        following,
        places,
    ]


def _people(servers: list[Row]) -> str:
    where = choice("on", "host", {row["host"]: row["host"] for row in servers if row["state"] != "retired"})
    login = field("Login", "login", required="required")
    address = button(
        "/control/change-email", "Change an address", login, where, field("new email", "email"), back="/"
    )
    suspend = button("/control/suspend", "Suspend somebody", login, where, back="/", suspended="true")
    active = button("/control/suspend", "Unsuspend", login, where, back="/", suspended="false")
    add = button("/control/add-account", "Add an account", login, where, field("email", "email"), back="/")
    remove = button("/control/remove-account", "Remove an account", login, where, back="/")
    return join(*(tag("div", form) for form in (address, suspend, active, add, remove)))


def _github(db: Connection) -> str:
    """Where identities are kept, and the account that is an organization of its own."""
    at = {name: name for name in IDENTITY_AT}
    managed = choice("with managed users", "managed_users", {"false": "no", "true": "yes"})
    form = button(
        "/control/identity-provider", "Keep identities at",
        choice("", "at", at, setting(db, "identity_at")), managed, back="/",
    )  # fmt: skip
    about = f"A second account, an organization: {garden.LOGIN} on {fleet.WEB_HOST}, with the token {garden.TOKEN}"
    outside = button(
        "/control/outside-collaborators", "Let more work there from outside",
        field("How many", "count", "250", size=6), back="/",
    )  # fmt: skip
    return join(form, outside, tag("p", about, class_="muted"))


def _trouble(db: Connection, servers: list[Row]) -> str:
    hosts = {row["host"]: row["host"] for row in servers if row["short"] != "old"} | {"ghec": "GitHub (GHEC)"}
    kinds = {kind: words for kind, (words, _, _) in trouble.KINDS.items()} | trouble.CHANGES
    form = button(
        "/control/break", "Break a server", choice("Where", "host", hosts), choice("how", "kind", kinds),
        field("for so many requests", "times", placeholder="until repaired", size=12),
        field("value", "value", size=6), back="/",
    )  # fmt: skip
    now_on = [
        [row["host"], kinds[row["kind"]], row["value"], row["remaining"] or "until repaired", _repair(row)]
        for row in breaking.troubles(db)
    ]
    revoked = [
        [
            row["host"],
            trouble.CHANGES["token_revoked"],
            None,
            "until repaired",
            _repair({**dict(row), "kind": "token_revoked"}),
        ]
        for row in breaking.revoked(db)
    ]
    return join(form, table(["Where", "What", "Value", "How long", ""], [*now_on, *revoked]), _repair_all())


def _repair(row: breaking.Result) -> str:
    host = "ghec" if row["host"] == fleet.API_HOST else row["host"]
    return button("/control/repair", "Repair", back="/", host=host, kind=row["kind"])


def _repair_all() -> str:
    return tag("p", button("/control/repair", "Repair everything", back="/"))


def _again(db: Connection) -> str:
    stages = {name: name for name in story.STAGES}
    stage = button(
        "/control/stage", "Move the storyline", choice("to", "stage", stages, setting(db, "stage")), back="/"
    )
    about = "All of this as on the first day. A console that reads it notices within half a minute and begins anew too."
    return join(tag("p", about, class_="muted"), button("/control/reset", "Start again", back="/"), stage)


def failed(message: str) -> Response:
    """What is shown when a button could not do it."""
    return page("Nothing was changed", tag("p", message), tag("p", link("/", "Back")), status=422)


def world_of(request: Request) -> World:
    """The world behind a page."""
    world: World = request.app.state.world
    return world

"""The control doors: the world for a console, its clock, and everything that can be changed, as JSON."""

import inspect
import json
import re
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from ghconnect.sandbox import (
    connect,
    deeds,
    fleet,
    garden,
    html,
    oauth,
    pages,
    pages_ghec,
    pages_ghes,
    served,
)
from ghconnect.sandbox.deeds import Deed
from ghconnect.sandbox.lookup import Impossible
from ghconnect.sandbox.text import iso
from ghconnect.sandbox.world import Connection, Row, World, days_left, now, number, setting

CLOSED_PORT = 1
FORM = "application/x-www-form-urlencoded"
LOCAL_PATH = re.compile(r"/(?![/\\])")
PROBLEMS = (Impossible, TypeError, ValueError)
LOCAL = {"127.0.0.1", "localhost"}


class Control:
    """Pages and JSON doors for people and tests, on plain http at loopback."""

    def __init__(self, world: World, machine_port: int, pages_port: int, ca: Path) -> None:
        self.world, self.ca = world, ca
        self.machine_port, self.pages_port = machine_port, pages_port

    def app(self) -> ASGIApp:
        """Every door of the human side."""
        shown = {
            **pages_ghes.routes(),
            **pages_ghec.routes(),
            "/world.json": self.world_json,
            "/clock": self.clock,
            "/served.json": lambda request: JSONResponse(served.counts()),
        }
        routes = [
            Route("/", lambda request: pages.control(self.world)),
            Route("/style.css", lambda request: Response(html.STYLE, media_type="text/css")),
            Route("/control/{deed}", self.control, methods=["POST"]),
            Route(f"{pages_ghec.LICENSING}/add", pages_ghec.add_usage, methods=["POST"]),
            *oauth.OAuth(self.world).routes(),
            *(Route(path, view) for path, view in shown.items()),
        ]
        app = Starlette(routes=routes)
        app.state.world = self.world
        return Guard(app)

    def clock(self, request: Request) -> Response:
        """How far pretend time is ahead of real time."""
        connect.catch_up(self.world)
        with self.world.read() as db:
            body = {
                "offset_seconds": number(db, "offset_seconds"),
                "now": iso(now(db)),
                "made_at": iso(number(db, "made_at")),
            }
        return JSONResponse(body)

    def world_json(self, request: Request) -> Response:
        """Everything a console must be told to read this world."""
        with self.world.read() as db:
            servers = db.execute("SELECT * FROM server ORDER BY id").fetchall()
            facts = {
                "people": number(db, "people"),
                "seed": number(db, "seed"),
                "stage": setting(db, "stage"),
            }
            facts["licenses"] = number(db, "seats_consumed")
            enterprise = self._enterprise(db)
        fields = ("host", "token", "login", "scopes", "state")
        body = {
            "enterprise": enterprise, "servers": [self._server(row) for row in servers if row["way_in"] != "none"],
            "known_servers": sum(row["state"] != "hidden" for row in servers), **facts,
            "resolve": self.resolve(servers), "ca": str(self.ca.resolve()),
            "organization": garden.world(),
            "wrong_tokens": [dict(zip(fields, row, strict=True)) for row in fleet.WRONG_TOKENS],
        }  # fmt: skip
        return JSONResponse(body)

    def _enterprise(self, db: Connection) -> dict[str, Any]:
        hosts = {"host": fleet.WEB_HOST, "api_host": fleet.API_HOST, "web_url": f"{self.pages_url}/ghec"}
        words = {name: setting(db, name) for name in ("slug", "name", "contract", "currency")}
        numbers = {name: number(db, name) for name in ("purchased", "price_cents")}
        renewal = {"renewal": iso(number(db, "renewal_at")), "renews_in_days": days_left(db)}
        return {**hosts, **words, **numbers, **renewal, "token": fleet.OWNER_TOKEN}

    @property
    def pages_url(self) -> str:
        return f"http://127.0.0.1:{self.pages_port}"

    def _server(self, row: Row) -> dict[str, Any]:
        return {
            "host": row["host"], "short": row["short"], "way_in": row["way_in"],
            "token": fleet.reading_token(row["short"]) if row["way_in"] == "pull" else None,
            "server_id": row["server_id"], "version": row["version"], "scim": bool(row["scim"]),
            "web_url": f"{self.pages_url}/ghes/{row['host']}",
        }  # fmt: skip

    def resolve(self, servers: list[Row]) -> str:
        """`host:443=address:port` for every name; a server that machines cannot reach leads to a closed port."""
        closed = {name for row in servers if row["state"] == "airgapped" for name in _names(row["short"])}
        names = sorted({*fleet.hosts(), *(row["host"] for row in servers)})
        ports = {name: CLOSED_PORT if name in closed else self.machine_port for name in names}
        return ",".join(f"{name}:443=127.0.0.1:{port}" for name, port in ports.items())

    async def control(self, request: Request) -> Response:
        """`POST /control/<deed>`: arguments as a JSON object, answered with what it gave back; or a page's form."""
        deed = deeds.DEEDS.get(request.path_params["deed"])
        if deed is None:
            return JSONResponse({"message": f"No such deed. There are: {', '.join(deeds.DEEDS)}"}, 404)
        body = await request.body()
        # What curl sends with -d is called a form as well.
        if request.headers.get("content-type", "").startswith(FORM) and body[:1] != b"{":
            return await self._pressed(request, deed)
        try:
            given = json.loads(body or b"{}")
            return JSONResponse(await self._do(deed, given))
        except PROBLEMS as problem:
            return JSONResponse({"message": str(problem)}, 422)

    async def _pressed(self, request: Request, deed: Deed) -> Response:
        """A button of a page: afterwards the browser goes back to where it was."""
        async with request.form() as form:
            given = {name: str(value) for name, value in form.items() if value != ""}
        back = given.pop("back", "/")
        try:
            await self._do(deed, {name: typed(deed, name, value) for name, value in given.items()})
        except PROBLEMS as problem:
            return pages.failed(str(problem))
        return RedirectResponse(back if LOCAL_PATH.match(back) else "/", 303)

    async def _do(self, deed: Deed, given: dict[str, Any]) -> dict[str, Any]:
        inspect.signature(deed).bind(self.world, **given)
        return await run_in_threadpool(deed, self.world, **given)


def typed(deed: Deed, name: str, value: str) -> Any:
    """A form's text as the deed's parameter wants it: yes or no, a number, or text. ValueError when it is none."""
    parameter = inspect.signature(deed).parameters.get(name)
    wanted = str(parameter.annotation) if parameter else ""
    if "bool" in wanted:
        return value == "true"
    if "float" in wanted:
        return float(value)
    return int(value) if "int" in wanted else value


def _names(short: str) -> tuple[str, str]:
    return fleet.host_of(short), fleet.new_host_of(short)


class Guard:
    """Only this machine's own pages may press buttons here: no other site's forms, no other name for loopback."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope)
        origin = request.headers.get("origin")
        foreign = origin is not None and urlsplit(origin).netloc != request.headers.get("host")
        if request.url.hostname not in LOCAL or (foreign and request.method != "GET"):
            await JSONResponse({"message": "Only from this machine's own pages."}, 403)(scope, receive, send)
            return
        await self.app(scope, receive, send)

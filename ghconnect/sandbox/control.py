"""The control doors: the world for a console, its clock, and everything that can be changed, as JSON."""

import inspect
import json
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from ghconnect.sandbox import connect, deeds, fleet
from ghconnect.sandbox.text import DAY, iso
from ghconnect.sandbox.world import Row, World, now, number, setting

CLOSED_PORT = 1
LOCAL = {"127.0.0.1", "localhost"}


class Control:
    """Pages and JSON doors for people and tests, on plain http at loopback."""

    def __init__(self, world: World, machine_port: int, pages_port: int, ca: Path) -> None:
        self.world, self.ca = world, ca
        self.machine_port, self.pages_port = machine_port, pages_port

    def app(self) -> ASGIApp:
        routes = [
            Route("/world.json", self.world_json),
            Route("/clock", self.clock),
            Route("/control/{deed}", self.control, methods=["POST"]),
        ]
        return Guard(Starlette(routes=routes))

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
            facts = {name: setting(db, name) for name in ("slug", "name", "contract", "currency", "stage")}
            numbers = {
                name: number(db, name)
                for name in ("people", "seed", "purchased", "price_cents", "seats_consumed")
            }
            renewal, days = iso(number(db, "renewal_at")), (number(db, "renewal_at") - now(db)) // DAY
            licenses = number(db, "seats_consumed")
        known = [row for row in servers if row["state"] != "hidden"]
        enterprise = {
            "slug": facts["slug"], "name": facts["name"], "host": fleet.WEB_HOST, "api_host": fleet.API_HOST,
            "token": fleet.OWNER_TOKEN, "contract": facts["contract"], "purchased": numbers["purchased"],
            "price_cents": numbers["price_cents"], "currency": facts["currency"], "renewal": renewal, "renews_in_days": days,
            "web_url": f"{self.pages_url}/ghec",
        }  # fmt: skip
        body = {
            "enterprise": enterprise, "servers": [self._server(row) for row in servers if row["way_in"] != "none"],
            "licenses": licenses, "known_servers": len(known), "people": numbers["people"], "seed": numbers["seed"], "stage": facts["stage"],
            "licenses": numbers["seats_consumed"],
            "known_servers": sum(row["state"] != "hidden" for row in servers),
            "resolve": self.resolve(servers), "ca": str(self.ca.resolve()),
            "wrong_tokens": [dict(zip(("host", "token", "login", "scopes", "state"), row, strict=True)) for row in fleet.WRONG_TOKENS],
        }  # fmt: skip
        return JSONResponse(body)

    @property
    def pages_url(self) -> str:
        return f"http://127.0.0.1:{self.pages_port}"

    def _server(self, row: Row) -> dict[str, Any]:
        return {
            "host": row["host"], "short": row["short"], "way_in": row["way_in"], "token": fleet.reading_token(row["short"]),
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
        """`POST /control/<deed>` with a JSON object of the deed's arguments; answers what it gave back."""
        deed = deeds.DEEDS.get(request.path_params["deed"])
        if deed is None:
            return JSONResponse({"message": f"No such deed. There are: {', '.join(deeds.DEEDS)}"}, 404)
        try:
            given = json.loads(await request.body() or b"{}")
            inspect.signature(deed).bind(self.world, **given)
            return JSONResponse(await run_in_threadpool(deed, self.world, **given))
        except (deeds.Impossible, TypeError, ValueError) as problem:
            return JSONResponse({"message": str(problem)}, 422)


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

"""The machine side: one https door for all pretend hosts, told apart by the Host header."""

import asyncio
import time
from collections.abc import Mapping, MutableMapping
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ghconnect.sandbox import connect, ghec, ghes, limits, served, trouble
from ghconnect.sandbox.answers import error, request_id
from ghconnect.sandbox.fleet import API_HOST
from ghconnect.sandbox.text import http_date
from ghconnect.sandbox.tokens import Caller, Refused, credentials
from ghconnect.sandbox.world import World, number

Troubles = Mapping[str, float | None]


class Machine:
    """Routes a request to the host it names, and lets trouble strike on the way."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.ghes, self.ghec = ghes.app(), ghec.app()
        for app in (self.ghes, self.ghec):
            app.router.redirect_slashes = False
            app.add_exception_handler(Refused, _refused)
            app.add_exception_handler(404, _nothing)
            app.add_exception_handler(405, _nothing)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        host = Request(scope).headers.get("host", "").partition(":")[0].lower()
        served.count(host, scope["path"])
        facts = await run_in_threadpool(self._facts, host, scope["path"])
        troubles = facts["troubles"]
        if (facts["server"] is None and host != API_HOST) or "refused" in troubles:
            _drop(scope)
            return
        await asyncio.sleep(troubles.get("slow") or 0)
        scope["state"] = {**scope.get("state", {}), **facts}
        await self._serve(scope, receive, Headed(scope, _cutting(troubles, send)))

    def _facts(self, host: str, path: str) -> dict[str, Any]:
        """What every request needs to know; `server` is None when machines can't reach one of this name."""
        connect.catch_up(self.world)
        with self.world.read() as db:
            server = db.execute("SELECT * FROM server WHERE host = ? AND state = 'live'", (host,)).fetchone()
            facts = {"offset": number(db, "offset_seconds"), "most": number(db, "rate_limit")}
            facts["hour"] = number(db, "rate_seconds") or limits.HOUR
        return {
            **facts,
            "world": self.world,
            "server": server,
            "troubles": trouble.take(self.world, host, path),
        }

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope)
        response = _before(request) or struck(scope["state"]["troubles"])
        app: ASGIApp = response or (self.ghes if scope["state"]["server"] is not None else self.ghec)
        await app(scope, receive, send)


def struck(troubles: Troubles) -> Response | None:
    """The answer that trouble gives in place of the true one."""
    if "unauthorized" in troubles:
        return error(401)
    if "rate_limit" in troubles:
        seconds = int(troubles["rate_limit"] or 0)
        reset = {"x-ratelimit-remaining": "0", "x-ratelimit-reset": str(int(time.time()) + seconds)}
        return error(403, "API rate limit exceeded for this token.", {"retry-after": str(seconds), **reset})
    if "secondary_limit" in troubles:
        wait = {"retry-after": str(int(troubles["secondary_limit"] or 0))}
        return error(403, "You have exceeded a secondary rate limit. Wait before you try again.", wait)
    if "not_found" in troubles:
        return error(404)
    if "server_error" in troubles:
        return error(int(troubles["server_error"] or 502), "Server Error")
    if "other_shape" in troubles:
        return Response(b"{}", 200, media_type="application/json")
    return Response(b"", 200, media_type="application/json") if "empty" in troubles else None


def _before(request: Request) -> Response | None:
    """What GitHub asks of every request: a user agent, a known version, and a rate limit that is not used up."""
    if not request.headers.get("user-agent"):
        return error(403, "Requests without a User-Agent header are refused.")
    if request.headers.get("x-github-api-version", ghec.VERSIONS[0]) not in ghec.VERSIONS:
        return error(400, "This API version is not known.")
    if request.state.server is not None or request.url.path in ("/rate_limit", "/meta", "/versions"):
        return None
    return _limited(request)


def _limited(request: Request) -> Response | None:
    token = credentials(request)[1]
    resource = "graphql" if request.url.path == "/graphql" else "core"
    most = request.state.most if token else 60
    request.state.spent = (token, resource, most, request.state.hour)
    request.state.limit = limits.spend(*request.state.spent)
    if request.state.limit["remaining"] >= 0:
        return None
    return error(403, "API rate limit exceeded for this token.")


class Headed:
    """A `send` that adds the headers every answer has."""

    def __init__(self, scope: Scope, send: Send) -> None:
        self.state: dict[str, Any] = scope["state"]
        self.send = send

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            given = {name for name, _ in message["headers"]}
            added = {
                name.encode(): value.encode() for name, value in self._headers(message["status"]).items()
            }
            message["headers"] = [
                *message["headers"],
                *(pair for pair in added.items() if pair[0] not in given),
            ]
        await self.send(message)

    def _headers(self, status: int) -> dict[str, str]:
        server, who = self.state["server"], self.state.get("caller")
        headers = {"x-github-request-id": request_id(), "x-github-media-type": "github.v3; format=json"}
        headers |= {"server": "sandbox", "date": http_date(time.time() + self.state["offset"])}
        if server is not None:
            headers["x-github-enterprise-version"] = f"enterprise-server@{server['version']}"
        else:
            headers["x-github-api-version-selected"] = ghec.VERSIONS[0]
        if isinstance(who, Caller) and not who.fine_grained:
            headers["x-oauth-scopes"] = who.scopes
            headers["x-accepted-oauth-scopes"] = self.state.get("accepted_scopes", "")
        return {**headers, **self._limit(status)}

    def _limit(self, status: int) -> dict[str, str]:
        limit = self.state.get("limit")
        if limit is None:
            return {}
        if status == 304:
            limit = limits.give_back(*self.state["spent"])
        shown = {**limit, "remaining": max(0, limit["remaining"])}
        if (few := self.state["troubles"].get("scarce")) is not None:
            shown["remaining"] = min(shown["remaining"], int(few))
        headers = {f"x-ratelimit-{name}": str(value) for name, value in shown.items()}
        return {**headers, "x-ratelimit-resource": self.state["spent"][1]}


def _cutting(troubles: Troubles, send: Send) -> Send:
    """A `send` that ends the body too early, when that trouble is on."""
    chunked = "cut_chunked" in troubles
    return Cut(send, chunked) if chunked or "cut_length" in troubles else send


class Cut:
    """Sends half of the first piece and then nothing; the connection closes without a proper end."""

    def __init__(self, send: Send, chunked: bool) -> None:
        self.send, self.chunked = send, chunked
        self.start: Message = {}
        self.over = False

    async def __call__(self, message: Message) -> None:
        if self.over:
            return
        if message["type"] == "http.response.start":
            self.start = message
            return
        self.over = True
        body: bytes = message.get("body", b"")
        headers = [
            pair for pair in self.start["headers"] if pair[0] not in (b"content-length", b"transfer-encoding")
        ]
        length = [] if self.chunked else [(b"content-length", str(max(2, len(body))).encode())]
        await self.send({**self.start, "headers": [*headers, *length]})
        await self.send(
            {"type": "http.response.body", "body": body[: len(body) // 2] or b"x", "more_body": True}
        )


def _drop(scope: Scope) -> None:
    """End the connection without a word, as a host that is not there."""
    state: MutableMapping[str, Any] = scope.get("state", {})
    transport: asyncio.Transport = state["transport"]
    transport.abort()


async def _refused(request: Request, exception: Exception) -> Response:
    assert isinstance(exception, Refused)
    return exception.response


async def _nothing(request: Request, exception: Exception) -> Response:
    return error(404)

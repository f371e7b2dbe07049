"""Sign in with GitHub, as the pretend GitHub offers it to OAuth apps: a page that asks, a code, a token, two answers.

The web application flow of GitHub's OAuth apps, at the paths a GitHub of one's own has (`/login/oauth/…`, `/api/v3`).
"""

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urlencode, urlsplit

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from ghconnect.sandbox import ghec, graph
from ghconnect.sandbox.answers import answer, error
from ghconnect.sandbox.fleet import API_HOST, DOMAIN, OWNER
from ghconnect.sandbox.html import hidden, page, tag
from ghconnect.sandbox.tokens import Refused, caller
from ghconnect.sandbox.world import World

CLIENT_ID, CLIENT_SECRET = "ghconnect-sandbox", "pretend-secret-of-the-sandbox"
PREFIX = "/ghec"
# Who can be chosen on the page, beside the owner of the enterprise.
OTHERS = 5
MOST_CODES = 100


@dataclass(frozen=True, slots=True)
class Granted:
    """What a code stands for."""

    login: str
    scopes: str
    redirect_uri: str


class OAuth:
    """The doors of the flow; codes are used once and live as long as the process."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.codes: dict[str, Granted] = {}

    def routes(self) -> list[Route]:
        """Path → door."""
        reading: dict[str, Callable[[Request], Response]] = {"/user": self.user, "/user/emails": self.emails}
        return [
            Route(f"{PREFIX}/login/oauth/authorize", self.authorize, methods=["GET", "POST"]),
            Route(f"{PREFIX}/login/oauth/access_token", self.access_token, methods=["POST"]),
            *(Route(f"{PREFIX}/api/v3{path}", self.for_token(door)) for path, door in reading.items()),
            Route(f"{PREFIX}/api/graphql", self.graphql, methods=["POST"]),
        ]

    async def authorize(self, request: Request) -> Response:
        """Ask who it is, and lead back with a code."""
        asked = request.query_params
        back = asked.get("redirect_uri", "")
        if asked.get("client_id") != CLIENT_ID or urlsplit(back).hostname not in ("127.0.0.1", "localhost"):
            return page(
                "No such application",
                tag("p", "The client or its redirect address is not known."),
                status=404,
            )
        if request.method == "POST":
            return self._answer(
                back, asked.get("state", ""), asked.get("scope", ""), dict(await request.form())
            )
        people = await run_in_threadpool(self._people)
        shown = [
            tag("form", hidden(login=login), tag("button", f"Authorize as {login}"), method="post")
            for login in people
        ]
        no = tag("form", hidden(deny="1"), tag("button", "Cancel"), method="post")
        about = f"ghconnect asks for {asked.get('scope', '')}. {OWNER} owns the enterprise."
        return page("Authorize ghconnect", tag("p", about), *(tag("p", form) for form in [*shown, no]))

    def _answer(self, back: str, state: str, scopes: str, form: dict[str, object]) -> Response:
        login = str(form.get("login", ""))
        if "deny" in form or login not in self._people():
            told = {"error": "access_denied", "state": state}
        else:
            code = secrets.token_hex(10)
            self.codes = dict([*self.codes.items()][-MOST_CODES:]) | {code: Granted(login, scopes, back)}
            told = {"code": code, "state": state}
        return RedirectResponse(f"{back}{'&' if '?' in back else '?'}{urlencode(told)}", 302)

    def _people(self) -> list[str]:
        with self.world.read() as db:
            rows = db.execute(
                "SELECT login FROM cloud WHERE kind = 'member' AND login <> ? ORDER BY login LIMIT ?",
                (OWNER, OTHERS),
            ).fetchall()
        return [OWNER, *(row["login"] for row in rows)]

    async def access_token(self, request: Request) -> Response:
        """Exchange a code; what is wrong is said with status 200, as GitHub does."""
        form = await request.form()
        granted = self.codes.pop(str(form.get("code", "")), None)
        if (form.get("client_id"), form.get("client_secret")) != (CLIENT_ID, CLIENT_SECRET):
            return answer({"error": "incorrect_client_credentials"})
        if granted is None or form.get("redirect_uri", granted.redirect_uri) != granted.redirect_uri:
            return answer({"error": "bad_verification_code"})
        token = f"gho_{secrets.token_hex(18)}"
        await run_in_threadpool(self._keep, token, granted)
        return answer(
            {"access_token": token, "token_type": "bearer", "scope": granted.scopes.replace(" ", ",")}
        )

    def _keep(self, token: str, granted: Granted) -> None:
        with self.world.write() as db:
            db.execute(
                "INSERT INTO token (host, token, login, scopes, state) VALUES (?, ?, ?, ?, 'good')",
                (API_HOST, token, granted.login, granted.scopes.replace(" ", ", ")),
            )

    def for_token(self, door: Callable[[Request], Response]) -> Callable[[Request], Response]:
        """Answer whoever has no good token as the API does."""

        def guarded(request: Request) -> Response:
            request.state.world = self.world
            try:
                return door(request)
            except Refused as refused:
                return refused.response

        return guarded

    def user(self, request: Request) -> Response:
        """`GET /user`."""
        return ghec.user(request)

    def emails(self, request: Request) -> Response:
        """`GET /user/emails`: verified addresses, else the one at the enterprise's domain."""
        with self.world.read() as db:
            who = caller(db, request, API_HOST)
            if not who.may("user:email"):
                return error(404)
            rows = db.execute(
                "SELECT DISTINCT value FROM identity WHERE rule = 2 AND cloud = (SELECT id FROM cloud WHERE login = ?)",
                (who.login,),
            ).fetchall()
        found = [row["value"] for row in rows] or [f"{who.login}@{DOMAIN}"]
        return answer(
            [
                {"email": each, "primary": at == 0, "verified": True, "visibility": None}
                for at, each in enumerate(found)
            ]
        )

    async def graphql(self, request: Request) -> Response:
        """`POST /graphql`."""
        request.state.world = self.world
        request.state.limit = {"limit": 5000, "used": 1, "remaining": 4999, "reset": 0}
        try:
            return await graph.graphql(request)
        except Refused as refused:
            return refused.response

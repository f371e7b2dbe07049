"""Who is asking: tokens, their scopes and what they may see (reference §13, §6.3)."""

import base64
import binascii
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response

from ghconnect.sandbox.answers import error
from ghconnect.sandbox.world import Connection

IMPLIED = {
    "admin:enterprise": {"read:enterprise", "manage_billing:enterprise"},
    "repo": {"public_repo"},
    "admin:org": {"write:org", "read:org"},
}


class Refused(Exception):
    """The request ends here, with this answer."""

    def __init__(self, response: Response) -> None:
        self.response = response


@dataclass(frozen=True, slots=True)
class Caller:
    """The account behind a token. `scopes` is the header's text, empty for fine-grained tokens."""

    token: str
    login: str
    scopes: str

    def may(self, scope: str) -> bool:
        granted = {name.strip() for name in self.scopes.split(",")}
        return scope in granted.union(*(IMPLIED.get(name, set()) for name in granted))

    @property
    def fine_grained(self) -> bool:
        return self.token.startswith("github_pat_")


def caller(db: Connection, request: Request, host: str) -> Caller:
    """Whose token this is; raises Refused with 401, or 403 for a token without single sign-on."""
    user, token = credentials(request)
    if not token:
        raise Refused(error(401, "Requires authentication"))
    row = db.execute("SELECT * FROM token WHERE host = ? AND token = ?", (host, token)).fetchone()
    if row is None or row["state"] == "revoked" or user not in (None, row["login"], token):
        raise Refused(error(401))
    if row["state"] == "sso":
        message = "The enterprise enforces single sign-on; this token is not authorized for it."
        raise Refused(
            error(403, message, {"x-github-sso": "required; url=https://github.octo-corp.example/sso"})
        )
    return Caller(token, row["login"], row["scopes"])


def credentials(request: Request) -> tuple[str | None, str]:
    """(user name or None, token) of the Authorization header; ("", "") when it cannot be read."""
    kind, _, value = request.headers.get("authorization", "").partition(" ")
    if kind.lower() in ("bearer", "token"):
        return None, value.strip()
    if kind.lower() != "basic":
        return "", ""
    try:
        user, _, password = base64.b64decode(value, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return "", ""
    return user, password

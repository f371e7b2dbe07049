"""One account on GitHub asked with one token: REST and GraphQL, and what its refusals mean (reference §13)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

from ghconnect.github import tokens
from ghconnect.github.errors import (
    LONGEST_WAIT,
    SECONDARY_WAIT,
    Asked,
    GitHubError,
    check,
    retry_after,
    scopes_text,
)
from ghconnect.github.http import Answer, GitHubSession
from ghconnect.github.reading import inner, objects, text
from ghconnect.records import TokenFacts

PAGE = 100
CORE, GRAPHQL = "core", "graphql"


@dataclass(frozen=True, slots=True)
class Left:
    """What GitHub's last answer said of this hour: `remaining` of `limit` requests, anew at `reset`."""

    remaining: int
    limit: int
    reset: datetime


def api_host(host: str) -> str:
    """Where the API of a GitHub host is: `api.github.com`, `api.SUB.ghe.com`."""
    return f"api.{host}"


class Account:
    """Asks for one account with one token. Every method raises GitHubError."""

    # The field of GraphQL's root that is this account, and the problem that 404 means here.
    ROOT, NOT_FOUND = "enterprise", "not_found_ghec"

    def __init__(self, session: GitHubSession, host: str, slug: str, token: str) -> None:
        """`host` is the web host: `github.com`, or `SUB.ghe.com`."""
        self._session, self.slug, self._token = session, slug, token
        self.host, self.kind = api_host(host), tokens.kind(token)
        # Requests that are left to whoever else asks with this token; a long read sets it and pauses there.
        self.least = 0
        self.left: dict[str, Left] = {}

    def me(self) -> TokenFacts:
        """`GET /user`: whose token it is, its kind, scopes and expiry."""
        return tokens.facts(self._get("/user", not_found="wrong_host"), self._token)

    def ask(self, document: str, variables: dict[str, Any], *, scoped: bool = False) -> dict[str, Any]:
        """What GraphQL tells of this account; raises its NOT_FOUND where it shows nothing to this token.

        `scoped`: a part that is not shown for want of a scope is a GitHubError `scope` that names it.
        """
        answer = self._query(document, variables)
        if scoped:
            self._scoped(answer)
        found = inner(self._object(answer), "data", self.ROOT)
        if not found:
            raise self._graphql_error(answer)
        return found

    def get(
        self, path: str, params: dict[str, str] | None = None, *, not_found: str = "not_offered"
    ) -> Answer:
        """An answer of REST with status 200; a path in which `{slug}` stands for this account."""
        return self._get(path.replace("{slug}", quote(self.slug, safe="")), params, not_found=not_found)

    def _query(self, document: str, variables: dict[str, Any]) -> Answer:
        self._leave(GRAPHQL)
        headers = {"Authorization": f"Bearer {self._token}"}
        sent = {"slug": self.slug, **variables}
        answer = self._session.graphql(f"https://{self.host}/graphql", document, sent, headers=headers)
        self._note(GRAPHQL, answer)
        check(answer, self._asked(self.NOT_FOUND))
        return answer

    def _scoped(self, answer: Answer) -> None:
        for error in objects(self._object(answer), "errors"):
            if text(error, "type") == "INSUFFICIENT_SCOPES":
                wanted = re.search(r"scopes: \['([\w:]+)'", text(error, "message"))
                told = {"scope": wanted[1] if wanted else "", "scopes": scopes_text(answer.headers) or "–"}
                raise GitHubError("scope", {"host": self.host, **told})

    def _graphql_error(self, answer: Answer) -> GitHubError:
        types = {text(error, "type") for error in objects(self._object(answer), "errors")}
        if "RATE_LIMITED" in types:
            wait = retry_after(answer.headers, datetime.now(UTC)) or SECONDARY_WAIT
            return GitHubError("rate", {"host": self.host}, retry_after=wait)
        if types & {"NOT_FOUND", "FORBIDDEN", "INSUFFICIENT_SCOPES"}:
            scopes = scopes_text(answer.headers)
            return GitHubError(self.NOT_FOUND, self._asked("").params(scopes=scopes))
        return self._bad(answer)

    def _get(self, path: str, params: dict[str, str] | None = None, *, not_found: str = "") -> Answer:
        self._leave(CORE)
        headers = {"Authorization": f"Bearer {self._token}"}
        answer = self._session.get(f"https://{self.host}{path}", headers=headers, params=params)
        self._note(CORE, answer)
        check(answer, self._asked(not_found or self.NOT_FOUND))
        return answer

    def _leave(self, resource: str) -> None:
        """Raise `rate` with the time until GitHub counts anew, where fewer than `least` requests are left.

        Of a small limit a tenth is left, or nothing could ever be read.
        """
        left = self.left.get(resource)
        if left is not None and left.remaining < min(self.least, left.limit // 10):
            wait = max(left.reset - datetime.now(UTC), timedelta(0))
            raise GitHubError("rate", {"host": self.host}, retry_after=min(wait, LONGEST_WAIT))

    def _note(self, resource: str, answer: Answer) -> None:
        told = [answer.headers.get(f"x-ratelimit-{name}", "") for name in ("remaining", "limit", "reset")]
        if all(re.fullmatch(r"\d{1,11}", value) for value in told):
            remaining, limit, reset = map(int, told)
            self.left[resource] = Left(remaining, limit, datetime.fromtimestamp(reset, UTC))

    def _asked(self, not_found: str) -> Asked:
        return Asked(self.host, slug=self.slug, kind=self.kind, not_found=not_found)

    def _path(self, name: str) -> str:
        return f"/enterprises/{quote(self.slug, safe='')}/{name}"

    def _object(self, answer: Answer) -> dict[str, Any]:
        found = answer.json()
        if not isinstance(found, dict):
            raise self._bad(answer)
        return found

    def _bad(self, answer: Answer) -> GitHubError:
        return GitHubError("bad_answer", {"host": self.host, "status": str(answer.status)})


def last_page(answer: Answer, page: int) -> int:
    """The last page by `Link`: absent on the last page, and when everything fits one (reference §13)."""
    for rel in ("last", "next"):
        value = (answer.link(rel) or {}).get("page", "")
        if re.fullmatch(r"\d{1,9}", value):
            return int(value)
    return page

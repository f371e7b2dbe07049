"""One GitHub Enterprise Server instance, read (reference §6)."""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import quote

from ghconnect.github import tokens
from ghconnect.github.errors import Asked, GitHubError, check, http_date
from ghconnect.github.http import Answer, GitHubSession
from ghconnect.github.reading import flag, inner, number, objects, text, texts
from ghconnect.records import ScimUser, ServerLicense, ServerMeta, ServerStats, TokenFacts

REPORT_TYPES = ("text/csv", "text/plain", "application/csv", "application/octet-stream")
SCIM_PAGE = 100


@dataclass(frozen=True, slots=True)
class Report:
    """`all_users.csv` on its way. `chunks` is walked once and raises GitHubError, also for a body cut off.

    `observed_at` is `Last-Modified`, else `Date`, else None: age unknown (ENGINEERING §15). `content_length`
    counts bytes as sent, None where the server did not say.
    """

    chunks: Iterator[bytes]
    observed_at: datetime | None
    content_length: int | None
    status: int


class Server:
    """Reads one instance with one token. Every method raises GitHubError."""

    def __init__(self, session: GitHubSession, host: str, token: str, login: str = "") -> None:
        """`login` is the user name for reports; without it `GET /user` is asked first."""
        self._session, self.host, self._token, self._login = session, host, token, login

    def meta(self) -> ServerMeta:
        """`GET /meta`: tells an instance from any other web server; the token is sent only when asked for."""
        answer = self._session.get(self._url("/meta"), headers={})
        if answer.status == 401 and self._token:  # an instance in private mode
            answer = self._get("/meta")
        check(answer, Asked(self.host))
        version = text(self._object(answer, "wrong_host"), "installed_version")
        if not version:
            raise GitHubError("wrong_host", {"host": self.host})
        return ServerMeta(version)

    def me(self) -> TokenFacts:
        """`GET /user`: whose token it is, and its scopes."""
        facts = tokens.facts(self._get("/user"), self._token)
        if not facts.login:
            raise GitHubError("bad_answer", {"host": self.host, "status": "200"})
        self._login = facts.login
        return facts

    def license(self) -> ServerLicense:
        """`GET /enterprise/settings/license`, open to site administrators; others get 404."""
        found = self._object(self._get("/enterprise/settings/license", not_found="not_site_admin"))
        return ServerLicense(
            seats=_seats(found),
            seats_used=number(found, "seats_used") or 0,
            kind=text(found, "kind"),
            days_until_expiration=number(found, "days_until_expiration"),
        )

    def stats(self) -> ServerStats:
        """`GET /enterprise/stats/users`: values of the last day."""
        found = self._object(self._get("/enterprise/stats/users", not_found="not_site_admin"))
        return ServerStats(
            number(found, "total_users"), number(found, "admin_users"), number(found, "suspended_users")
        )

    @contextmanager
    def users_report(self) -> Iterator[Report]:
        """`/stafftools/reports/all_users.csv` by basic auth; 202 raises `preparing` (reference §6.3)."""
        login = self._login or self.me().login
        basic = b64encode(f"{login}:{self._token}".encode()).decode()
        url = f"https://{self.host}/stafftools/reports/all_users.csv"
        headers = {"Authorization": f"Basic {basic}", "Accept": "text/csv"}
        with self._session.download(url, headers=headers) as download:
            head = download.head
            check(head, self._asked("not_site_admin"))
            if head.headers.get("content-type", "text/csv").split(";")[0].strip() not in REPORT_TYPES:
                raise GitHubError("bad_answer", {"host": self.host, "status": "200"})
            yield Report(download.chunks, _observed(head), _length(head), head.status)

    def scim_users(self, enterprise: str) -> Iterator[ScimUser]:
        """Every user of the instance's SCIM, page by page; raises `shifted` when the list moved meanwhile."""
        seen: set[str] = set()
        start, total = 1, 1
        while start <= total:
            page = self._scim_page(enterprise, start)
            found, total_now = list(objects(page, "Resources")), number(page, "totalResults") or 0
            ids = {text(user, "id") for user in found}
            if (start > 1 and total_now != total) or ids & seen or len(ids) != len(found):
                raise GitHubError("shifted", {"host": self.host})
            if not found and start <= total_now:
                raise GitHubError("truncated", {"host": self.host})
            yield from map(_scim_user, found)
            seen |= ids
            start, total = start + len(found), total_now

    def _scim_page(self, enterprise: str, start: int) -> dict[str, Any]:
        path = f"/scim/v2/enterprises/{quote(enterprise, safe='')}/Users"
        params = {"startIndex": str(start), "count": str(SCIM_PAGE)}
        accept = {"Accept": "application/scim+json"}
        return self._object(self._get(path, params=params, headers=accept, not_found="no_scim"))

    def _get(
        self,
        path: str,
        *,
        params: dict[str, str] | None = None,
        headers: dict[str, str] | None = None,
        not_found: str = "wrong_host",
    ) -> Answer:
        sent = {"Authorization": f"Bearer {self._token}", **(headers or {})}
        answer = self._session.get(self._url(path), headers=sent, params=params)
        check(answer, self._asked(not_found))
        return answer

    def _asked(self, not_found: str) -> Asked:
        return Asked(self.host, login=self._login, kind=tokens.kind(self._token), not_found=not_found)

    def _url(self, path: str) -> str:
        return f"https://{self.host}/api/v3{path}"

    def _object(self, answer: Answer, key: str = "bad_answer") -> dict[str, Any]:
        try:
            found = inner({"body": answer.json()}, "body")
        except GitHubError:
            found = {}
        if not found:
            raise GitHubError(key, {"host": self.host, "status": str(answer.status)})
        return found


def _seats(found: dict[str, Any]) -> int | None:
    """`seats` is a number, or a word when unlimited (reference §6.4)."""
    value = found.get("seats")
    if isinstance(value, str) and re.fullmatch(r"\d{1,9}", value):
        return int(value)
    return number(found, "seats")


def _observed(head: Answer) -> datetime | None:
    return http_date(head.headers.get("last-modified", "")) or http_date(head.headers.get("date", ""))


def _length(head: Answer) -> int | None:
    value = head.headers.get("content-length", "")
    return int(value) if re.fullmatch(r"\d{1,15}", value) else None


def _scim_user(user: dict[str, Any]) -> ScimUser:
    emails = list(objects(user, "emails"))
    primary = [text(email, "value") for email in emails if flag(email, "primary")]
    active = flag(user, "active") is not False
    return ScimUser(text(user, "userName"), active, (primary or [*texts(user, "emails"), ""])[0])

"""What can go wrong with GitHub or a server, classed once; the keys are those of PRODUCT §6.4."""

from __future__ import annotations

import re
import socket
import ssl
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Protocol

from requests import exceptions as rq
from urllib3 import exceptions as u3

from ghconnect.github.addresses import AddressRefusedError

# No attempt mends these: somebody has to change a token, a role, a name or a setting.
PERMANENT = frozenset(
    {
        "address_refused",
        "address_never",
        "unauthorized",
        "no_token",
        "sealed",
        "not_found_ghec",
        "not_found_org",
        "not_offered",
        "scope",
        "token_kind",
        "sso",
        "ip_list",
        "not_site_admin",
        "forbidden",
        "redirect",
        "wrong_host",
    }
)
LONGEST_WAIT = timedelta(hours=6)
SECONDARY_WAIT = timedelta(seconds=60)  # reference §13: at least a minute when GitHub names no time
NAME_MISMATCH = (62, 64)  # X509_V_ERR_HOSTNAME_MISMATCH, X509_V_ERR_IP_ADDRESS_MISMATCH
OUT_OF_DATE = (9, 10)  # X509_V_ERR_CERT_NOT_YET_VALID, X509_V_ERR_CERT_HAS_EXPIRED


class GitHubError(Exception):
    """One classed failure: `key` of `ghconnect.wording`, its `params`, and whether trying again can help."""

    def __init__(
        self, key: str, params: Mapping[str, str] | None = None, *, retry_after: timedelta | None = None
    ) -> None:
        super().__init__(key)
        self.key = key
        self.params = dict(params or {})
        self.permanent = key in PERMANENT
        self.retry_after = retry_after

    def __str__(self) -> str:
        return f"{self.key} {self.params}"


class HasStatus(Protocol):
    """What `check` needs of an answer."""

    @property
    def status(self) -> int: ...
    @property
    def headers(self) -> Mapping[str, str]: ...
    @property
    def message(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Asked:
    """Whom and how we asked, for the words of an error; `not_found` is the key that 404 means here."""

    host: str
    slug: str = ""
    login: str = ""
    kind: str = ""
    not_found: str = "wrong_host"

    def params(self, **more: str) -> dict[str, str]:
        """The parameters that are known."""
        facts = {"host": self.host, "slug": self.slug, "login": self.login, "kind": self.kind, **more}
        return {name: value for name, value in facts.items() if value}


def from_exception(error: Exception, host: str, seconds: float, *, in_body: bool = False) -> GitHubError:
    """Class an exception of sockets, TLS, urllib3 or requests; `in_body` once the answer had begun."""
    causes = list(_chain(error))
    for cause in causes:
        if isinstance(cause, GitHubError):
            return cause
        if isinstance(cause, AddressRefusedError):
            key = "address_never" if cause.never else "address_refused"
            return GitHubError(key, {"host": host, "ip": cause.ip})
        if isinstance(cause, ssl.SSLCertVerificationError):
            return GitHubError(_certificate(cause.verify_code), {"host": host})
    key = _network_key(causes, in_body)
    return GitHubError(key, {"host": host, **({"n": f"{seconds:g}"} if key == "timeout" else {})})


def _certificate(code: int) -> str:
    if code in NAME_MISMATCH:
        return "tls_name"
    return "tls_expired" if code in OUT_OF_DATE else "tls_ca"


def _network_key(causes: list[BaseException], in_body: bool) -> str:
    def has(*kinds: type[BaseException]) -> bool:
        return any(isinstance(cause, kinds) for cause in causes)

    if has(rq.ProxyError, u3.ProxyError):
        return "proxy"
    if has(socket.gaierror):
        return "dns"
    if has(TimeoutError, rq.Timeout, u3.TimeoutError):
        return "timeout"
    if in_body:
        return "truncated"
    # A peer that leaves without TLS's goodbye does not answer; it is no matter of certificates.
    return "tls" if has(ssl.SSLError) and not has(ssl.SSLEOFError, ssl.SSLZeroReturnError) else "refused"


def _chain(error: BaseException) -> Iterator[BaseException]:
    """The exception and everything it wraps, by cause, context, reason or argument; each once."""
    seen: set[int] = set()
    queue: list[object] = [error]
    while queue:
        item = queue.pop(0)
        if isinstance(item, BaseException) and id(item) not in seen:
            seen.add(id(item))
            yield item
            queue += [item.__cause__, item.__context__, getattr(item, "reason", None), *item.args]


def check(answer: HasStatus, asked: Asked, now: datetime | None = None) -> None:
    """Raise the `GitHubError` an answer stands for; return for 200 (reference §13)."""
    if answer.status == 200:
        return
    wait = retry_after(answer.headers, now or datetime.now(UTC))
    if answer.status == 202:
        raise GitHubError("preparing", asked.params(), retry_after=wait)
    if answer.status in (403, 429):
        raise _refusal(answer, asked, wait)
    if answer.status == 401:
        raise GitHubError("unauthorized", asked.params())
    if answer.status == 404:
        raise GitHubError(_missing(asked), asked.params(scopes=scopes_text(answer.headers)))
    if answer.status >= 500:
        raise GitHubError("server_error", asked.params(status=str(answer.status)), retry_after=wait)
    raise GitHubError("bad_answer", asked.params(status=str(answer.status)))


def _missing(asked: Asked) -> str:
    """404 hides a missing scope, a wrong role and a wrong name alike; a classic token rules its kind out."""
    if asked.not_found == "not_found_ghec" and asked.kind not in ("", "classic"):
        return "token_kind"
    return asked.not_found


def _refusal(answer: HasStatus, asked: Asked, wait: timedelta | None) -> GitHubError:
    said = answer.message.lower()
    if answer.headers.get("x-github-sso", "").startswith("required"):
        return GitHubError("sso", asked.params())
    if "ip allow list" in said:
        return GitHubError("ip_list", asked.params())
    if answer.headers.get("x-ratelimit-remaining") == "0":
        return GitHubError("rate", asked.params(), retry_after=wait or SECONDARY_WAIT)
    if answer.status == 429 or "rate limit" in said or "abuse" in said or "retry-after" in answer.headers:
        return GitHubError("secondary_rate", asked.params(), retry_after=wait or SECONDARY_WAIT)
    if "maximum number of login attempts" in said:
        return GitHubError("unauthorized", asked.params())
    if asked.not_found == "not_site_admin":
        return GitHubError("not_site_admin", asked.params())
    if asked.kind not in ("", "classic"):
        return GitHubError("token_kind", asked.params())
    return GitHubError("forbidden", asked.params(scopes=scopes_text(answer.headers)))


def scopes_text(headers: Mapping[str, str]) -> str:
    """The token's scopes as GitHub told them, "" when it did not."""
    return headers.get("x-oauth-scopes", "").strip()


def retry_after(headers: Mapping[str, str], now: datetime) -> timedelta | None:
    """How long to wait: Retry-After (seconds or a date), else until x-ratelimit-reset; from 0 to 6 h.

    Measured from the answer's own Date where it has one, so that a wrong clock here or there does not matter.
    """
    now = http_date(headers.get("date", "")) or now
    value = headers.get("retry-after", "").strip()
    until = http_date(value)
    reset = headers.get("x-ratelimit-reset", "") if headers.get("x-ratelimit-remaining") == "0" else ""
    if re.fullmatch(r"\d{1,9}", value):
        wait = timedelta(seconds=int(value))
    elif until is not None:
        wait = until - now
    elif re.fullmatch(r"\d{1,11}", reset):
        wait = datetime.fromtimestamp(int(reset), UTC) - now
    else:
        return None
    return min(max(wait, timedelta(0)), LONGEST_WAIT)


def http_date(value: str) -> datetime | None:
    """An HTTP date as aware UTC time, None when it is none."""
    try:
        moment = parsedate_to_datetime(value)
    except (TypeError, ValueError, IndexError):
        return None
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)

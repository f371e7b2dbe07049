"""Reading over HTTPS from GitHub and from servers; this layer can do nothing else (DESIGN §7)."""

from __future__ import annotations

import json
import re
import ssl
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urljoin, urlsplit

import requests
from urllib3 import exceptions as u3

from ghconnect.github import bodies, transport
from ghconnect.github.addresses import AddressRefusedError, Egress
from ghconnect.github.errors import GitHubError, from_exception

USER_AGENT = "ghconnect"
HEADERS = {
    "User-Agent": USER_AGENT,
    "Accept": "application/vnd.github+json",
    "Accept-Encoding": "gzip",
    "X-GitHub-Api-Version": "2022-11-28",
}
MIB = 1024 * 1024
ANSWER_LIMIT = 32 * MIB
ERROR_LIMIT = 64 * 1024
DOWNLOAD_LIMIT = 2048 * MIB
FAILURES = (requests.RequestException, u3.HTTPError, OSError, UnicodeError, AddressRefusedError)
REDIRECTS = 3
REDIRECT = (301, 302, 303, 307, 308)
# GraphQL has no escapes in keywords: a document without these words cannot hold such an operation.
WRITES = re.compile(r"\b(mutation|subscription)\b", re.ASCII)


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Seconds: to connect, from one byte to the next, for a whole answer, for a whole download."""

    connect: float = 10.0
    read: float = 30.0
    answer: float = 90.0
    download: float = 1800.0


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole answer; header names are lower case."""

    host: str
    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        """The body as JSON; raises GitHubError `bad_answer` where it is none."""
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError):
            raise GitHubError("bad_answer", {"host": self.host, "status": str(self.status)}) from None

    @property
    def message(self) -> str:
        """The `message` of an error body, "" when there is none."""
        try:
            said = json.loads(self.body)
        except (ValueError, RecursionError):
            return ""
        return str(said.get("message", "")) if isinstance(said, dict) else ""

    def link(self, rel: str) -> dict[str, str] | None:
        """The query of a `Link` header's URL by its rel, None when there is none (reference §13)."""
        for url, name in re.findall(r'<([^>]*)>\s*;\s*rel="([^"]*)"', self.headers.get("link", "")):
            if name == rel:
                return dict(parse_qsl(urlsplit(url).query))
        return None


@dataclass(frozen=True, slots=True)
class Download:
    """An answer whose body is still on its way; `chunks` can be walked once."""

    head: Answer
    chunks: Iterator[bytes]


class GitHubSession:
    """Pooled, reading-only HTTPS for one set of roots; not for several threads at once."""

    def __init__(self, egress: Egress, *, ca_bundle: str = "", timeouts: Timeouts | None = None) -> None:
        """`ca_bundle`: PEM text trusted besides the public roots; raises GitHubError `bad_ca` if none."""
        self._egress = egress
        self._timeouts = timeouts or Timeouts()
        try:
            context = transport.trust(ca_bundle)
        except (ssl.SSLError, ValueError):
            raise GitHubError("bad_ca") from None
        # No requests.Session: it would keep cookies, look into netrc and the environment, and read the whole
        # body of a redirect to work out where it leads.
        self._adapter = transport.ReadOnlyAdapter(egress, context)

    def close(self) -> None:
        """Close pooled connections."""
        self._adapter.close()

    def get(self, url: str, *, headers: Mapping[str, str], params: Mapping[str, str] | None = None) -> Answer:
        """GET a whole answer of any status; raises GitHubError for what stands between."""
        with self._open("GET", url, headers, self._timeouts.answer, params=params) as (response, host):
            return self._answer(response, host, ANSWER_LIMIT)

    def graphql(
        self, url: str, document: str, variables: Mapping[str, Any], *, headers: Mapping[str, str]
    ) -> Answer:
        """POST a query to a GraphQL endpoint; raises `NotReadingError` for any other operation or place."""
        if WRITES.search(document) or not urlsplit(url).path.endswith("/graphql"):
            raise transport.NotReadingError("only GraphQL queries are sent")
        body = {"query": document, "variables": dict(variables)}
        with self._open("POST", url, headers, self._timeouts.answer, body=body) as (response, host):
            return self._answer(response, host, ANSWER_LIMIT)

    @contextmanager
    def download(
        self, url: str, *, headers: Mapping[str, str], limit: int = DOWNLOAD_LIMIT
    ) -> Iterator[Download]:
        """GET a body in chunks; of any status but 200 the `head` holds the body, and there are no chunks."""
        with self._open("GET", url, headers, self._timeouts.download) as (response, host):
            if response.status_code != 200:
                yield Download(self._answer(response, host, ERROR_LIMIT), iter(()))
            else:
                head = Answer(host, 200, _lower(response.headers), b"")
                yield Download(head, self._chunks(response, host, limit))

    def _answer(self, response: requests.Response, host: str, limit: int) -> Answer:
        body = b"".join(self._chunks(response, host, limit))
        return Answer(host, response.status_code, _lower(response.headers), body)

    def _chunks(self, response: requests.Response, host: str, limit: int) -> Iterator[bytes]:
        params = {"host": host}
        try:
            yield from bodies.chunks(response.raw, limit)
        except bodies.TooLargeError:
            raise GitHubError("too_large", {**params, "n": str(limit // MIB)}) from None
        except bodies.CutOffError:
            raise GitHubError("truncated", params) from None
        except bodies.UnknownCodingError:
            raise GitHubError("bad_answer", {**params, "status": str(response.status_code)}) from None
        except (u3.HTTPError, OSError) as error:
            raise from_exception(error, host, self._timeouts.read, in_body=True) from None

    @contextmanager
    def _open(
        self, method: str, url: str, headers: Mapping[str, str], seconds: float, **more: Any
    ) -> Iterator[tuple[requests.Response, str]]:
        token = transport.deadline.set(time.monotonic() + seconds)
        try:  # the connection keeps the deadline for the body
            response, host = self._follow(method, url, headers, **more)
        finally:
            transport.deadline.reset(token)
        with response:
            yield response, host

    def _follow(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        params: Mapping[str, str] | None = None,
        body: Mapping[str, Any] | None = None,
    ) -> tuple[requests.Response, str]:
        """Send, and follow a GET to other places of the same host, at most three times."""
        request = requests.Request(method, url, headers={**HEADERS, **headers}, params=params, json=body)
        for _ in range(REDIRECTS + 1):
            prepared = _prepared(request)
            host = _host(str(prepared.url))
            response = self._send(prepared, host)
            if response.status_code not in REDIRECT:
                return response, host
            response.close()
            target = _target(str(prepared.url), response.headers.get("location", ""))
            if method != "GET" or _origin(target) != _origin(str(prepared.url)):
                raise GitHubError("redirect", {"host": host, "to": _origin(target)[1] or "?"})
            request = requests.Request("GET", target, headers=request.headers)
        raise GitHubError("redirect", {"host": host, "to": host})

    def _send(self, prepared: requests.PreparedRequest, host: str) -> requests.Response:
        port = urlsplit(str(prepared.url)).port or 443
        proxy = self._egress.proxy_for(host, port)
        proxies = {"https": proxy} if proxy else {}
        times = (self._timeouts.connect, self._timeouts.read)
        try:
            if proxy:
                self._egress.check_behind_proxy(host, port)
            return self._adapter.send(prepared, stream=True, timeout=times, proxies=proxies)
        except FAILURES as error:
            failure = from_exception(error, host, times[0])
        if failure.key == "tls_ca":
            failure.params["issuer"] = "" if proxy else transport.issuer(self._egress, host, port)
        raise failure


def _prepared(request: requests.Request) -> requests.PreparedRequest:
    try:
        return request.prepare()
    except requests.exceptions.InvalidURL:  # only a redirect can lead to one
        raise GitHubError("redirect", {"host": _host(request.url), "to": "?"}) from None


def _lower(headers: Mapping[str, str]) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items()}


def _host(url: str) -> str:
    return (urlsplit(url).hostname or "").lower()


def _target(url: str, location: str) -> str:
    """Where a redirect leads, "" where that is no place at all."""
    try:
        return urljoin(url, location)
    except ValueError:
        return ""


def _origin(url: str) -> tuple[str, str, int]:
    """Scheme, host and port; no host where the URL is none or carries a user name."""
    try:
        parts = urlsplit(url)
        return parts.scheme, "" if "@" in parts.netloc else _host(url), parts.port or 443
    except ValueError:
        return "", "", 0

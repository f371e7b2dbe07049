"""HTTP to places an operator has named, the identity provider and the audit log's collector, and to nobody else.

Always ending in time, with our CAs and the operator's proxy. It is not the reading-only layer of `ghconnect.github`,
since a sign-in code is exchanged, and events are handed over, by POST.
"""

from __future__ import annotations

import ssl
from typing import Any
from urllib.parse import urlsplit

import requests
from django.conf import settings
from requests.adapters import HTTPAdapter

from ghconnect.github import transport
from ghconnect.usecases import clients

TIMES = (5.0, 15.0)  # seconds to connect, and from one byte to the next
ANSWER_LIMIT = 1 << 20


class TooLarge(requests.RequestException):
    """The answer is longer than any honest one."""


class Trusting(HTTPAdapter):
    """Trusts the public roots and the operator's own."""

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> Any:
        """Check certificates by our roots."""
        return super().init_poolmanager(*args, **kwargs, ssl_context=_trust())

    def proxy_manager_for(self, *args: Any, **kwargs: Any) -> Any:
        """Check them behind a proxy too."""
        return super().proxy_manager_for(*args, **kwargs, ssl_context=_trust())


class OperatorSession(requests.Session):
    """A session that follows no redirect, reads nothing from the environment, and gives up in time."""

    def __init__(self) -> None:
        super().__init__()
        self.trust_env = False
        self.mount("https://", Trusting())

    def request(self, method: Any, url: Any, *args: Any, **kwargs: Any) -> requests.Response:
        """Send; raises requests.RequestException, also for an answer that is too long."""
        host = (urlsplit(str(url)).hostname or "").lower()
        kwargs |= {"timeout": TIMES, "allow_redirects": False, "stream": True}
        if proxy := clients.egress().proxy_for(host, urlsplit(str(url)).port or 443):
            kwargs["proxies"] = {"https": proxy}
        answer = super().request(method, url, *args, **kwargs)
        answer._content = _read(answer)  # noqa: SLF001 (requests itself would read without bounds)
        return answer


def _read(answer: requests.Response) -> bytes:
    """Read a body within bounds, unpacked."""
    body = bytearray()
    for piece in answer.iter_content(1 << 14):
        body += piece
        if len(body) > ANSWER_LIMIT:
            answer.close()
            raise TooLarge("the answer is too long")
    return bytes(body)


def _trust() -> ssl.SSLContext:
    return transport.trust(settings.GHCONNECT_CA_BUNDLE)

"""Scripts of an enterprise: a token made by the deed that makes it, and a client that sends it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from django.test import Client

from ghconnect.models import AccessToken, Enterprise, User
from ghconnect.usecases import access_tokens

READ, AUDIT = AccessToken.Scope.READ_ENTERPRISE, AccessToken.Scope.READ_AUDIT_LOG
ADMIN, WRITE = AccessToken.Scope.ADMIN_CONNECT, AccessToken.Scope.WRITE_USAGE
V3, V1 = "/api/v3", "/api/console/v1"


def token(of: Enterprise, scopes: Sequence[str] = (READ,), *, by: User | None = None) -> str:
    """Make a token and return its text."""
    return access_tokens.create(enterprise=of, name="script", scopes=scopes, by=by)[1]


class Script:
    """A client that brings a token, as a script does."""

    def __init__(self, text: str, *, form: str = "Bearer") -> None:
        self.client = Client(headers={"Authorization": f"{form} {text}", "User-Agent": "script"})

    def get(self, url: str, **headers: str) -> Any:
        return self.client.get(url, headers=headers)

    def json(self, url: str) -> Any:
        answer = self.get(url)
        assert answer.status_code == 200, (url, answer.status_code, answer.content)
        return answer.json()

    def send(self, method: str, url: str, body: Any = None, **headers: str) -> Any:
        data = "" if body is None else json.dumps(body)
        return self.client.generic(method, url, data, content_type="application/json", headers=headers)

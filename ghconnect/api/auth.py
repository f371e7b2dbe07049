"""Who calls the API: a token in one of three forms, its scope, and how much of its hour is left."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Collection

from django.conf import settings
from django.http import HttpRequest, HttpResponseBase
from django.utils.translation import gettext as _
from ninja.security.base import AuthBase

from ghconnect.limits import Limit, Spent
from ghconnect.models import AccessToken
from ghconnect.request_facts import acting, request_facts
from ghconnect.usecases import access_tokens

from . import answers, errors, problems

# Wrong tries of one address. A good token is let in even then: whoever guesses hopelessly, behind the same proxy
# perhaps, must not keep a server from sending its file.
WRONG = Limit("wrong token", most=30, seconds=60)
SCHEMES = ("bearer", "token")
HOUR = 3600


class Denied(Exception):
    """The request ends with `answer`."""

    def __init__(self, answer: HttpResponseBase) -> None:
        super().__init__(answer.status_code)
        self.answer = answer


class Token(AuthBase):
    """A token with `scope` ("" is any); of people with `roles` alone, where that is not for all."""

    openapi_type = "http"
    openapi_scheme = "bearer"
    openapi_description = (
        "Authorization: Bearer ghct_…, or token ghct_…, or basic with the token as the password."
    )

    def __init__(self, scope: str = "", *, roles: Collection[str] | None = None, free: bool = False) -> None:
        self.scope, self.roles, self.free = scope, roles, free
        super().__init__()

    def __call__(self, request: HttpRequest) -> AccessToken:
        """Let a token in and put it on the request, or raise Denied."""
        return enter(request, self.scope, roles=self.roles, free=self.free)


def enter(
    request: HttpRequest, scope: str, *, roles: Collection[str] | None = None, free: bool = False
) -> AccessToken:
    """Return the token a request came with, and count it; `free` costs nothing. Raises Denied."""
    text = credentials(request)
    if not text:
        raise Denied(errors.unauthorized(request, "no_credentials"))
    try:
        token = access_tokens.authenticate(text=text, scope=scope, roles=roles)
    except access_tokens.Refused as error:
        raise Denied(_wrong(request, error.key)) from None
    except access_tokens.Elsewhere:
        raise Denied(errors.not_found(request)) from None
    spent = hourly().spend(token.digest, tries=0 if free else 1)
    request.token, request.spent = token, spent  # type: ignore[attr-defined]
    if spent.over and not free:
        raise Denied(errors.limited(request, spent))
    acting.set(str(token))
    return token


def give_back(request: HttpRequest) -> Spent | None:
    """Return what is left when the answer costs nothing after all (304)."""
    token = getattr(request, "token", None)
    return hourly().spend(token.digest, tries=-1) if token is not None else None


def hourly() -> Limit:
    """Return how often a token may ask in an hour."""
    return Limit("api", most=settings.GHCONNECT_API_HOURLY, seconds=HOUR)


def _wrong(request: HttpRequest, key: str) -> HttpResponseBase:
    address = request_facts.get()[1]
    if seconds := WRONG.wait(address):
        return errors.wait(request, seconds)
    WRONG.count(address)
    return errors.unauthorized(request, key)


def credentials(request: HttpRequest) -> str:
    """Return the token a request brings, as GitHub's clients send it (reference §13); never from the address."""
    scheme, _space, text = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() in SCHEMES:
        return text.strip()
    return _basic(text.strip()) if scheme.lower() == "basic" else ""


def _basic(text: str) -> str:
    """`-u login:TOKEN`; GitHub also takes the token as the name, with nothing or x-oauth-basic as the password."""
    try:
        name, _colon, password = base64.b64decode(text, validate=True).decode().partition(":")
    except (binascii.Error, ValueError):
        return ""
    return name if password in ("", "x-oauth-basic") else password


def as_asked(request: HttpRequest, body: object) -> None:
    """Raise Denied (412) where If-Match names another state than `body`, which is what would be told now."""
    if not answers.is_as_asked(request, body):
        raise refuse(412, "changed", _("It has changed since it was read. Read it again."))


def refuse(status: int, key: str, words: str) -> Denied:
    """Return what ends a request of the console's own doors: problem `key` in words."""
    return Denied(problems.problem(status, key, words))

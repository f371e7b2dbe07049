"""The door a script comes in by: a method, a token with a scope, and so many tries."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps

from django.contrib.auth.decorators import login_not_required
from django.core.handlers.wsgi import WSGIRequest
from django.http import HttpRequest, HttpResponseBase
from django.views.decorators.csrf import csrf_exempt

from ghconnect.limits import Limit
from ghconnect.models import AccessToken
from ghconnect.request_facts import acting, request_facts
from ghconnect.usecases import access_tokens

from . import auth, problems

View = Callable[..., HttpResponseBase]


class APIRequest(WSGIRequest):
    """A request with a good token."""

    token: AccessToken


def door(method: str, *, scope: str, limit: Limit | None = None) -> Callable[[View], View]:
    """Open a view to `method` and to tokens with `scope`; a `host` in the address is the server they are for.

    No cookie opens it, so there is nothing to forge; `limit` is counted for each token.
    """

    def decorate(view: View) -> View:
        @wraps(view)
        def guarded(request: HttpRequest, **where: str) -> HttpResponseBase:
            if request.method != method:
                return problems.wrong_method(request, method)
            refused = _enter(request, scope, limit, where.get("host"))
            if refused is not None:
                return refused
            name = acting.set(str(request.token))  # type: ignore[attr-defined]
            try:
                return view(request, **where)
            finally:
                acting.reset(name)

        return csrf_exempt(login_not_required(guarded))

    return decorate


def _enter(
    request: HttpRequest, scope: str, limit: Limit | None, host: str | None
) -> HttpResponseBase | None:
    """Put the token on the request, or return why not."""
    text = auth.credentials(request)
    if not text:
        return problems.unauthorized("no_credentials")
    try:
        token = access_tokens.authenticate(text=text, scope=scope, host=host)
    except (access_tokens.Refused, access_tokens.Elsewhere) as error:
        return _wrong(error)
    if limit is not None:
        if seconds := limit.wait(token.digest):
            return problems.wait(seconds)
        limit.count(token.digest)
    request.token = token  # type: ignore[attr-defined]
    return None


def _wrong(error: access_tokens.Refused | access_tokens.Elsewhere) -> HttpResponseBase:
    address = request_facts.get()[1]
    if seconds := auth.WRONG.wait(address):
        return problems.wait(seconds)
    auth.WRONG.count(address)
    return (
        problems.not_found()
        if isinstance(error, access_tokens.Elsewhere)
        else problems.unauthorized(error.key)
    )

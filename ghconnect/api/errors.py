"""What is wrong, said as GitHub says it under /api/v3 (reference §13), and as problem details everywhere else."""

from __future__ import annotations

import time
from collections.abc import Mapping

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.translation import gettext as _

from ghconnect.limits import Spent

from . import problems

GITHUB = "/api/v3"
DOCS = "https://docs.github.com/rest"


def like_github(request: HttpRequest) -> bool:
    """Whether whoever asks expects GitHub."""
    return request.path == GITHUB or request.path.startswith(f"{GITHUB}/")


def github(
    status: int,
    message: str,
    *,
    headers: dict[str, str] | None = None,
    more: Mapping[str, object] | None = None,
) -> JsonResponse:
    """Answer `{message, documentation_url, status}`; the status is a text, and the words are English, as there."""
    body = {"message": message, "documentation_url": DOCS, "status": str(status), **(more or {})}
    return JsonResponse(body, status=status, headers=headers)


def unauthorized(request: HttpRequest, key: str) -> HttpResponse:
    """Answer whoever is not known."""
    if like_github(request):
        words = "Requires authentication" if key == "no_credentials" else "Bad credentials"
        return github(401, words, headers={"WWW-Authenticate": 'Basic realm="ghconnect"'})
    return problems.unauthorized(key)


def not_found(request: HttpRequest) -> HttpResponse:
    """Answer what is not there, and what is there for somebody else, alike."""
    return github(404, "Not Found") if like_github(request) else problems.not_found()


def wrong_method(request: HttpRequest, allowed: str) -> HttpResponse:
    """Answer another method than one that is understood here."""
    if like_github(request):
        return github(405, "Method Not Allowed", headers={"Allow": allowed})
    return problems.wrong_method(request, allowed)


def wait(request: HttpRequest, seconds: int) -> HttpResponse:
    """Answer whoever tried too often."""
    if like_github(request):
        return github(
            429, "Too many tries. Wait before you try again.", headers={"Retry-After": str(seconds)}
        )
    return problems.wait(seconds)


def limited(request: HttpRequest, spent: Spent) -> HttpResponse:
    """Answer a token whose hour is used up."""
    seconds = max(1, spent.reset - int(time.time()))
    if like_github(request):
        words = "API rate limit exceeded for this token."
        return github(429, words, headers={"Retry-After": str(seconds)})
    return problems.wait(seconds)


def invalid(request: HttpRequest, errors: list[dict[str, str]]) -> HttpResponse:
    """Answer what does not fit; `errors` are {field, code, message}."""
    if like_github(request):
        told = [{"resource": "Request", **error} for error in errors]
        return github(422, "Validation Failed", more={"errors": told})
    return problems.problem(
        422, "invalid", _("Something in the request does not fit."), more={"errors": errors}
    )

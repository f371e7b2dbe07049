"""Problem details for scripts (RFC 9457)."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus

from django.http import HttpRequest, JsonResponse
from django.utils.translation import gettext as _

# Names a kind of problem; nothing is to be found there.
TYPE = "urn:ghconnect:problem:"


def problem(
    status: int,
    key: str,
    detail: str,
    *,
    headers: dict[str, str] | None = None,
    more: Mapping[str, object] | None = None,
) -> JsonResponse:
    """Answer `status` with `key` (for programs) and `detail` (for people); `more` are members of this kind's own."""
    body = {
        "type": f"{TYPE}{key}",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        "reason": key,
        **(more or {}),
    }
    kind, words = "application/problem+json", {"ensure_ascii": False}
    return JsonResponse(body, status=status, content_type=kind, headers=headers, json_dumps_params=words)


def not_found() -> JsonResponse:
    """Answer what is not there, and what is there for somebody else, alike."""
    return problem(404, "not_found", _("There is nothing here for this token."))


def wrong_method(request: HttpRequest, allowed: str) -> JsonResponse:
    """Answer another method than the one that is understood here."""
    words = _("Only {method} is answered here.").format(method=allowed)
    answer = problem(405, "method_not_allowed", words, headers={"Allow": allowed})
    if request.method == "HEAD":
        answer.content = b""
    return answer


def wait(seconds: int) -> JsonResponse:
    """Answer whoever tried too often."""
    words = _("Too many tries. Try again in {n} s.").format(n=seconds)
    return problem(429, "too_many_tries", words, headers={"Retry-After": str(seconds)})


def unauthorized(key: str) -> JsonResponse:
    """Answer whoever is not known; `key` as in `access_tokens.Refused`, or no_credentials."""
    words = {
        "no_credentials": _("Send a token: Authorization: Bearer ghct_…"),
        "bad_credentials": _("This token is not known here."),
        "token_expired": _("This token has expired. An owner can make another in the settings."),
        "token_revoked": _("This token was revoked."),
        "maker_left": _("Whoever made this token has no role in the enterprise any more."),
    }
    challenge = 'Bearer realm="ghconnect"'
    if key != "no_credentials":
        challenge += ', error="invalid_token"'
    return problem(401, key, words[key], headers={"WWW-Authenticate": challenge})

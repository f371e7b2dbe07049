"""The headers that protect pages, which every kind of answer carries."""

from __future__ import annotations

from django.http import HttpResponseBase

ALWAYS = {
    "Cache-Control": "",
    "Content-Security-Policy": "default-src 'none'",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=()",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Request-Id": "",
    "Strict-Transport-Security": "max-age=",
}


def missing(answer: HttpResponseBase) -> list[str]:
    """Return the names of those that it lacks, or has with another value."""
    told = answer.headers
    return [name for name, value in ALWAYS.items() if name not in told or value not in told[name]]

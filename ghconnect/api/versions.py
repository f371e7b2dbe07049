"""Versions of GitHub's API that are answered here, and what GitHub asks of every request (reference §13)."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse

from . import errors

KNOWN = ("2022-11-28", "2026-03-10")
HEADER = "X-GitHub-Api-Version"


def refused(request: HttpRequest) -> HttpResponse | None:
    """Refuse whoever names no user agent, or a version that is not known; the console's own doors ask for neither."""
    if not errors.like_github(request):
        return None
    if not request.headers.get("User-Agent"):
        return errors.github(403, "Requests without a User-Agent header are refused.")
    if request.headers.get(HEADER, KNOWN[0]) not in KNOWN:
        return errors.github(400, f"This version of the API is not known. Known are {', '.join(KNOWN)}.")
    return None


def selected(request: HttpRequest) -> str:
    """Return the version a request is answered in; all known ones have the same shape here."""
    asked = request.headers.get(HEADER, KNOWN[0])
    return asked if asked in KNOWN else KNOWN[0]

"""What a token tells by itself and by the headers of its first answer."""

from __future__ import annotations

from datetime import UTC, datetime

from ghconnect.github.http import Answer
from ghconnect.github.reading import flag, inner, text
from ghconnect.records import TokenFacts

# Documented prefixes; a classic token made before 2021 is 40 hex digits.
PREFIXES = {
    "ghp_": "classic",
    "github_pat_": "fine-grained",
    "gho_": "OAuth",
    "ghu_": "GitHub App",
    "ghs_": "GitHub App",
}


def kind(token: str) -> str:
    """`classic`, `fine-grained`, `OAuth` or `GitHub App`, by the prefix."""
    return next((name for prefix, name in PREFIXES.items() if token.startswith(prefix)), "classic")


def usable(token: str) -> bool:
    """Whether a text can be a token at all: printable ASCII without spaces."""
    return 20 <= len(token) <= 300 and token.isascii() and token.isprintable() and " " not in token


def facts(answer: Answer, token: str) -> TokenFacts:
    """Facts from `GET /user` (reference §13)."""
    user = inner({"user": answer.json()}, "user")
    scopes = answer.headers.get("x-oauth-scopes")
    return TokenFacts(
        login=text(user, "login"),
        kind=kind(token),
        site_admin=flag(user, "site_admin"),
        scopes=None if scopes is None else tuple(part.strip() for part in scopes.split(",") if part.strip()),
        expires_at=_expiry(answer.headers.get("github-authentication-token-expiration", "")),
    )


def _expiry(value: str) -> datetime | None:
    """`2026-12-31 00:00:00 UTC`, or with an offset in place of UTC."""
    for form in ("%Y-%m-%d %H:%M:%S UTC", "%Y-%m-%d %H:%M:%S %z"):
        try:
            found = datetime.strptime(value, form)  # noqa: DTZ007 -- UTC is set below
        except ValueError:
            continue
        return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    return None

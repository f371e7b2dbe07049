"""How a person wants to see the console."""

from __future__ import annotations

from ghconnect.models import User


def choose_language(*, by: User, language: str) -> User:
    """Keep the language `by` chose, a code of settings.LANGUAGES; no audit event, it concerns nobody else."""
    by.language = language
    by.save(update_fields=["language"])
    return by

"""How a person wants to see the console."""

from __future__ import annotations

from ghconnect.models import User


def choose_language(*, by: User, language: str) -> User:
    """Keep the language `by` chose, a code of settings.LANGUAGES; no audit event, it concerns nobody else."""
    by.language = language
    by.save(update_fields=["language"])
    return by


def change(
    *, by: User, name: str, language: str, time_zone: str, appearance: str, shortcuts: bool = True
) -> User:
    """Keep how `by` wants to see the console; "" leaves language and zone to the browser and to UTC."""
    by.name, by.language, by.time_zone, by.appearance = name.strip(), language, time_zone, appearance
    by.shortcuts = shortcuts
    by.save(update_fields=["name", "language", "time_zone", "appearance", "shortcuts"])
    return by

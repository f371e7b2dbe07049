"""The environment read strictly: a value that is none of its kind ends the start, with its name and advice."""

from __future__ import annotations

import warnings
from typing import Any

import environ
from django.core.exceptions import ImproperlyConfigured

YES = ("1", "true", "yes", "on", "y", "ok")
NO = ("", "0", "false", "no", "off", "n")
LEVELS = ("CRITICAL", "ERROR", "WARNING", "INFO", "DEBUG")
BROKERS = ("redis://", "rediss://", "unix://")


class Env(environ.FileAwareEnv):  # type: ignore[misc]
    """`FOO_FILE` reads FOO from a file. Every method raises ImproperlyConfigured for what it cannot take."""

    def get_value(self, var: str, *args: Any, **kwargs: Any) -> Any:
        """Return a value as its kind; says which file of `FOO_FILE` cannot be read."""
        try:
            return super().get_value(var, *args, **kwargs)
        except OSError as error:
            raise ImproperlyConfigured(
                f"{var}_FILE: {error.filename} cannot be read ({error.strerror}). Name a file of this user."
            ) from None

    def bool(self, var: str, default: Any = False) -> bool:
        """A word for yes or no: a misspelled one would silently be no, which may be the unsafe one."""
        text = str(self.str(var, default="1" if default else "0")).strip().lower()
        if text not in (*YES, *NO):
            raise ImproperlyConfigured(f"{var}: {text!r} is neither yes nor no. Write True or False.")
        return text in YES

    def whole(self, var: str, default: int, *, least: int = 0) -> int:
        """A whole number of `least` or more."""
        return int(self._number(var, default, least, int))

    def seconds(self, var: str, default: float) -> float:
        """So many seconds, fractions too."""
        return float(self._number(var, default, 0.05, float))

    def _number(self, var: str, default: float, least: float, kind: type) -> Any:
        text = self.str(var, default=str(default))
        try:
            value = kind(text)
        except ValueError:
            value = None
        if value is None or not value >= least:
            what = "a whole number" if kind is int else "a number"
            raise ImproperlyConfigured(
                f"{var}: {text!r} is not {what} from {least} on, for instance {default}."
            )
        return value

    def database(self, var: str, default: str) -> dict[str, Any]:
        """A database by its URL."""
        with warnings.catch_warnings(action="ignore"):
            found: dict[str, Any] = self.db_url(var, default=default)
        if not found.get("ENGINE"):
            raise ImproperlyConfigured(f"{var}: write postgres://user:secret@host/name, or sqlite:///path.")
        return found

    def one_of(self, var: str, default: str, known: tuple[str, ...]) -> str:
        """One of some words."""
        text = str(self.str(var, default=default))
        if text not in known:
            raise ImproperlyConfigured(f"{var}: {text!r} is none of {', '.join(known)}.")
        return text

    def broker(self, var: str, default: str) -> str:
        """Redis by its URL."""
        text = str(self.str(var, default=default))
        if not text.startswith(BROKERS):
            raise ImproperlyConfigured(f"{var}: write redis://host:6379/0, or rediss:// for TLS.")
        return text

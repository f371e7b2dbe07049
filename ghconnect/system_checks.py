"""Refuses unsafe settings with advice: `manage.py check --deploy` (docs/production.md lists the codes)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from django.conf import settings
from django.core import checks
from django.db import DatabaseError

from . import key_check

Test = Callable[[], bool]


def _key_beside_database() -> bool:
    """The sealing key lies where the SQLite file lies: one stolen folder opens every token."""
    kept = settings.VAR_DIR / "sealing.key"
    return kept.exists() and [kept.read_text().strip()] == settings.GHCONNECT_SEALING_KEYS


def _sandbox() -> bool:
    return bool(settings.GHCONNECT_SANDBOX_URL) and settings.HTTPS_ONLY


def _metrics_open() -> bool:
    return any(network.prefixlen == 0 for network in settings.GHCONNECT_METRICS_NETWORKS)


def _everywhere() -> bool:
    return any(network.prefixlen < 8 for network in settings.GHCONNECT_ALLOWED_NETWORKS)


ERRORS: dict[str, tuple[Test, str, str]] = {
    "E001": (
        lambda: bool(settings.DEBUG),
        "DEBUG shows settings and code to everybody.",
        "Take DEBUG out of the environment.",
    ),
    "E002": (
        lambda: not settings.HTTPS_ONLY,
        "Pages, sessions and passwords may travel unencrypted.",
        "Set GHCONNECT_HTTPS_ONLY=True, and GHCONNECT_BEHIND_PROXY=True behind a proxy that speaks https.",
    ),
    "E003": (
        lambda: "*" in settings.ALLOWED_HOSTS,
        "Any host name is answered: links in mails could lead elsewhere.",
        "Name the console's own hosts in ALLOWED_HOSTS.",
    ),
    "E004": (
        lambda: bool(settings.GHCONNECT_FAULTS),
        "GHCONNECT_FAULTS lets processes die on purpose.",
        "Take GHCONNECT_FAULTS out of the environment.",
    ),
    "E005": (
        _everywhere,
        "GHCONNECT_ALLOWED_NETWORKS opens nearly every address, metadata services of clouds among them.",
        "Name the networks your GHES hosts are in, as 10.20.0.0/16.",
    ),
    "E006": (
        _metrics_open,
        "GHCONNECT_METRICS_NETWORKS lets everybody read /metrics.",
        "Name your monitoring's network, or give it GHCONNECT_METRICS_TOKEN.",
    ),
    "E007": (
        lambda: 0 < len(settings.GHCONNECT_METRICS_TOKEN) < 20,
        "GHCONNECT_METRICS_TOKEN is short enough to guess.",
        'Make one: python -c "import secrets; print(secrets.token_urlsafe(32))"',
    ),
    "E008": (
        lambda: len(set(settings.GHCONNECT_SEALING_KEYS)) < len(settings.GHCONNECT_SEALING_KEYS),
        "GHCONNECT_SEALING_KEYS lists a key twice, so nothing is rotated.",
        "Put a new key first, the old one behind it, and run manage.py rotate_secrets.",
    ),
    "E009": (
        _sandbox,
        "Pretend GitHub is switched on (GHCONNECT_SANDBOX_URL) in what looks like production.",
        "Take GHCONNECT_SANDBOX_URL out of the environment.",
    ),
}
WARNINGS: dict[str, tuple[Test, str, str]] = {
    "W001": (
        _key_beside_database,
        "The sealing key is the one made under GHCONNECT_VAR, beside what it seals.",
        "Give GHCONNECT_SEALING_KEYS by GHCONNECT_SEALING_KEYS_FILE, and back it up apart from the database.",
    ),
    "W002": (
        lambda: settings.GHCONNECT_PAUSE_SYNCS,
        "Syncs are paused: nothing is read.",
        "Take GHCONNECT_PAUSE_SYNCS away when the work is done.",
    ),
}


@checks.register(checks.Tags.security, deploy=True)
def refuse_unsafe(app_configs: Sequence[Any] | None = None, **options: Any) -> list[checks.CheckMessage]:
    """Return what is unsafe, each with its code and what to do."""
    found: list[checks.CheckMessage] = []
    for kind, tests in ((checks.Error, ERRORS), (checks.Warning, WARNINGS)):
        found += [
            kind(words, hint=advice, id=f"ghconnect.{code}")
            for code, (test, words, advice) in tests.items()
            if test()
        ]
    return found


@checks.register(checks.Tags.security, deploy=True)
def refuse_other_keys(app_configs: Sequence[Any] | None = None, **options: Any) -> list[checks.CheckMessage]:
    """Return whether the sealing keys are those of this database; one that does not answer says nothing.

    Web server and workers look again when they start: keys and database may be brought together only there.
    """
    if not key_check.right_key():
        return [checks.Error(key_check.WORDS, hint=key_check.ADVICE, id="ghconnect.E010")]
    if closed := _closed():
        words = f"No sealing key opens what is sealed of {', '.join(closed)}."
        hint = "Put the key it was sealed with behind the newest in GHCONNECT_SEALING_KEYS, or replace those tokens."
        return [checks.Warning(words, hint=hint, id="ghconnect.W003")]
    return []


def _closed() -> list[str]:
    from ghconnect.usecases import secrets

    try:
        return [*secrets.closed(), *([] if secrets.audit_log_opens() else [secrets.AUDIT_LOG])]
    except DatabaseError:
        return []

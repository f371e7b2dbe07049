"""Refuses to start with sealing keys that open nothing in the database (ENGINEERING §28)."""

from __future__ import annotations

import logging
import sys

from django.db import DatabaseError

log = logging.getLogger(__name__)
WORDS = "The sealing keys open nothing that is sealed in this database: they are those of another console."
ADVICE = (
    "Give the key it was sealed with in GHCONNECT_SEALING_KEYS (or GHCONNECT_SEALING_KEYS_FILE, or sealing.key under "
    "GHCONNECT_VAR); it belongs to the backup of the database. manage.py doctor says more."
)


def right_key() -> bool:
    """Whether the keys are this database's; a database that does not answer says nothing against them."""
    from ghconnect.usecases import secrets

    try:
        return not secrets.wrong_key()
    except DatabaseError:
        return True


def refuse_wrong_key() -> None:
    """End the process with advice where the keys are wrong."""
    if not right_key():
        log.critical("%s %s", WORDS, ADVICE)
        sys.exit(f"ghconnect does not start. {WORDS} {ADVICE}")

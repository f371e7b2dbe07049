"""The text of this console's own tokens: `ghct_`, 30 random characters, and a checksum of both.

The prefix lets secret scanners and people recognise one; the checksum tells a mistyped one from a wrong one without
asking the database. 30 characters of 62 are 178 random bits, so a plain SHA-256 keeps them as well as a slow hash.
"""

from __future__ import annotations

import hashlib
import secrets
import string
import zlib

PREFIX = "ghct_"
ALPHABET = string.digits + string.ascii_uppercase + string.ascii_lowercase
RANDOM, CHECK = 30, 6
SHOWN = len(PREFIX) + 4


def make() -> str:
    """Return the text of a new token; it is shown once and kept nowhere."""
    body = PREFIX + "".join(secrets.choice(ALPHABET) for _ in range(RANDOM))
    return body + _checksum(body)


def is_whole(text: str) -> bool:
    """Whether a text has the form of a token and its checksum fits."""
    if not text.startswith(PREFIX) or len(text) != len(PREFIX) + RANDOM + CHECK or not text.isascii():
        return False
    return text[-CHECK:] == _checksum(text[:-CHECK])


def digest(text: str) -> str:
    """Return what is kept of a token: its SHA-256 in hex."""
    return hashlib.sha256(text.encode()).hexdigest()


def shown(text: str) -> str:
    """Return how a token begins; four of its random characters."""
    return text[:SHOWN]


def _checksum(body: str) -> str:
    rest, digits = zlib.crc32(body.encode()), ""
    for _ in range(CHECK):
        rest, digit = divmod(rest, len(ALPHABET))
        digits = ALPHABET[digit] + digits
    return digits

"""Small text helpers: address keys, times, identifiers."""

import hashlib
import unicodedata
import uuid
from datetime import UTC, datetime
from email.utils import formatdate

HOUR = 3600
DAY = 24 * HOUR
WEEK = 7 * DAY


def key(address: str | None) -> str:
    """An address as the pretend GHEC compares it: trimmed, NFC, lower case. "" for none."""
    return unicodedata.normalize("NFC", (address or "").strip()).lower()


def iso(epoch: float) -> str:
    """Epoch seconds as GitHub writes times: `2026-01-31T06:00:00Z`."""
    return datetime.fromtimestamp(int(epoch), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def http_date(epoch: float) -> str:
    """Epoch seconds as an HTTP date."""
    return formatdate(int(epoch), usegmt=True)


def guid(*parts: object) -> str:
    """A UUID that depends on nothing but its parts."""
    return str(uuid.uuid5(uuid.NAMESPACE_URL, "/".join(map(str, parts))))


def digest(*parts: object) -> str:
    """A hexadecimal digest that depends on nothing but its parts."""
    return hashlib.sha256("/".join(map(str, parts)).encode()).hexdigest()

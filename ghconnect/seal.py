"""Seals tokens at rest: the first key of GHCONNECT_SEALING_KEYS seals, all of them open."""

from __future__ import annotations

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings


class SealBroken(Exception):
    """A sealed text opens with no key of this console; its words are `problem("sealed")`."""

    key = "sealed"


def seal(text: str) -> str:
    """Seal `text`; an empty text stays empty, so that "no token" can be read without a key."""
    return _keys().encrypt(text.encode()).decode() if text else ""


def unseal(sealed: str) -> str:
    """Open what `seal` sealed; raises SealBroken."""
    try:
        return _keys().decrypt(sealed.encode()).decode() if sealed else ""
    except (InvalidToken, UnicodeError):
        raise SealBroken from None


def reseal(sealed: str) -> str:
    """Seal again under the newest key, after a rotation; raises SealBroken."""
    try:
        return _keys().rotate(sealed.encode()).decode() if sealed else ""
    except InvalidToken:
        raise SealBroken from None


def _keys() -> MultiFernet:
    return MultiFernet([Fernet(key) for key in settings.GHCONNECT_SEALING_KEYS])

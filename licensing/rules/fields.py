"""Values of files as facts of a server account; each raises ValueError with the key of what is wrong."""

from __future__ import annotations

from datetime import UTC, datetime

from .normalise import email_key

# As long as a login and an address are kept; GitHub's are shorter (39 and 254).
LOGIN, EMAIL = 255, 320

# The eight fields that are read, in the order of records.ServerAccount.
FIELDS = (
    "remote_user_id",
    "login",
    "email",
    "suspended",
    "site_admin",
    "dormant",
    "never_active",
    "created_at",
)
REQUIRED = FIELDS[:4]

_WORDS = {True: ("true", "t", "1", "yes"), False: ("false", "f", "0", "no")}
_BOOLEANS = {
    written: meant
    for meant, words in _WORDS.items()
    for word in words
    for written in (word, word.upper(), word.title())
}


def boolean(value: str) -> bool:
    """true/false, t/f, 1/0, yes/no; nothing else, and nothing is no answer."""
    try:
        return _BOOLEANS[value]
    except KeyError:
        raise ValueError("not_boolean") from None


def suspended(value: str) -> bool:
    """Whether a status is that of a suspended account: in words, or as a boolean."""
    status = value.strip().lower()
    return status == "suspended" if status in {"suspended", "unsuspended", "active"} else boolean(value)


def number(value: str) -> int:
    """A whole number that a database can keep."""
    if value.isascii() and value.isdigit() and len(value) <= 18:
        return int(value)
    raise ValueError("not_number")


def name(value: str) -> str:
    """A login: never blank."""
    if value := value.strip():
        return _kept(value, len(value) <= LOGIN)
    raise ValueError("blank")


def email(value: str) -> str:
    """An address, "" for none; an international one may be longer as a key."""
    value = value.strip()
    return _kept(value, len(value if value.isascii() else max(value, email_key(value), key=len)) <= EMAIL)


def _kept(value: str, fits: bool) -> str:
    if not fits:
        raise ValueError("too_long")
    return value


def admin(value: str) -> bool:
    """`role` of the site-admin reports (reference §6.3)."""
    role = value.strip().lower()
    if role in {"admin", "user"}:
        return role == "admin"
    raise ValueError("not_role")


def moment(value: str) -> datetime | None:
    """ISO 8601, UTC where no zone is given; None when blank."""
    if not value:
        return None
    try:
        found = datetime.fromisoformat(value.replace(" UTC", "Z"))
        if found.tzinfo is UTC:
            return found
        return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        raise ValueError("not_time") from None


class SeenIds:
    """Ids already read, one bit each up to 16 MiB of them; servers number their accounts densely."""

    DENSE = 1 << 27

    def __init__(self) -> None:
        self._bits = bytearray()
        self._others: set[int] = set()

    def add(self, one: int) -> bool:
        """Whether the id is new."""
        if one >= self.DENSE:
            new = one not in self._others
            self._others.add(one)
            return new
        place, bit = one >> 3, 1 << (one & 7)
        if place >= len(self._bits):
            self._bits.extend(bytes(max(place + 1 - len(self._bits), len(self._bits))))
        new = not self._bits[place] & bit
        self._bits[place] |= bit
        return new

"""Sealed tokens as a whole: which open, which are under an older key, and sealing them all anew."""

from __future__ import annotations

from collections.abc import Iterator

from cryptography.fernet import Fernet, InvalidToken
from django.conf import settings
from django.db import transaction

from ghconnect.models import Enterprise, Server
from ghconnect.seal import SealBroken, reseal, unseal

from . import audit

Holder = Enterprise | Server


def rotate(*, dry_run: bool = False) -> tuple[int, list[str]]:
    """Seal every token under the newest key that is not yet; returns how many, and who holds one no key opens.

    Each is a transaction of its own: stopped in the middle, it goes on where it was. A token replaced meanwhile
    is left alone. Runs beside the console while both keys are listed.
    """
    count, closed = 0, list[str]()
    for row in _holders():
        try:
            if not _is_old(row.token):
                continue
            count += 1
            if not dry_run:
                _rotate(row)
        except SealBroken:
            closed.append(str(_name(row)))
    if count and not dry_run:
        audit.record("secrets.rotate", by=None, enterprise=None, count=count, closed=len(closed))
    return count, closed


@transaction.atomic
def _rotate(row: Holder) -> None:
    type(row)._base_manager.filter(pk=row.pk, token=row.token).update(token=reseal(row.token))


def closed() -> list[str]:
    """Names of those whose token opens with no key."""
    return [_name(row) for row in _holders() if not _opens(row.token)]


def old() -> int:
    """How many tokens are still under an older key."""
    return sum(_opens(row.token) and _is_old(row.token) for row in _holders())


def _holders() -> Iterator[Holder]:
    yield from Enterprise.objects.exclude(token="").only("pk", "slug", "token").order_by("pk")
    yield from Server.objects.exclude(token="").only("pk", "host", "token").order_by("pk")


def _name(row: Holder) -> str:
    return row.slug if isinstance(row, Enterprise) else row.host


def _opens(sealed: str) -> bool:
    try:
        unseal(sealed)
    except SealBroken:
        return False
    return True


def _is_old(sealed: str) -> bool:
    """Whether the newest key does not open it; raises SealBroken where none does."""
    try:
        Fernet(settings.GHCONNECT_SEALING_KEYS[0]).decrypt(sealed.encode())
    except InvalidToken:
        unseal(sealed)
        return True
    return False

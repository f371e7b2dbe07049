"""Sealed secrets as a whole: which open, which are under an older key, and sealing them all anew."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from allauth.mfa.models import Authenticator
from cryptography.fernet import Fernet, InvalidToken
from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet

from ghconnect.models import AuditHeads, Enterprise, Server
from ghconnect.seal import SealBroken, reseal, unseal

from . import audit, audit_heads

# What of a second factor is sealed (sign_in/second_factor.py): an app's key, and what recovery codes are made from.
FACTOR_PARTS = ("secret", "seed")
AUDIT_LOG = "the audit log"


@dataclass(frozen=True, slots=True)
class Sealed:
    """One sealed text: the row that holds it, a part of the row's `data` or "" for its token, whose it is."""

    row: Enterprise | Server | Authenticator
    text: str
    name: str
    part: str = ""

    def keep(self, anew: str) -> None:
        """Store it sealed anew, unless another was put there meanwhile."""
        rows: QuerySet[Any] = type(self.row)._base_manager.filter(pk=self.row.pk)
        if not self.part:
            rows.filter(token=self.text).update(token=anew)
            return
        held = rows.select_for_update(no_key=True).first()
        if held is not None and held.data.get(self.part) == self.text:
            held.data[self.part] = anew
            held.save(update_fields=["data"])


def rotate(*, dry_run: bool = False) -> tuple[int, list[str]]:
    """Seal every token under the newest key that is not yet; returns how many, and who holds one no key opens.

    The row that says where the audit log ends is sealed anew beside them; it is no token, so not counted.

    Each is a transaction of its own: stopped in the middle, it goes on where it was. A token replaced meanwhile
    is left alone. Runs beside the console while both keys are listed.
    """
    count, closed = 0, list[str]()
    for each in _sealed():
        try:
            if not _is_old(each.text):
                continue
            count += 1
            if not dry_run:
                _rotate(each)
        except SealBroken:
            closed.append(each.name)
    if not audit_log_opens():
        closed.append(AUDIT_LOG)
    elif not dry_run:
        audit_heads.reseal()
    if count and not dry_run:
        audit.record("secrets.rotate", by=None, enterprise=None, count=count, closed=len(closed))
    return count, closed


@transaction.atomic
def _rotate(each: Sealed) -> None:
    each.keep(reseal(each.text))


def wrong_key() -> bool:
    """Whether there is something sealed and no key opens any of it: the keys are those of another console."""
    texts = _audit_log()
    for model in (Enterprise, Server):
        texts += model._base_manager.exclude(token="").order_by("pk").values_list("token", flat=True)[:20]
    return bool(texts) and not any(map(_opens, texts))


def audit_log_opens() -> bool:
    """Whether a key opens what says where the audit log ends; true where nothing does."""
    return all(map(_opens, _audit_log()))


def audit_log_is_old() -> bool:
    """Whether that is still under an older key, which must not be taken away yet."""
    return audit_log_opens() and any(map(_is_old, _audit_log()))


def _audit_log() -> list[str]:
    return list(AuditHeads.objects.values_list("sealed", flat=True))


def closed() -> list[str]:
    """Names of those whose token opens with no key."""
    return [each.name for each in _sealed() if not _opens(each.text)]


def old() -> int:
    """How many are still under an older key."""
    return sum(_opens(each.text) and _is_old(each.text) for each in _sealed())


def _sealed() -> Iterator[Sealed]:
    for enterprise in Enterprise.objects.exclude(token="").only("pk", "slug", "token").order_by("pk"):
        yield Sealed(enterprise, enterprise.token, enterprise.slug)
    for server in Server.objects.exclude(token="").only("pk", "host", "token").order_by("pk"):
        yield Sealed(server, server.token, server.host)
    for factor in Authenticator.objects.select_related("user").order_by("pk"):
        for part in FACTOR_PARTS:
            if text := factor.data.get(part):
                yield Sealed(factor, text, f"{factor.user.login} ({factor.type})", part)


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

"""The enterprise's own token on GitHub: one for the whole account, sealed (ENGINEERING §12)."""

from __future__ import annotations

from django.db import transaction

from ghconnect import features
from ghconnect.models import Enterprise, User
from ghconnect.records import Check

from . import audit, checks, clients, enterprises
from .enterprises import BadToken

__all__ = ["BadToken", "TokenRefused", "check_enterprise_token", "replace_enterprise_token"]


class TokenRefused(Exception):
    """GitHub refused the new token; the old one stays. `checks` say why."""

    def __init__(self, found: list[Check]) -> None:
        super().__init__("the token was refused")
        self.checks = found


def replace_enterprise_token(*, enterprise: Enterprise, token: str, by: User | None) -> Enterprise:
    """Check a token, then seal it in place of the old one; a read of the cloud side is requested at once.

    A token GitHub refuses never replaces one that may work; while nobody answers it is taken on trust.
    Raises BadToken, TokenRefused.
    """
    token = token.strip()
    found = enterprises.examine(enterprise.host, enterprise.account_name, token, enterprise.kind)
    if not token:
        raise BadToken
    if found.failed("kind", "identity", "report"):
        raise TokenRefused(found.checks)
    with transaction.atomic():
        locked = Enterprise.objects.select_for_update(no_key=True).get(pk=enterprise.pk)
        before = enterprises.token_facts(locked)
        _write(locked, **enterprises.token_columns(token, found))
        told = {"before": before, "after": enterprises.token_facts(locked)}
        audit.record("enterprise.token_replace", by=by, enterprise=locked, subject=locked.slug, **told)
        features.enterprise_token_replaced(enterprise=locked, by=by)
    return locked


def check_enterprise_token(*, enterprise: Enterprise, by: User | None) -> Enterprise:
    """Check the token that is there, and keep the answers; raises GitHubError `no_token` or `sealed`."""
    token = clients.token_of(enterprise)
    found = enterprises.examine(enterprise.host, enterprise.account_name, token, enterprise.kind)
    columns = enterprises.token_columns(token, found)
    kept = {name: columns[name] for name in ("checks", "checked_at", "token_scopes", "token_expires_at")}
    with transaction.atomic():
        locked = Enterprise.objects.select_for_update(no_key=True).get(pk=enterprise.pk)
        _write(locked, **kept)
        told = checks.outcome(found.checks)
        audit.record("enterprise.check", by=by, enterprise=locked, subject=locked.slug, checks=told)
    return locked


def _write(enterprise: Enterprise, **values: object) -> None:
    for name, value in values.items():
        setattr(enterprise, name, value)
    enterprise.save(update_fields=list(values))

"""Tokens of this console: made, shown once, replaced, revoked, and asked for at every door of the API."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import timedelta
from hmac import compare_digest
from typing import Any

from django.db import DEFAULT_DB_ALIAS, transaction
from django.db.models import OuterRef, Q, QuerySet, Subquery
from django.utils import timezone

from ghconnect import token_text
from ghconnect.models import AccessToken, Enterprise, Membership, Role, Server, User
from ghconnect.prepared import Prepared
from ghconnect.request_facts import request_facts

from . import audit

Scope = AccessToken.Scope
# What a person of each role may give to a token of theirs, and what it may do as long as they have that role.
SCOPES_OF: dict[str, frozenset[str]] = {
    Role.OWNER: frozenset(Scope.values),
    Role.AUDITOR: frozenset({Scope.READ_ENTERPRISE, Scope.READ_AUDIT_LOG}),
    Role.BILLING_MANAGER: frozenset({Scope.READ_ENTERPRISE}),
}
# How long a token may live, in days; the first is what a form offers.
LIFETIMES = (365, 180, 90, 30)
# A token that was replaced goes on so long, so that a host can be given the new one without a gap.
OVERLAP = timedelta(hours=24)
# A token that is used all the time is not written about all the time.
USE_NOTED = timedelta(minutes=1)


class BadToken(Exception):
    """These scopes, this server or this lifetime cannot be together."""


class NotUsable(Exception):
    """The token is revoked or expired, so it cannot be replaced."""


class Refused(Exception):
    """Nobody is known by this text: `key` is bad_credentials, token_expired, token_revoked or maker_left."""

    def __init__(self, key: str) -> None:
        super().__init__(key)
        self.key = key


class Elsewhere(Exception):
    """The token is good, but not for this: another scope, server or enterprise. Its holder is told "not found"."""


@transaction.atomic
def create(
    *,
    enterprise: Enterprise,
    name: str,
    scopes: Sequence[str],
    server: Server | None = None,
    days: int = LIFETIMES[0],
    by: User | None,
) -> tuple[AccessToken, str]:
    """Make a token; returns its row, and its text, which is never seen again. Raises BadToken.

    Nobody gives a token more than their own role may do.
    """
    _check(enterprise, name, scopes, server, days)
    _may_give(enterprise, scopes, by)
    token, text = _insert(enterprise, name, scopes, server, timedelta(days=days), by)
    audit.record("access_token.create", by=by, enterprise=enterprise, subject=str(token), after=_facts(token))
    return token, text


@transaction.atomic
def rotate(*, token: AccessToken, by: User | None) -> tuple[AccessToken, str]:
    """Make another like it; the old one goes on for a day at most. Raises NotUsable."""
    old = _locked(token)
    if not old.is_usable():
        raise NotUsable
    made, text = _insert(
        old.enterprise, old.name, old.scopes, old.server, old.expires_at - old.created_at, by
    )
    before = {"token": old.shown, **_facts(old)}
    old.expires_at = min(old.expires_at, timezone.now() + OVERLAP)
    old.save(update_fields=["expires_at"])
    told = {"before": before, "after": _facts(made), "old_ends": old.expires_at.isoformat()}
    audit.record("access_token.rotate", by=by, enterprise=old.enterprise, subject=str(made), **told)
    return made, text


@transaction.atomic
def revoke(*, token: AccessToken, by: User | None) -> AccessToken:
    """End a token at once; one that is revoked already stays so."""
    row = _locked(token)
    if row.revoked_at is None:
        row.revoked_at = timezone.now()
        row.save(update_fields=["revoked_at"])
        told = {"before": _facts(row)}
        audit.record("access_token.revoke", by=by, enterprise=row.enterprise, subject=str(row), **told)
    return row


def authenticate(
    *, text: str, scope: str, host: str | None = None, roles: Collection[str] | None = None
) -> AccessToken:
    """Return the token of this text, and note its use.

    `scope` "" is any. `host` is the server it is used for, by the name it has or had; a token that is bound to one
    opens no other. `roles` are those whose tokens are let in, where that is not for all. Raises Refused for whoever
    is not known, Elsewhere for whoever is, but not here.
    """
    token = known(text)
    if scope and scope not in scopes_now(token):
        raise Elsewhere
    if roles is not None and role_of(token) not in roles:
        raise Elsewhere
    if host is not None and not _is_for(token, host):
        raise Elsewhere
    _note_use(token)
    return token


def scopes_now(token: AccessToken) -> list[str]:
    """Return what a token opens: its scopes, less what its maker may no longer give.

    What sends a server's file, and what the console itself made, does not hang on a person.
    """
    allowed = SCOPES_OF.get(role_of(token), frozenset())
    return [scope for scope in token.scopes if scope in allowed]


def role_of(token: AccessToken) -> str:
    """Return as what a token acts: the role its maker has now; an owner's where it hangs on no person; "" for none."""
    made_here = token.created_by_id is None and token.created_by_login == audit.SYSTEM
    if token.server_id is not None or made_here:
        return Role.OWNER
    return getattr(token, "maker_role", None) or ""


def known(text: str) -> AccessToken:
    """Return the token of a text. Raises Refused.

    The row is found by the hash, so nothing that is compared tells how much of a guess was right.
    """
    if not token_text.is_whole(text):
        raise Refused("bad_credentials")
    digest = token_text.digest(text)
    token = _with(digest)
    if token is None or not compare_digest(token.digest, digest):
        raise Refused("bad_credentials")
    if not token.is_usable():
        raise Refused("token_expired" if token.revoked_at is None else "token_revoked")
    if not role_of(token):
        raise Refused("maker_left")
    if token.server is not None:  # read apart: few tokens are bound to one
        token.server.enterprise = token.enterprise
    return token


def _with(digest: str) -> AccessToken | None:
    """The token with its enterprise, and the role its maker has now as `maker_role`."""
    row = WHOLE.first(digest)
    if row is None:
        return None
    own, theirs = row[: len(OWN)], row[len(OWN) : -1]
    token = AccessToken.from_db(DEFAULT_DB_ALIAS, OWN, own)
    token.enterprise = Enterprise.from_db(DEFAULT_DB_ALIAS, THEIRS, theirs)
    token.maker_role = row[-1]  # type: ignore[attr-defined]
    return token


def _whole(digest: str) -> QuerySet[AccessToken, Any]:
    roles = Membership.objects.filter(
        user=OuterRef("created_by"), user__is_active=True, enterprise=OuterRef("enterprise")
    )
    role = Subquery(roles.values("role")[:1])
    theirs = (f"enterprise__{name}" for name in THEIRS)
    return AccessToken.objects.filter(digest=digest).values_list(*OWN, *theirs, role)


OWN, THEIRS = ([field.attname for field in each._meta.concrete_fields] for each in (AccessToken, Enterprise))
WHOLE = Prepared(_whole, "a digest")


def _is_for(token: AccessToken, host: str) -> bool:
    """A renamed server may still be called by its old name, unless another server of the enterprise has it now."""
    named = Server.objects.filter(enterprise=token.enterprise_id)
    if token.server_id is None:
        return named.filter(host=host.lower()).exists()
    found = named.filter(Q(host=host.lower()) | Q(pk=token.server_id, names__host=host.lower()))
    return set(found.values_list("pk", flat=True)) == {token.server_id}


def _note_use(token: AccessToken) -> None:
    now, (_request_id, address) = timezone.now(), request_facts.get()
    used = token.last_used_at
    if used is not None and used > now - USE_NOTED and token.last_used_address == address:
        return  # an UPDATE of no row would still wait for SQLite's only writer
    stale = Q(last_used_at=None) | Q(last_used_at__lt=now - USE_NOTED) | ~Q(last_used_address=address)
    AccessToken.objects.filter(stale, pk=token.pk).update(last_used_at=now, last_used_address=address)


def _check(
    enterprise: Enterprise, name: str, scopes: Sequence[str], server: Server | None, days: int
) -> None:
    """What sends a server's file is bound to that server, and does nothing else."""
    known = bool(scopes) and set(scopes) <= set(Scope.values) and len(set(scopes)) == len(scopes)
    bound = list(scopes) == [Scope.WRITE_USAGE] if server is not None else Scope.WRITE_USAGE not in scopes
    here = server is None or server.enterprise_id == enterprise.pk
    if not (known and bound and here and 0 < days <= LIFETIMES[0] and name.strip()):
        raise BadToken


def _may_give(enterprise: Enterprise, scopes: Sequence[str], by: User | None) -> None:
    if by is None:
        return
    role = Membership.objects.filter(user=by, enterprise=enterprise).values_list("role", flat=True).first()
    if not set(scopes) <= SCOPES_OF.get(role or "", frozenset()):
        raise BadToken


def _insert(
    enterprise: Enterprise,
    name: str,
    scopes: Sequence[str],
    server: Server | None,
    lifetime: timedelta,
    by: User | None,
) -> tuple[AccessToken, str]:
    text, now = token_text.make(), timezone.now()
    token = AccessToken.objects.create(
        enterprise=enterprise,
        server=server,
        name=name.strip()[:100],
        scopes=[str(scope) for scope in scopes],
        shown=token_text.shown(text),
        digest=token_text.digest(text),
        created_at=now,
        created_by=by,
        created_by_login=by.login if by else audit.SYSTEM,
        expires_at=now + lifetime,
    )
    return token, text


def _facts(token: AccessToken) -> dict[str, object]:
    return {
        "scopes": token.scopes,
        "server": token.server.host if token.server else "",
        "expires": token.expires_at.date().isoformat(),
    }


def _locked(token: AccessToken) -> AccessToken:
    return (
        AccessToken.objects.select_for_update(no_key=True, of=("self",))
        .select_related("enterprise", "server")
        .get(pk=token.pk)
    )

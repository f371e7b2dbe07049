"""Suspend somebody's account and take that back: no sign-in, no session, no token of theirs (GitHub's words)."""

from __future__ import annotations

from collections.abc import Iterable

from django.contrib.sessions.models import Session
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from ghconnect.models import AccessToken, Enterprise, Invitation, Role, User

from . import access_tokens, audit, invitations
from .access import UnknownPerson


class SoleOwner(Exception):
    """The only active owner of these enterprises (slugs): they would have none."""

    def __init__(self, slugs: list[str]) -> None:
        super().__init__(", ".join(slugs))
        self.slugs = slugs


class Oneself(Exception):
    """Nobody suspends themselves: an operator would be locked out by their own hand."""


def find(email: str) -> User:
    """Return whom an email means; raises UnknownPerson."""
    user = User.objects.filter(email=email.strip().lower()).first()
    if user is None:
        raise UnknownPerson
    return user


@transaction.atomic
def suspend(*, user: User, by: User | None, even_sole_owner: bool = False) -> None:
    """Switch the account off: sessions end and tokens are revoked at once. Raises SoleOwner, Oneself.

    Invitations of theirs that nobody accepted are cancelled. Tokens with which a server sends its file do not hang on a
    person, and go on.
    """
    if by is not None and by.pk == user.pk:
        raise Oneself
    locked = list(Enterprise.objects.of(user).order_by("pk").select_for_update(no_key=True, of=("self",)))
    if (alone := _alone_in(locked, user)) and not even_sole_owner:
        raise SoleOwner(alone)
    if not User.objects.filter(pk=user.pk, is_active=True).update(is_active=False):
        return
    for token in tokens(user):
        access_tokens.revoke(token=token, by=by)
    # Whoever was invited by them may be them again.
    for invitation in Invitation.objects.open().filter(created_by=user).select_related("enterprise"):
        invitations.cancel(invitation=invitation, by=by)
    _end_sessions(user)
    _note("user.suspend", user, by, suspended=True)


@transaction.atomic
def unsuspend(*, user: User, by: User | None) -> None:
    """Let the person sign in again; sessions and tokens that ended stay so."""
    if User.objects.filter(pk=user.pk, is_active=False).update(is_active=True):
        _note("user.unsuspend", user, by, suspended=False)


def tokens(user: User) -> QuerySet[AccessToken]:
    """Return the tokens of theirs that a suspension revokes."""
    return AccessToken.objects.filter(created_by=user, server=None, revoked_at=None)


def sole_owner_of(user: User) -> list[str]:
    """Return the slugs of the enterprises that have no other active owner."""
    return _alone_in(Enterprise.objects.of(user).order_by("slug"), user)


def _alone_in(enterprises: Iterable[Enterprise], user: User) -> list[str]:
    return [each.slug for each in enterprises if _alone(each, user)]


def _alone(enterprise: Enterprise, user: User) -> bool:
    owners = enterprise.memberships.filter(role=Role.OWNER, user__is_active=True)
    return owners.filter(user=user).exists() and not owners.exclude(user=user).exists()


def _end_sessions(user: User) -> None:
    """Delete every session of theirs, so that none comes to life again with the account."""
    for session in Session.objects.filter(expire_date__gt=timezone.now()).iterator():
        if session.get_decoded().get("_auth_user_id") == str(user.pk):
            session.delete()


def _note(action: str, user: User, by: User | None, *, suspended: bool) -> None:
    places: list[Enterprise | None] = [*Enterprise.objects.of(user), None]
    told = {"before": {"suspended": not suspended}, "after": {"suspended": suspended}}
    for enterprise in places:
        audit.record(action, by=by, enterprise=enterprise, subject=user.login, **told)

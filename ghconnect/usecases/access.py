"""Roles of people in an enterprise: give one, take one; the last owner stays."""

from __future__ import annotations

import logging
import re
import secrets
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from django.db import transaction

from ghconnect.models import Enterprise, Membership, Role, Source, User

from . import audit

log = logging.getLogger(__name__)


class LastOwner(Exception):
    """An enterprise keeps at least one owner."""


class UnknownPerson(Exception):
    """Nobody with this email can sign in here."""


class UnknownEnterprise(Exception):
    """No enterprise with this slug is in this console."""


class BadRole(Exception):
    """Not a role of an enterprise."""


@dataclass(frozen=True, slots=True)
class NewOwner:
    """An owner, and the password made for one who could not sign in before ("" for others)."""

    user: User
    password: str


@transaction.atomic
def grant(*, enterprise: Enterprise, email: str, role: str, by: User | None) -> Membership:
    """Give a person who can sign in a role, or another one; raises UnknownPerson, BadRole, LastOwner."""
    if role not in Role.values:
        raise BadRole(role)
    user = User.objects.filter(email=email.strip().lower(), is_active=True).first()
    if user is None:
        raise UnknownPerson
    return _grant(_locked(enterprise), user, Role(role), by)


@transaction.atomic
def revoke(*, enterprise: Enterprise, user: User, by: User | None) -> None:
    """Take a person's role; raises LastOwner. Taking a role that is not there changes nothing."""
    locked = _locked(enterprise)
    membership = Membership.objects.filter(enterprise=locked, user=user).first()
    if membership is None:
        return
    _keep_an_owner(locked, membership)
    membership.delete()
    before = {"role": membership.role}
    audit.record("role.revoke", by=by, enterprise=locked, subject=user.login, before=before)


@transaction.atomic
def add_owner(*, slug: str, email: str, login: str = "") -> NewOwner:
    """Make a person an owner from the command line, and a user first where there is none yet.

    Raises UnknownEnterprise; a new user gets a password, which is good until they change it.
    """
    enterprise = Enterprise.objects.filter(slug=slug).first()
    if enterprise is None:
        raise UnknownEnterprise(slug)
    locked, password = _locked(enterprise), ""
    user = User.objects.filter(email=email.strip().lower()).first()
    if user is None:
        password = secrets.token_urlsafe(12)
        user = User.objects.create_user(email, free_login(login or email.partition("@")[0]), password)
        note_added(user, locked)
    _grant(locked, user, Role.OWNER, None)
    return NewOwner(user, password)


@transaction.atomic
def follow(*, user: User, source: Source, decides: Collection[str], roles: Mapping[str, Role]) -> None:
    """Give and take the roles that `source` keeps: `roles` by slug now, none in others it `decides` on.

    A role that was given here is left alone; the last owner stays, whatever the source says.
    """
    for enterprise in Enterprise.objects.filter(slug__in=decides).order_by("pk"):
        locked = _locked(enterprise)
        held = Membership.objects.filter(enterprise=locked, user=user).first()
        if held is not None and held.source != source:
            continue
        try:
            _follow(locked, user, held, roles.get(enterprise.slug), source)
        except LastOwner:
            log.warning("%s stays the last owner of %s, though %s says otherwise", user, enterprise, source)


def _follow(
    enterprise: Enterprise, user: User, held: Membership | None, wanted: Role | None, source: Source
) -> None:
    if wanted is not None:
        _grant(enterprise, user, wanted, None, source)
    elif held is not None:
        _keep_an_owner(enterprise, held)
        held.delete()
        before = {"role": held.role}
        audit.record(
            "role.revoke", by=None, enterprise=enterprise, subject=user.login, before=before, via=source
        )


def make_user(*, email: str, login: str, name: str = "", password: str | None = None) -> User:
    """Make a user with this short name, or the next free one like it; inside the caller's transaction."""
    return User.objects.create_user(
        email, free_login(login or email.partition("@")[0]), password, name=name[:100]
    )


def note_added(user: User, enterprise: Enterprise | None, **more: object) -> None:
    """Write that somebody can sign in who could not before; `after` holds no address."""
    after = {"login": user.login, "operator": user.is_staff}
    audit.record(
        "user.add", by=None, enterprise=enterprise, subject=user.login, before={}, after=after, **more
    )


def give(
    *, enterprise: Enterprise, user: User, role: Role, by: User | None, source: Source = Source.HERE
) -> Membership:
    """Give a role inside the caller's transaction; raises LastOwner."""
    return _grant(_locked(enterprise), user, role, by, source)


def _grant(
    enterprise: Enterprise, user: User, role: Role, by: User | None, source: Source = Source.HERE
) -> Membership:
    membership = Membership.objects.filter(enterprise=enterprise, user=user).first()
    if membership is not None and (membership.role, membership.source) == (role, source):
        return membership
    before = {"role": membership.role if membership else ""}
    if membership is None:
        membership = Membership.objects.create(enterprise=enterprise, user=user, role=role, source=source)
    else:
        if role != Role.OWNER:
            _keep_an_owner(enterprise, membership)
        membership.role, membership.source = role, source
        membership.save(update_fields=["role", "source"])
    told: dict[str, object] = {"before": before, "after": {"role": role}}
    if source:
        told["via"] = source.value
    audit.record("role.grant", by=by, enterprise=enterprise, subject=user.login, **told)
    return membership


def _keep_an_owner(enterprise: Enterprise, leaving: Membership) -> None:
    others = Membership.objects.filter(enterprise=enterprise, role=Role.OWNER, user__is_active=True)
    if leaving.role == Role.OWNER and not others.exclude(pk=leaving.pk).exists():
        raise LastOwner


def _locked(enterprise: Enterprise) -> Enterprise:
    """Roles of one enterprise change one after the other, so that two owners cannot remove each other."""
    return Enterprise.objects.select_for_update(no_key=True).get(pk=enterprise.pk)


def free_login(wanted: str) -> str:
    """Return a short name like `wanted` that nobody has."""
    base = re.sub(r"[^a-z0-9-]", "-", wanted.lower())[:30].strip("-") or "owner"
    taken = set(User.objects.filter(login__startswith=base).values_list("login", flat=True))
    return next(
        name for name in (base, *(f"{base}-{n}" for n in range(2, len(taken) + 3))) if name not in taken
    )

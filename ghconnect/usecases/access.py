"""Roles of people in an enterprise: give one, take one; the last owner stays."""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass

from django.db import transaction

from ghconnect.models import Enterprise, Membership, Role, User

from . import audit


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
def revoke(*, enterprise: Enterprise, user: User, by: User) -> None:
    """Take a person's role; raises LastOwner. Taking a role that is not there changes nothing."""
    locked = _locked(enterprise)
    membership = Membership.objects.filter(enterprise=locked, user=user).first()
    if membership is None:
        return
    _keep_an_owner(locked, membership)
    membership.delete()
    audit.record("role.revoke", by=by, enterprise=locked, subject=user.login, role=membership.role)


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
        user = User.objects.create_user(email, _free_login(login or email.partition("@")[0]), password)
        audit.record("user.add", by=None, enterprise=locked, subject=user.login)
    _grant(locked, user, Role.OWNER, None)
    return NewOwner(user, password)


def _grant(enterprise: Enterprise, user: User, role: Role, by: User | None) -> Membership:
    membership = Membership.objects.filter(enterprise=enterprise, user=user).first()
    if membership is not None and membership.role == role:
        return membership
    if membership is None:
        membership = Membership.objects.create(enterprise=enterprise, user=user, role=role)
    else:
        _keep_an_owner(enterprise, membership)
        membership.role = role
        membership.save(update_fields=["role"])
    audit.record("role.grant", by=by, enterprise=enterprise, subject=user.login, role=role)
    return membership


def _keep_an_owner(enterprise: Enterprise, leaving: Membership) -> None:
    others = Membership.objects.filter(enterprise=enterprise, role=Role.OWNER, user__is_active=True)
    if leaving.role == Role.OWNER and not others.exclude(pk=leaving.pk).exists():
        raise LastOwner


def _locked(enterprise: Enterprise) -> Enterprise:
    """Roles of one enterprise change one after the other, so that two owners cannot remove each other."""
    return Enterprise.objects.select_for_update(no_key=True).get(pk=enterprise.pk)


def _free_login(wanted: str) -> str:
    base = re.sub(r"[^a-z0-9-]", "-", wanted.lower())[:30].strip("-") or "owner"
    taken = set(User.objects.filter(login__startswith=base).values_list("login", flat=True))
    return next(
        name for name in (base, *(f"{base}-{n}" for n in range(2, len(taken) + 3))) if name not in taken
    )

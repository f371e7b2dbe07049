"""Invitations: a role for whoever follows a link and has the address it was sent to."""

from __future__ import annotations

import hashlib
import logging
import secrets
from collections.abc import Callable

from django.conf import settings
from django.core.mail import EmailMessage
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from ghconnect.models import Enterprise, Invitation, Membership, Role, User

from . import access, audit

log = logging.getLogger(__name__)
# Where mail is only written to a log, a link in it would be read by whoever reads logs.
NO_MAIL = ("console", "dummy")


class AlreadyIn(Exception):
    """This person has a role here already."""


class Gone(Exception):
    """The link was used, cancelled, or is older than seven days; or there never was one."""


class OtherPerson(Exception):
    """Whoever is signed in has another address than the invitation's."""


class HasAccount(Exception):
    """Somebody with this address can sign in already, and has to."""


@transaction.atomic
def invite(
    *, enterprise: Enterprise, email: str, role: str, by: User | None, link: Callable[[str], str]
) -> tuple[Invitation, str]:
    """Invite an address; returns the row and the link, seen only now; mailed too where mail can be sent.

    `link` makes the address of a page from the secret. An older invitation of the address ends. Raises AlreadyIn,
    access.BadRole.
    """
    email = email.strip().lower()
    if role not in Role.values:
        raise access.BadRole(role)
    if Membership.objects.filter(enterprise=enterprise, user__email=email).exists():
        raise AlreadyIn
    enterprise.invitations.filter(email=email, accepted_at=None, cancelled_at=None).update(
        cancelled_at=timezone.now()
    )
    made, secret = _insert(enterprise, email, role, by)
    audit.record(
        "invitation.create", by=by, enterprise=enterprise, subject=f"#{made.pk}", after={"role": role}
    )
    address = link(secret)
    transaction.on_commit(lambda: _mail(made, address))
    return made, address


def _insert(enterprise: Enterprise, email: str, role: str, by: User | None) -> tuple[Invitation, str]:
    secret = secrets.token_urlsafe(32)
    now = timezone.now()
    made = Invitation.objects.create(
        enterprise=enterprise,
        email=email,
        role=role,
        digest=_digest(secret),
        created_at=now,
        created_by=by,
        created_by_login=by.login if by else audit.SYSTEM,
        expires_at=now + Invitation.LASTS,
    )
    return made, secret


@transaction.atomic
def cancel(*, invitation: Invitation, by: User | None) -> None:
    """End an invitation; one that is over already stays as it is."""
    ended = Invitation.objects.filter(pk=invitation.pk, accepted_at=None, cancelled_at=None)
    if ended.update(cancelled_at=timezone.now()):
        audit.record(
            "invitation.cancel",
            by=by,
            enterprise=invitation.enterprise,
            subject=f"#{invitation.pk}",
            before={"role": invitation.role},
        )


def find(secret: str) -> Invitation:
    """Return the invitation of a link; raises Gone."""
    found = Invitation.objects.open().filter(digest=_digest(secret)).select_related("enterprise").first()
    if found is None:
        raise Gone
    return found


@transaction.atomic
def accept(*, secret: str, user: User) -> Membership:
    """Give the invited person the role; raises Gone, OtherPerson."""
    return _accept(find(secret), user)


@transaction.atomic
def join(*, secret: str, name: str, login: str, password: str) -> User:
    """Make the invited person a user with this password, and give the role; raises Gone, HasAccount."""
    invitation = find(secret)
    if User.objects.filter(email=invitation.email).exists():
        raise HasAccount
    user = access.make_user(email=invitation.email, login=login, name=name, password=password)
    access.note_added(user, invitation.enterprise)
    _accept(invitation, user)
    return user


def _accept(invitation: Invitation, user: User) -> Membership:
    if user.email != invitation.email:
        raise OtherPerson
    waiting = Invitation.objects.open().filter(pk=invitation.pk)
    if not waiting.update(accepted_at=timezone.now()):
        raise Gone
    given = access.give(
        enterprise=invitation.enterprise, user=user, role=Role(invitation.role), by=invitation.created_by
    )
    audit.record(
        "invitation.accept",
        by=user,
        enterprise=invitation.enterprise,
        subject=f"#{invitation.pk}",
        role=invitation.role,
    )
    return given


def can_mail() -> bool:
    """Whether mail leaves this console, rather than being written to its log."""
    return not any(word in settings.EMAIL_BACKEND for word in NO_MAIL)


def _mail(invitation: Invitation, address: str) -> None:
    """Send the link; where that fails it is still on the page."""
    if not can_mail():
        return
    inviter, place = invitation.created_by_login, invitation.enterprise.name
    body = _(
        "{inviter} invites you to {enterprise} in ghconnect. Open this link within seven days; only the person with"
        " this address can use it."
    )
    said = f"{body.format(inviter=inviter, enterprise=place)}\n\n{address}\n"
    title = _("Invitation to {enterprise} in ghconnect").format(enterprise=place)
    try:
        EmailMessage(title, said, to=[invitation.email]).send()
    except OSError as error:  # also every error of smtplib
        log.warning("invitation #%s could not be mailed: %s", invitation.pk, type(error).__name__)


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()

"""Roles: given and taken, and the last owner stays."""

from __future__ import annotations

import io

import pytest
from django.core.management import CommandError, call_command

from ghconnect.models import AuditEvent, Enterprise, Membership, Role, User
from ghconnect.usecases import access


@pytest.fixture
def finn(db: None) -> User:
    return User.objects.create_user("finn@octo.example", "finn")


def role(user: User, octo: Enterprise) -> str | None:
    found = Membership.objects.filter(user=user, enterprise=octo).first()
    return found.role if found else None


def test_a_role_is_given_changed_and_taken(octo: Enterprise, mona: User, finn: User) -> None:
    access.grant(enterprise=octo, email=" Finn@octo.example", role="billing_manager", by=mona)
    assert role(finn, octo) == Role.BILLING_MANAGER
    access.grant(enterprise=octo, email="finn@octo.example", role="owner", by=mona)
    access.grant(enterprise=octo, email="finn@octo.example", role="owner", by=mona)
    assert role(finn, octo) == Role.OWNER
    access.revoke(enterprise=octo, user=finn, by=mona)
    access.revoke(enterprise=octo, user=finn, by=mona)
    assert role(finn, octo) is None
    changes = [event.data for event in AuditEvent.objects.order_by("pk")]
    assert changes == [
        {"before": {"role": ""}, "after": {"role": "billing_manager"}},
        {"before": {"role": "billing_manager"}, "after": {"role": "owner"}},
        {"before": {"role": "owner"}},
    ]


def test_the_last_owner_neither_goes_nor_becomes_less(octo: Enterprise, mona: User, finn: User) -> None:
    access.grant(enterprise=octo, email=finn.email, role="billing_manager", by=mona)
    with pytest.raises(access.LastOwner):
        access.revoke(enterprise=octo, user=mona, by=mona)
    with pytest.raises(access.LastOwner):
        access.grant(enterprise=octo, email=mona.email, role="billing_manager", by=mona)
    assert role(mona, octo) == Role.OWNER


def test_an_owner_who_cannot_sign_in_is_no_owner_to_stay_behind(
    octo: Enterprise, mona: User, finn: User
) -> None:
    access.grant(enterprise=octo, email=finn.email, role="owner", by=mona)
    User.objects.filter(pk=finn.pk).update(is_active=False)
    with pytest.raises(access.LastOwner):
        access.revoke(enterprise=octo, user=mona, by=mona)


def test_nobody_gets_a_role_who_cannot_sign_in_or_that_is_none(
    octo: Enterprise, mona: User, finn: User
) -> None:
    with pytest.raises(access.UnknownPerson):
        access.grant(enterprise=octo, email="nobody@octo.example", role="owner", by=mona)
    with pytest.raises(access.BadRole):
        access.grant(enterprise=octo, email=finn.email, role="operator", by=mona)
    assert AuditEvent.objects.count() == 0


def add_owner(*arguments: str) -> str:
    out = io.StringIO()
    call_command("add_owner", *arguments, stdout=out)
    return out.getvalue()


def test_the_command_makes_an_owner_and_the_user(octo: Enterprise) -> None:
    said = add_owner("--enterprise", "octo-corp", "--email", "New.Owner@octo.example")
    user = User.objects.get(email="new.owner@octo.example")
    assert (user.login, role(user, octo)) == ("new-owner", Role.OWNER)
    assert user.check_password(said.rsplit(" ", 1)[1].strip())
    actions = list(AuditEvent.objects.order_by("pk").values_list("action", "actor_login"))
    assert actions == [("user.add", "ghconnect"), ("role.grant", "ghconnect")]


def test_the_command_tells_no_password_of_somebody_who_has_one(octo: Enterprise, finn: User) -> None:
    assert "password" not in add_owner("--enterprise", "octo-corp", "--email", finn.email)
    assert role(finn, octo) == Role.OWNER


def test_two_people_with_one_short_name_get_two(octo: Enterprise) -> None:
    add_owner("--enterprise", "octo-corp", "--email", "mona@elsewhere.example")
    assert User.objects.get(email="mona@elsewhere.example").login == "mona-2"


@pytest.mark.parametrize(
    ("slug", "email", "words"),
    [("nosuch", "a@b.example", "no enterprise 'nosuch'"), ("octo-corp", "mona", "not an email address")],
)
def test_the_command_says_what_is_wrong(slug: str, email: str, words: str, octo: Enterprise) -> None:
    with pytest.raises(CommandError, match=words):
        add_owner("--enterprise", slug, "--email", email)

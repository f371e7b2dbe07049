"""Invitations by the page and the link: once, for seven days, for one address; roles by the page and by force."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.core import mail
from django.db import connection
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from ghconnect.models import AuditEvent, Invitation, Membership, Role, User
from ghconnect.usecases import access, invitations
from tests.support import estate as estates
from tests.support.estate import Estate

from .conftest import PASSWORD, text

pytestmark = pytest.mark.django_db
Enter = Callable[..., Client]
GIVEN = {"name": "Hubot", "login": "hubot", "password": PASSWORD}


def invite(client: Client, octo: Estate, email: str = "Hubot@Octo.example", role: str = "auditor") -> str:
    """Invite somebody by the page; return the path of the link."""
    page = text(
        client.post(f"/enterprises/{octo.enterprise.slug}/settings/people", {"email": email, "role": role})
    )
    found = re.search(r"http://testserver(/invitations/[\w-]+)", page)
    assert found, page
    return found[1]


def test_somebody_new_sets_a_password_and_is_in(octo: Estate, enter: Enter) -> None:
    link, client = invite(enter(octo.owner), octo), Client()
    assert "invites you to octo-corp as Auditor" in text(client.get(link))
    assert client.post(link, GIVEN).headers["Location"] == "/enterprises/octo-corp"
    user = User.objects.get(email="hubot@octo.example")
    assert Membership.objects.get(user=user).role == Role.AUDITOR
    assert client.get("/enterprises/octo-corp").status_code == 200
    actions = AuditEvent.objects.filter(enterprise=octo.enterprise).values_list("action", flat=True)
    assert {"invitation.create", "invitation.accept", "user.add", "role.grant"} <= set(actions)


def test_the_link_works_once(octo: Estate, enter: Enter) -> None:
    link = invite(enter(octo.owner), octo)
    Client().post(link, GIVEN)
    answer = Client().get(link)
    assert answer.status_code == 404
    assert "This invitation is over" in text(answer)


@pytest.mark.parametrize("password", ["short", "password1234", "hubot@octo.examp"])
def test_a_weak_password_makes_nobody(octo: Estate, enter: Enter, password: str) -> None:
    answer = Client().post(invite(enter(octo.owner), octo), {**GIVEN, "password": password})
    assert answer.status_code == 200
    assert not User.objects.filter(email="hubot@octo.example").exists()


def test_whoever_is_here_signs_in_and_accepts(octo: Estate, enter: Enter) -> None:
    hubot = User.objects.create_user("hubot@octo.example", "hubot", PASSWORD)
    link = invite(enter(octo.owner), octo)
    page = Client().get(link)
    assert "Sign in as hubot@octo.example to accept." in text(page)
    client = enter(hubot)
    assert client.get("/enterprises/octo-corp").status_code == 404
    client.post(link)
    assert client.get("/enterprises/octo-corp").status_code == 200


def test_somebody_else_cannot_use_it(octo: Estate, enter: Enter) -> None:
    link, eve = invite(enter(octo.owner), octo), User.objects.create_user("eve@x.example", "eve", PASSWORD)
    client = enter(eve)
    assert "This invitation is for hubot@octo.example." in text(client.post(link))
    assert not Membership.objects.filter(user=eve).exists()


def test_it_ends_after_seven_days_when_cancelled_and_when_another_is_sent(octo: Estate, enter: Enter) -> None:
    owner = enter(octo.owner)
    first, second = invite(owner, octo), invite(owner, octo)
    assert Client().get(first).status_code == 404
    assert Client().get(second).status_code == 200
    Invitation.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    assert Client().get(second).status_code == 404
    third, made = invite(owner, octo), Invitation.objects.latest("pk")
    assert made.expires_at - made.created_at == timedelta(days=7)
    owner.post(f"/enterprises/octo-corp/settings/people/invitations/{made.pk}/cancel")
    assert Client().get(third).status_code == 404


def test_inviting_tells_nothing_of_people_of_other_enterprises(octo: Estate, enter: Enter) -> None:
    elsewhere = estates.estate("acme", "ghe.acme.example").biller
    owner, people = enter(octo.owner), "/enterprises/octo-corp/settings/people"
    known = text(owner.post(people, {"email": elsewhere.email, "role": "owner"}))
    unknown = text(owner.post(people, {"email": "nobody@nowhere.example", "role": "owner"}))
    assert elsewhere.email in known
    assert known.count("<form") == unknown.count("<form") - 1  # one more invitation waits


def test_an_invitation_of_another_enterprise_is_not_to_be_cancelled(octo: Estate, enter: Enter) -> None:
    other = estates.estate("acme", "ghe.acme.example")
    made, _link = invitations.invite(
        enterprise=other.enterprise, email="x@y.example", role="owner", by=None, link=str
    )
    answer = enter(octo.owner).post(f"/enterprises/octo-corp/settings/people/invitations/{made.pk}/cancel")
    assert answer.status_code == 404
    made.refresh_from_db()
    assert made.cancelled_at is None


def test_it_is_mailed_where_mail_leaves_and_never_written_to_a_log(
    octo: Estate,
    enter: Enter,
    settings: Settings,
    caplog: pytest.LogCaptureFixture,
    django_capture_on_commit_callbacks: Callable[..., object],
) -> None:
    with django_capture_on_commit_callbacks(execute=True):  # type: ignore[attr-defined]
        link = invite(enter(octo.owner), octo)
    (sent,) = mail.outbox
    assert sent.to == ["hubot@octo.example"]
    assert link in str(sent.body)
    settings.EMAIL_BACKEND = "django.core.mail.backends.console.EmailBackend"
    with django_capture_on_commit_callbacks(execute=True):  # type: ignore[attr-defined]
        link = invite(enter(octo.owner), octo, "other@octo.example")
    assert link not in caplog.text


def test_with_passwords_off_the_link_leads_to_sign_in(octo: Estate, enter: Enter, settings: Settings) -> None:
    link = invite(enter(octo.owner), octo)
    settings.GHCONNECT_LOCAL_PASSWORDS = False
    page = text(Client().get(link))
    assert "Sign in as hubot@octo.example to accept." in page
    assert 'type="password"' not in page


def test_the_operator_invites_first_owners_and_sees_no_people(octo: Estate, enter: Enter) -> None:
    root = estates.person("root", operator=True)
    root.set_password(PASSWORD)
    root.save()
    client = enter(root)
    page = text(
        client.post("/operator/enterprises", {"enterprise": "octo-corp", "email": "ann@octo.example"})
    )
    found = re.search(r"/invitations/[\w-]+", page)
    assert found
    assert octo.owner.email not in page
    Client().post(found[0], {**GIVEN, "login": "ann"})
    assert Membership.objects.get(user__login="ann").role == Role.OWNER
    assert enter(octo.owner).get("/operator/enterprises").status_code == 404


def test_a_second_person_of_the_same_short_name_gets_another(octo: Estate, enter: Enter) -> None:
    Client().post(invite(enter(octo.owner), octo), {**GIVEN, "login": octo.owner.login})
    assert User.objects.get(email="hubot@octo.example").login == f"{octo.owner.login}-2"


@pytest.mark.django_db(transaction=True)
def test_two_owners_who_remove_each_other_at_once_leave_one(octo: Estate) -> None:
    access.grant(enterprise=octo.enterprise, email=octo.biller.email, role="owner", by=octo.owner)
    pair, start, refused = (octo.owner, octo.biller), threading.Barrier(2), []

    def remove(by: User, other: User) -> None:
        start.wait()
        try:
            access.revoke(enterprise=octo.enterprise, user=other, by=by)
        except access.LastOwner:
            refused.append(by)
        finally:
            connection.close()

    threads = [threading.Thread(target=remove, args=each) for each in (pair, pair[::-1])]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(refused) == 1
    assert Membership.objects.filter(enterprise=octo.enterprise, role=Role.OWNER).count() == 1

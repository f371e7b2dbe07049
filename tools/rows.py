"""Rows of states that no press of the sandbox leads to; made inside Django, see tools/states.py."""

from __future__ import annotations

import json

from allauth.account.forms import default_token_generator
from allauth.account.internal.flows.login import record_authentication
from allauth.account.utils import user_pk_to_url_str
from allauth.mfa.models import Authenticator
from django.conf import settings
from django.http import HttpRequest
from django.test import Client

from ghconnect.models import Enterprise, Membership, Role, User
from licensing.models import Person, SyncRun
from tools.pages import FORGETFUL, GARDEN, KEYED, OWNER, PASSWORDLESS, SECURITY, E


def day_one() -> None:
    """Add an enterprise of the sandbox's owner with nothing in it: no token, no server."""
    enterprise = Enterprise.objects.create(slug="day-one", name="Day One")
    Membership.objects.create(user=User.objects.get(login=OWNER), role=Role.OWNER, enterprise=enterprise)


def make() -> None:
    """Insert everything, and print where it is, as JSON."""
    made = places()
    sessions = {login: session(login) for login in (PASSWORDLESS, KEYED)}
    print(json.dumps({"places": made, "cookie": settings.SESSION_COOKIE_NAME, "sessions": sessions}))


def places() -> dict[str, str]:
    """Return the places of pages, by the name that stands for them in tools/pages.py."""
    person = Person.objects.filter(enterprise__slug=E.rpartition("/")[2], name="Jane Doe").earliest("pk")
    return {
        "held": f"{GARDEN}/licensing/syncs/{held_run().number}",
        "key": f"{SECURITY}/webauthn/keys/{passkey().pk}",
        "person": f"{E}/licensing/people/{person.pk}",
        "reset": f"/password/reset/key/{secret_of_a_mail()}/",
    }


def held_run() -> SyncRun:
    """Let a reading of the organization wait for an owner: it lacks what identity values there were."""
    run = SyncRun.objects.filter(server=None, enterprise__slug=GARDEN.rpartition("/")[2]).latest("number")
    run.pk, run.number, run.state = None, run.number + 1, SyncRun.State.HELD
    run.holds = [{"key": "identities_fell", "params": {"n": 25, "m": 40, "limit": 20}}]
    run.save(force_insert=True)
    return run


def passkey() -> Authenticator:
    """Give a key to somebody of whom nothing else is asked: no browser made it."""
    user = somebody(KEYED)
    made: Authenticator = Authenticator.objects.create(user=user, type="webauthn", data={"name": "Laptop"})
    return made


def secret_of_a_mail() -> str:
    """Return what the link of a mail has, for somebody who forgot a password."""
    user = somebody(FORGETFUL, "a word that is forgotten")
    return f"{user_pk_to_url_str(user)}-{default_token_generator.make_token(user)}"


def session(login: str) -> str:
    """Return a session of somebody who has just shown who it is."""
    user = User.objects.filter(login=login).first() or somebody(login)
    client, request = Client(), HttpRequest()
    client.force_login(user)
    request.session = client.session
    record_authentication(request, user, "password", reauthenticated=True)
    request.session.save()
    return client.cookies[settings.SESSION_COOKIE_NAME].value


def somebody(login: str, password: str | None = None) -> User:
    """Add a person; without a password, as one who came by an identity provider."""
    return User.objects.create_user(f"{login}@octo-corp.example", login, password)

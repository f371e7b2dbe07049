"""An enterprise with every kind of license, an owner, a billing manager and a stranger."""

from __future__ import annotations

import pytest
from django.test import Client

from ghconnect.models import Enterprise, Membership, Role, Server, User
from ghconnect.records import SAML_NAME_ID, Identity
from tests.integration.engine import drive

TOKYO, OSAKA = "ghe-tokyo.octo.example", "ghe-osaka.octo.example"


def signed_in(of: Enterprise, login: str, role: Role) -> Client:
    user = User.objects.create_user(f"{login}@octo.example", login)
    Membership.objects.create(user=user, enterprise=of, role=role)
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def octo(db: None) -> Enterprise:
    return drive.enterprise("octo")


@pytest.fixture
def owner(octo: Enterprise) -> Client:
    return signed_in(octo, "mona", Role.OWNER)


@pytest.fixture
def manager(octo: Enterprise) -> Client:
    return signed_in(octo, "finn", Role.BILLING_MANAGER)


@pytest.fixture
def stranger(octo: Enterprise) -> Client:
    return signed_in(drive.enterprise("other"), "eve", Role.OWNER)


@pytest.fixture
def tokyo(octo: Enterprise) -> Server:
    return drive.server(octo, TOKYO)


@pytest.fixture
def estate(octo: Enterprise, tokyo: Server) -> Enterprise:
    """Counted 5: ann (cloud), bob (cloud and Tokyo), cat (Tokyo), a server not known here, an invitation.
    Expected 6: two came to Tokyo since, cat was suspended, and dan of Tokyo has no row.
    """
    rows = [
        drive.row("ann", github_com_name="Ann Lee", github_com_enterprise_roles=("owner",)),
        drive.row("bob", [f"{TOKYO}:2"], ["bob@octo.example"], github_com_saml_name_id="bob@octo.example"),
        drive.row("", [f"{TOKYO}:3"], ["cat@octo.example"]),
        drive.row("", ["ghe-old.octo.example:1"], ["old@octo.example"]),
        drive.row(
            "new@octo.example",
            github_com_name="",
            github_com_user=False,
            github_com_member_roles=(),
            github_com_orgs_with_pending_invites=("octo",),
        ),
    ]
    drive.read_cloud(octo, rows, [Identity("bob", SAML_NAME_ID, "bob@octo.example")])
    drive.read_server(
        tokyo,
        [
            drive.account(2, "bob@octo.example", "bob-on-tokyo"),
            drive.account(3, "cat@octo.example", "cat", suspended=True),
            drive.account(4, "dan@octo.example", "=dan"),
            drive.account(5, "eve@octo.example", "eve"),
        ],
    )
    octo.refresh_from_db()
    return octo

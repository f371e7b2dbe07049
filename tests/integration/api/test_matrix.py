"""Who may do what: every operation by scope of the token, role of its maker, and enterprise."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import pytest

from ghconnect.api import document
from ghconnect.api.site import api
from ghconnect.models import Role, User
from ghconnect.records import SAML_NAME_ID, Identity
from ghconnect.usecases import access, access_tokens, invitations, suspension
from licensing import avoidable
from licensing.api import site  # noqa: F401 (adds its routers)
from licensing.models import Person, SavedView
from licensing.usecases import export_jobs, saved_views
from tests.integration.api.caller import ADMIN, AUDIT, READ, WRITE, Script, token
from tests.integration.engine import drive
from tests.support import estate as estates
from tests.support.estate import Estate

pytestmark = pytest.mark.django_db
ANY = ""
READERS = frozenset({Role.OWNER, Role.AUDITOR, Role.BILLING_MANAGER})
OVERSEERS = frozenset({Role.OWNER, Role.AUDITOR})
OWNER = frozenset({Role.OWNER})
# What each operation asks for: said here once more, so that a change of one is a change of both.
TABLE: dict[str, tuple[str, frozenset[Role]]] = {
    **dict.fromkeys(
        ("github_root", "github_meta", "github_versions", "github_rate_limit", "github_user"), (ANY, READERS)
    ),
    "github_audit_log": (AUDIT, OVERSEERS),
    **dict.fromkeys(
        (
            "as_of_day",
            "attention_log",
            "bridge_lines",
            "cloud_domains",
            "cloud_sources",
            "cloud_subscriptions",
            "cloud_sync",
            "cloud_sync_changes",
            "cloud_sync_csv",
            "cloud_syncs",
            "connection",
            "editions_list",
            "enterprise_status",
            "export_as_of",
            "export_file",
            "export_start",
            "export_state",
            "exports_list",
            "export_licenses",
            "github_consumed_licenses",
            "github_license_sync_status",
            "github_syncs",
            "licenses_by",
            "people_list",
            "person_why",
            "renewal_summary",
            "saved_view",
            "saved_views_list",
            "server_github_syncs",
            "server_state",
            "server_sync",
            "server_sync_changes",
            "server_sync_csv",
            "server_sync_losing",
            "server_syncs",
            "server_statistics",
            "servers_list",
            "trend",
            "trend_weeks",
            "verdict_counts",
        ),
        (READ, READERS),
    ),
    **dict.fromkeys(
        (
            "address_check",
            "cloud_members_without",
            "duplicate",
            "duplicate_exclusions",
            "duplicates",
            "enterprise_settings",
            "enterprise_token",
            "invitations_list",
            "members_list",
            "server_accounts",
            "server_accounts_file",
            "server_settings",
            "would_it_cost",
        ),
        (READ, OVERSEERS),
    ),
    **dict.fromkeys(
        (
            "alerts_change",
            "alerts_settings",
            "alerts_test",
            "cloud_sync_discard",
            "cloud_sync_publish",
            "cloud_sync_start",
            "connection_disable",
            "connection_enable",
            "duplicate_decide",
            "duplicate_exclude",
            "enterprise_check",
            "enterprise_settings_change",
            "enterprise_token_replace",
            "export_delete",
            "feature_switch",
            "invitation_cancel",
            "member_remove",
            "person_erase",
            "saved_view_delete",
            "saved_view_keep",
            "saved_view_rename",
            "server_add",
            "server_check",
            "server_remove",
            "server_rename",
            "server_settings_change",
            "server_sync_discard",
            "server_sync_publish",
            "server_sync_start",
            "server_token",
            "server_token_delete",
        ),
        (ADMIN, OWNER),
    ),
    "usage_push": (WRITE, OWNER),
}
BODIES: dict[str, Any] = {
    "alerts_change": {"addresses": ["octo@example.com"], "events": []},
    "enterprise_settings_change": {"currency": "EUR"},
    "enterprise_token_replace": {"token": "not a token"},
    "saved_view_keep": {"name": "Tokyo", "query": "q=server:ghe"},
    "saved_view_rename": {"name": "Mona"},
    "server_add": {"host": "ghe-new.example.com", "way_in": "upload"},
    "server_rename": {"host": "ghe-tokyo.octo-corp.example"},
    "server_settings_change": {"managed_by": "ldap"},
    "server_token": {"token": "not a token"},
    "duplicate_decide": {"state": "accepted"},
    "duplicate_exclude": {"patterns": ["build-*"]},
    "export_start": {"list": "renewal", "format": "zip"},
    "feature_switch": {"state": "disabled"},
    "server_sync_publish": {"removes": 1},
    "cloud_sync_publish": {"removes": 1},
    "address_check": {"address": "mona@example.com"},
    "would_it_cost": {"addresses": ["mona@example.com"]},
}
LEVELS = {READ: READERS, AUDIT: OVERSEERS, ADMIN: OWNER}


@dataclass(frozen=True)
class Operation:
    """An operation of the document."""

    id: str
    method: str
    path: str


def operations() -> list[Operation]:
    paths = document.of(api)["paths"]
    return [
        Operation(one["operationId"], method.upper(), path)
        for path, methods in paths.items()
        for method, one in methods.items()
    ]


OPERATIONS = operations()


@pytest.fixture
def octo() -> Estate:
    made = estates.estate()
    auditor = estates.person("auditor")
    access.grant(enterprise=made.enterprise, email=auditor.email, role=Role.AUDITOR, by=None)
    jane = drive.row("", [f"{made.server.host}:7"], ["jane@example.com"])
    known = [Identity("jdoe", SAML_NAME_ID, "jane.doe@example.com")]
    drive.read_cloud(made.enterprise, [drive.row("mona"), drive.row("jdoe"), jane], known)
    accounts = [drive.account(1, "mona@example.com", "mona"), drive.account(7, "jane@example.com", "jdoe")]
    drive.read_server(made.server, accounts)
    made.enterprise.refresh_from_db()
    for _ in range(2):
        export_jobs.request(enterprise=made.enterprise, wish=export_jobs.Wish("renewal", "zip"), by=None)
    estates.connected(made.server)
    for name in ("Mona", "Jane"):  # one to be deleted
        saved_views.save(enterprise=made.enterprise, name=name, query=f"q={name}", shared=True, by=made.owner)
    invitations.invite(
        enterprise=made.enterprise, email="new@octo.example", role=Role.AUDITOR, by=made.owner, link=str
    )
    return made


def makers(octo: Estate) -> dict[Role, User]:
    auditor = User.objects.get(login="auditor")
    return {Role.OWNER: octo.owner, Role.AUDITOR: auditor, Role.BILLING_MANAGER: octo.biller}


def call(script: Script, operation: Operation, octo: Estate) -> int:
    twice = avoidable.of(octo.enterprise).candidates[0]
    person = Person.objects.filter(enterprise=octo.enterprise).first()
    assert person is not None
    where = {
        "enterprise": octo.enterprise.slug,
        "host": octo.server.host,
        "key": estates.KEY,
        "number": 2 if operation.id == "export_delete" else 1,
        "id": person.pk,
        "ending": "csv",
        "fingerprint": twice.fingerprint,
        "day": "2026-11-01",
        "chart": "licenses",
    }
    deleted = operation.id == "saved_view_delete"
    views = SavedView.objects.filter(enterprise=octo.enterprise).order_by("-pk" if deleted else "pk")
    where |= {
        "saved": views[0].pk,
        "invitation": octo.enterprise.invitations.get().pk,
        "login": octo.owner.login,  # the last owner, who stays
        "part": "server",
    }
    url = operation.path.format(**where)
    answer = script.send(operation.method, url, BODIES.get(operation.id))
    status: int = answer.status_code
    assert status < 500
    return status


def test_the_table_names_every_operation() -> None:
    assert sorted(TABLE) == sorted(operation.id for operation in OPERATIONS)


def test_without_a_token_nobody_gets_in(octo: Estate) -> None:
    script = Script("")
    script.client.force_login(octo.owner)  # who is signed in opens nothing here
    assert {operation.id: call(script, operation, octo) for operation in OPERATIONS} == {
        operation.id: 401 for operation in OPERATIONS
    }


@pytest.mark.parametrize("role", READERS)
def test_by_scope_and_role(octo: Estate, role: Role) -> None:
    for given in (scope for scope, may_give in LEVELS.items() if role in may_give):
        script = Script(token(octo.enterprise, [given], by=makers(octo)[role]))
        for operation in OPERATIONS:
            scope, roles = TABLE[operation.id]
            status = call(script, operation, octo)
            opens = scope in (given, ANY) and role in roles
            assert (status not in (401, 403, 404)) == opens, (operation.id, given, status)


def test_a_push_token_opens_its_own_door_alone(octo: Estate) -> None:
    _token, text = access_tokens.create(
        enterprise=octo.enterprise, name="push", scopes=[WRITE], server=octo.server, by=octo.owner
    )
    for operation in OPERATIONS:
        status = call(Script(text), operation, octo)
        opens = TABLE[operation.id][0] in (WRITE, ANY)
        assert (status not in (401, 403, 404)) == opens, (operation.id, status)


def test_the_token_of_another_enterprise_finds_nothing(octo: Estate) -> None:
    acme = estates.estate("acme", "ghe.acme.example")
    script = Script(token(acme.enterprise, [READ, AUDIT, ADMIN], by=acme.owner))
    named = [
        one
        for one in OPERATIONS
        if re.search("{(enterprise|host|id|fingerprint|saved|invitation|login)}", one.path)
    ]
    assert len(named) > 15
    assert {one.id: call(script, one, octo) for one in named} == {one.id: 404 for one in named}


def test_whoever_loses_a_role_loses_what_their_tokens_opened(octo: Estate) -> None:
    people = makers(octo)
    both = Script(token(octo.enterprise, [READ, AUDIT], by=people[Role.AUDITOR]))
    log = f"/api/v3/enterprises/{octo.enterprise.slug}/audit-log"
    assert both.get(log).status_code == 200
    access.grant(
        enterprise=octo.enterprise, email=people[Role.AUDITOR].email, role=Role.BILLING_MANAGER, by=None
    )
    assert both.get(log).status_code == 404
    assert both.get("/api/console/v1/bridge").status_code == 200
    access.revoke(enterprise=octo.enterprise, user=people[Role.AUDITOR], by=octo.owner)
    assert both.get("/api/console/v1/bridge").json()["reason"] == "maker_left"


def test_no_token_of_somebody_suspended_opens_anything(octo: Estate) -> None:
    made = {f"{scope}": token(octo.enterprise, [scope], by=octo.owner) for scope in LEVELS}
    access.grant(enterprise=octo.enterprise, email=octo.biller.email, role=Role.OWNER, by=None)
    left_open = Script(token(octo.enterprise, [*LEVELS], by=octo.biller))
    suspension.suspend(user=octo.owner, by=octo.biller)
    # As if a token had been made beside the deed: it hangs on an account that is switched off.
    User.objects.filter(pk=octo.biller.pk).update(is_active=False)
    for at, operation in enumerate(OPERATIONS):
        scripts = [left_open]
        if text := made.get(TABLE[operation.id][0]):
            scripts.append(Script(text))
        for script in scripts:
            script.client.defaults["REMOTE_ADDR"] = f"203.0.113.{at}"  # wrong tokens are counted by address
            assert call(script, operation, octo) == 401, operation.id


def test_nobody_gives_a_token_more_than_their_role_may(octo: Estate) -> None:
    for role, maker in makers(octo).items():
        for given, may_give in LEVELS.items():
            if role not in may_give:
                with pytest.raises(access_tokens.BadToken):
                    token(octo.enterprise, [given], by=maker)

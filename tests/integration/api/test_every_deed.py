"""Everything a page can do, a script can do: what pages take and what they give away, beside the API's operations."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.urls import URLPattern, URLResolver, get_resolver

from ghconnect.api import document
from ghconnect.api.site import api
from ghconnect.models import AuditEvent, Membership, Role
from ghconnect.usecases import access, invitations
from licensing.api import site  # noqa: F401 (adds its routers)
from licensing.models import Person, SavedView
from tests.integration.api.caller import ADMIN, READ, V1, Script, token
from tests.integration.engine import drive
from tests.integration.licensing import state
from tests.support import estate as estates
from tests.support.estate import Estate

# Addresses of pages that change something, each with what does the same for a script.
DEEDS: dict[str, tuple[str, ...]] = {
    "check": ("address_check", "would_it_cost"),
    "cloud_refresh": ("cloud_sync_start",),
    "cloud_sync_discard": ("cloud_sync_discard",),
    "cloud_sync_publish": ("cloud_sync_publish",),
    "connect_disable": ("connection_disable",),
    "connect_enable": ("connection_enable",),
    "counted_twice_decide": ("duplicate_decide",),
    "counted_twice_exclude": ("duplicate_exclude",),
    "enterprise_settings": ("enterprise_settings_change",),
    "feature_switch": ("feature_switch",),
    "invitation_cancel": ("invitation_cancel",),
    "person_erase": ("person_erase",),
    "role_remove": ("member_remove",),
    "saved_views": ("saved_view_keep", "saved_view_rename", "saved_view_delete"),
    "server_new": ("server_add",),
    "server_remove": ("server_remove",),
    "server_settings": ("server_settings_change", "server_token", "server_check", "server_rename"),
    "server_sync_discard": ("server_sync_discard",),
    "server_sync_now": ("server_sync_start",),
    "server_sync_publish": ("server_sync_publish",),
    "server_token_delete": ("server_token_delete",),
    "settings_alerts": ("alerts_change", "alerts_test"),
    "settings_github": ("enterprise_token_replace", "enterprise_check"),
    "upload": ("usage_push",),
}
GIVES_POWER = "a token makes nobody more powerful"
OF_THE_OPERATOR = "of the whole install, whose operator has manage.py"
OF_A_PERSON = "of whoever is signed in, in no enterprise"
LEFT_OUT = {
    "enterprise_new": "a token is of one enterprise",
    "invitation": OF_A_PERSON,
    **dict.fromkeys(
        ("operator_accounts", "operator_enterprises", "operator_suspend", "operator_unsuspend"),
        OF_THE_OPERATOR,
    ),
    "role": GIVES_POWER,
    "server_push": GIVES_POWER,
    "server_push_revoke": GIVES_POWER,
    "sessions": OF_A_PERSON,
    "set_language": OF_A_PERSON,
    "settings_people": GIVES_POWER,
    "settings_security": "asks for the second factor of whoever says it",
    "settings_token_revoke": GIVES_POWER,
    "settings_tokens": GIVES_POWER,
    "start_again": "of the sandbox alone",
    "user_settings": OF_A_PERSON,
}
# Files that pages give away.
FILES: dict[str, tuple[str, ...]] = {
    "audit_log_csv": ("github_audit_log",),
    "audit_log_json": ("github_audit_log",),
    "cloud_sync_csv": ("cloud_sync_csv",),
    "consumed_csv": ("export_licenses", "people_list"),
    "consumed_json": ("export_licenses",),
    "consumed_xlsx": ("export_licenses",),
    "counted_twice_csv": ("duplicates",),
    "history_export": ("export_as_of", "as_of_day"),
    "person_json": ("person_why",),
    "renewal_pack": ("export_start", "renewal_summary"),
    "server_export": ("server_accounts_file",),
    "server_github_syncs_csv": ("server_github_syncs",),
    "server_statistics_csv": ("server_statistics",),
    "server_sync_csv": ("server_sync_csv",),
    "settings_domains_csv": ("cloud_members_without",),
    "trends_csv": ("trend", "trend_weeks", "licenses_by", "server_syncs"),
}


def pages(patterns: Any = None) -> Iterator[URLPattern]:
    """Every page of ours; sign-in itself is of a person and allauth's."""
    for each in get_resolver().url_patterns if patterns is None else patterns:
        if isinstance(each, URLResolver):
            yield from pages(each.url_patterns)
        elif ".views." in each.callback.__module__ and each.callback.__module__.startswith(
            ("ghconnect.", "licensing.")
        ):
            yield each


def methods(view: Callable[..., Any]) -> set[str]:
    """The methods a view's decorators let in."""
    inner: Any = view
    while inner is not None:
        names = inner.__code__.co_freevars
        if "request_method_list" in names:
            cells = dict(zip(names, inner.__closure__, strict=True))
            return set(cells["request_method_list"].cell_contents)
        inner = getattr(inner, "__wrapped__", None)
    return set()


def operations() -> set[str]:
    return {one["operationId"] for ways in document.of(api)["paths"].values() for one in ways.values()}


def test_what_a_page_changes_a_script_can_change() -> None:
    changing = {str(each.name) for each in pages() if "POST" in methods(each.callback)}
    assert changing == DEEDS.keys() | LEFT_OUT.keys()
    assert {one for some in DEEDS.values() for one in some} <= operations()


def test_every_page_says_which_methods_it_takes() -> None:
    assert [each.name for each in pages() if not methods(each.callback)] == []


def test_what_a_page_gives_away_a_script_can_fetch() -> None:
    endings = ("_csv", "_json", "_xlsx", "_export", "_pack")
    files = {str(each.name) for each in pages() if str(each.name).endswith(endings)}
    assert files == FILES.keys()
    assert {one for some in FILES.values() for one in some} <= operations()


@pytest.fixture
def octo(db: None) -> Estate:
    return estates.estate()


@pytest.fixture
def script(octo: Estate) -> Script:
    return Script(token(octo.enterprise, [READ, ADMIN], by=octo.owner))


def deeds(prefix: str) -> list[tuple[str, str]]:
    rows = AuditEvent.objects.filter(action__startswith=prefix).order_by("pk")
    return [(row.action, row.actor_login.partition(" (")[0]) for row in rows]


def test_shared_views_are_kept_renamed_and_forgotten(octo: Estate, script: Script) -> None:
    own = SavedView.objects.create(enterprise=octo.enterprise, user=octo.owner, name="Own", query="q=a")
    url = f"{V1}/saved-views"
    made = script.send("POST", url, {"name": "Tokyo", "query": "?q=server:ghe&page=2"})
    assert made.json() == {"id": made.json()["id"], "name": "Tokyo", "query": "q=server%3Aghe"}
    assert [each["name"] for each in script.json(url)["items"]] == ["Tokyo"]
    one = f"{url}/{made.json()['id']}"
    late = script.send("PATCH", one, {"name": "Kobe"}, **{"If-Match": '"other"'})
    assert (late.status_code, script.send("PATCH", one, {"name": "Kobe"}).json()["name"]) == (412, "Kobe")
    assert script.send("POST", url, {"name": "All", "query": "page=2"}).json()["reason"] == "not_saved"
    assert script.send("DELETE", f"{url}/{own.pk}").status_code == 404
    assert (script.send("DELETE", one).status_code, script.get(one).status_code) == (204, 404)
    assert deeds("saved_view") == [
        (f"saved_view.{deed}", "script") for deed in ("saved", "renamed", "deleted")
    ]


def test_who_leaves_loses_their_role_and_the_last_owner_stays(octo: Estate, script: Script) -> None:
    people = f"{V1}/members"
    assert [each["role"] for each in script.json(people)["items"]] == ["owner", "billing_manager"]
    assert script.send("DELETE", f"{people}/{octo.biller.login}").status_code == 204
    assert script.send("DELETE", f"{people}/{octo.biller.login}").status_code == 404
    last = script.send("DELETE", f"{people}/{octo.owner.login}")
    assert (last.status_code, last.json()["reason"]) == (409, "last_owner")
    assert list(Membership.objects.filter(enterprise=octo.enterprise).values_list("role", flat=True)) == [
        "owner"
    ]
    assert deeds("role.revoke") == [("role.revoke", "script")]
    access.grant(enterprise=octo.enterprise, email=octo.biller.email, role=Role.OWNER, by=octo.owner)
    assert script.send("DELETE", f"{people}/{octo.owner.login}").status_code == 204
    assert script.get(people).json()["reason"] == "maker_left"


def test_an_invitation_is_listed_without_its_link_and_ended(octo: Estate, script: Script) -> None:
    _made, link = invitations.invite(
        enterprise=octo.enterprise, email="new@octo.example", role=Role.AUDITOR, by=octo.owner, link=str
    )
    answer = script.get(f"{V1}/invitations")
    (told,) = answer.json()["items"]
    assert (told["email"], told["role"], link in answer.content.decode()) == (
        "new@octo.example",
        "auditor",
        False,
    )
    one = f"{V1}/invitations/{told['id']}"
    assert [script.send("DELETE", one).status_code for _ in range(2)] == [204, 204]
    assert (script.json(f"{V1}/invitations")["items"], deeds("invitation.cancel")) == (
        [],
        [("invitation.cancel", "script")],
    )


def test_whoever_has_left_is_erased_and_who_is_there_is_not(octo: Estate, script: Script) -> None:
    for users in (["mona", "hubot"], ["mona"]):
        accounts = [drive.account(n, f"{name}@octo.example", name) for n, name in enumerate(users, 1)]
        drive.read_server(octo.server, accounts)
    gone = Person.objects.exclude(ended_edition=None).get(enterprise=octo.enterprise)
    here = Person.objects.get(enterprise=octo.enterprise, ended_edition=None)
    still = script.send("POST", f"{V1}/people/{here.pk}/erase")
    assert (still.status_code, still.json()["reason"]) == (409, "still_there")
    assert script.send("POST", f"{V1}/people/{gone.pk}/erase").json() == {"person": gone.pk, "accounts": 1}
    assert "hubot" not in script.get(f"{V1}/people/{gone.pk}").content.decode()
    assert deeds("person.erase") == [("person.erase", "script")]


def test_a_run_says_whom_it_would_take_and_gives_its_file(octo: Estate, script: Script) -> None:
    run = state.held(octo.server)
    one = f"{V1}/servers/{octo.server.host}/syncs"
    losing = script.json(f"{one}/{run.number}/losing?limit=1")
    assert (len(losing["items"]), losing["items"][0]["words"]) == (1, "Not in the report")
    count, url = 1, losing["next"]
    while url:
        page = script.json(url)
        count, url = count + len(page["items"]), page["next"]
    assert count == script.json(f"{one}/{run.number}")["removes"]
    script.send("POST", f"{one}/{run.number}/discard")
    over = script.get(f"{one}/{run.number}/losing")
    assert (over.status_code, over.json()["reason"]) == (409, "not_held")
    people = [drive.account(n, f"u{n:02}@octo.example", f"u{n:02}") for n in range(1, 20)]
    number = drive.read_server(octo.server, people).number
    file = script.get(f"{one}/{number}/changes.csv")
    assert file.headers["Content-Disposition"].endswith(f'-{number}.csv"')
    text = b"".join(file.streaming_content).decode()
    assert [line.partition(",")[0] for line in text.splitlines()[1:]] == ["gone"]


def test_the_account_at_github_is_told_without_its_token(octo: Estate, script: Script) -> None:
    url = f"{V1}/enterprise/token"
    told = script.json(url)
    assert told["token"] is bool(octo.enterprise.token)
    assert octo.enterprise.token not in script.get(url).content.decode() or not octo.enterprise.token
    refused = script.send("PUT", url, {"token": "not a token"})
    assert refused.status_code in (409, 422)


def test_trends_are_told_by_week_and_by_organization(octo: Estate, script: Script) -> None:
    rows = [drive.row("mona", github_com_member_roles=("octo-ml:Member",)), drive.row("hubot")]
    drive.read_cloud(octo.enterprise, rows)
    assert script.json(f"{V1}/licenses-by/organization")["items"] == [
        {"name": "octo", "licenses": 1},
        {"name": "octo-ml", "licenses": 1},
    ]
    assert script.json(f"{V1}/licenses-by/server")["items"] == []
    weeks = script.json(f"{V1}/trends/weeks?span=30d")["weeks"]
    assert (sum(week["found"] for week in weeks), weeks[-1]["joined"]) == (2, 0)

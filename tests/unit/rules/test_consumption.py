"""Who consumes: the table of ENGINEERING's "Who consumes", row by row."""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ghconnect.records import LicenseRow, ServerAccount
from licensing.rules.consumption import (
    ALWAYS,
    AS_GITHUB,
    CLOUD_REASONS,
    METERED,
    NEVER,
    Consumption,
    RowFacts,
    account_consumes,
    cloud_consumes,
    person_consumes,
    row_counts,
    row_facts,
    row_kind,
)
from tests.unit.rules import oracle_licenses as oracle


def account(
    *,
    login: str = "jdoe",
    suspended: bool = False,
    never_active: bool | None = False,
    has_email: bool = True,
    listed: bool = False,
    synced: bool = False,
    setting: str = AS_GITHUB,
    dormant: bool | None = False,
) -> tuple[bool, str]:
    found = account_consumes(login, suspended, never_active, has_email, listed, synced, setting, dormant)
    return found.consumes, found.reason


def test_active_and_dormant_accounts_consume() -> None:
    assert account() == (True, "active")
    assert account(dormant=True) == (True, "dormant")
    assert account(dormant=None, never_active=None) == (True, "active")


@pytest.mark.parametrize("listed", [True, False])
@pytest.mark.parametrize("never_active", [True, False])
@pytest.mark.parametrize("has_email", [True, False])
def test_suspended_accounts_and_scim_admin_never_do(
    listed: bool, never_active: bool, has_email: bool
) -> None:
    for setting in (AS_GITHUB, ALWAYS, NEVER):
        facts = {"listed": listed, "never_active": never_active, "has_email": has_email, "setting": setting}
        assert account(suspended=True, **facts) == (False, "suspended")  # type: ignore[arg-type]
        assert account(login="scim-admin", **facts) == (False, "scim_admin")  # type: ignore[arg-type]


@pytest.mark.parametrize("login", ["SCIM-admin", "scim-admin2", "scim_admin"])
def test_scim_admin_is_meant_exactly(login: str) -> None:
    assert account(login=login) == (True, "active")


def test_never_active_accounts_follow_github_and_are_never_too_low() -> None:
    assert account(never_active=True, listed=True, synced=True) == (True, "never_active_counted")
    assert account(never_active=True, listed=True) == (True, "never_active_counted")
    assert account(never_active=True, synced=True) == (False, "never_active")
    assert account(never_active=True) == (True, "never_active_unsynced")


def test_accounts_without_email_follow_github_and_are_never_too_low() -> None:
    assert account(has_email=False, listed=True, synced=True) == (True, "no_email")
    assert account(has_email=False, listed=True) == (True, "no_email")
    assert account(has_email=False, synced=True) == (False, "system_account")
    assert account(has_email=False) == (True, "no_email")


@pytest.mark.parametrize(("listed", "synced"), list(product([True, False], repeat=2)))
def test_a_setting_may_decide_never_active_accounts(listed: bool, synced: bool) -> None:
    decided = {
        setting: account(never_active=True, listed=listed, synced=synced, setting=setting)
        for setting in (ALWAYS, NEVER)
    }
    assert decided == {ALWAYS: (True, "never_active_always"), NEVER: (False, "never_active")}


def row(**facts: object) -> LicenseRow:
    plain: dict[str, object] = {
        "github_com_login": "",
        "github_com_name": "",
        "enterprise_server_user_ids": (),
        "github_com_user": False,
        "enterprise_server_user": False,
        "visual_studio_subscription_user": False,
        "license_type": "enterprise",
    }
    return LicenseRow(**{**plain, **facts})  # type: ignore[arg-type]


MEMBER = {"github_com_login": "jdoe", "github_com_user": True, "github_com_member_roles": ("o:Member",)}
SERVER = {"enterprise_server_user": True, "enterprise_server_user_ids": ("ghe.example:1",)}
PENDING = {"github_com_orgs_with_pending_invites": ("o",)}
STUDIO = {"visual_studio_subscription_user": True, "license_type": "Visual Studio subscription"}


@pytest.mark.parametrize(
    ("facts", "kind", "volume", "metered"),
    [
        (MEMBER, "member", (True, "github"), (True, "github")),
        ({**MEMBER, **PENDING}, "member", (True, "github"), (True, "github")),
        (SERVER, "server", (True, "github"), (True, "github")),
        ({**SERVER, **PENDING}, "server", (True, "github"), (True, "github")),
        (
            {**PENDING, "github_com_login": "noor@x.example"},
            "invitation",
            (True, "invitation"),
            (False, "invitation_metered"),
        ),
        (
            {**PENDING, "github_com_login": "noor", "github_com_user": True},
            "invitation",
            (True, "invitation"),
            (False, "invitation_metered"),
        ),
        (
            {"github_com_login": "noor@x.example"},
            "invitation",
            (True, "invitation"),
            (False, "invitation_metered"),
        ),
        ({**MEMBER, **STUDIO}, "member", (True, "visual_studio"), (True, "visual_studio")),
        ({**SERVER, **STUDIO}, "server", (True, "visual_studio"), (True, "visual_studio")),
        (
            {**STUDIO, "github_com_login": "alex", "github_com_user": True},
            "visual_studio",
            (True, "visual_studio"),
            (True, "visual_studio"),
        ),
        (STUDIO, "visual_studio", (False, "visual_studio_not_counted"), (False, "visual_studio_not_counted")),
        ({"github_com_login": "x", "github_com_user": True}, "other", (True, "github"), (True, "github")),
    ],
)
def test_rows_count_as_github_lists_them(
    facts: dict[str, object], kind: str, volume: tuple[bool, str], metered: tuple[bool, str]
) -> None:
    found = row_facts(row(**facts))
    assert row_kind(found) == kind
    assert row_counts(found, "volume") == Consumption(*volume)
    assert row_counts(found, METERED) == Consumption(*metered)


@pytest.mark.parametrize(
    ("facts", "volume"),
    [
        ({**MEMBER, **SERVER}, (True, "github")),
        ({**SERVER, "github_com_login": "x", "github_com_user": True}, (False, "unaffiliated")),
        ({**SERVER, **STUDIO, "github_com_login": "x", "github_com_user": True}, (True, "visual_studio")),
        (
            {**SERVER, **PENDING, "github_com_login": "x", "github_com_user": True},
            (True, "invitation"),
        ),
        ({"github_com_login": "x", "github_com_user": True}, (True, "github")),
    ],
)
def test_what_a_cloud_account_consumes_without_its_servers(
    facts: dict[str, object], volume: tuple[bool, str]
) -> None:
    assert cloud_consumes(row_facts(row(**facts)), "volume") == Consumption(*volume)


def test_a_row_with_ids_of_servers_is_a_server_user() -> None:
    ids = row(enterprise_server_user_ids=("ghe.example:1",))
    assert row_facts(ids).server_user
    assert row_facts(row(enterprise_server_user=True)).server_user
    assert not row_facts(row()).server_user


YES, NO = Consumption(True, "active"), Consumption(False, "suspended")


def test_a_person_consumes_by_the_first_that_does() -> None:
    assert person_consumes(Consumption(True, "member"), [NO]).reason == "member"
    assert person_consumes(Consumption(False, "invitation_metered"), [NO, YES]) == YES
    assert person_consumes(None, [NO, YES]) == YES
    assert person_consumes(None, [NO], elsewhere=True) == Consumption(True, "unknown_server")


def test_a_person_who_does_not_consume_says_why() -> None:
    assert person_consumes(None, [NO, Consumption(False, "scim_admin")]) == NO
    assert person_consumes(None, []) == Consumption(False, "no_account")


@given(st.none() | st.booleans(), st.lists(st.booleans()), st.booleans())
def test_a_person_consumes_if_anything_does(row: bool | None, accounts: list[bool], elsewhere: bool) -> None:
    parts = [Consumption(yes, "x") for yes in accounts]
    found = person_consumes(None if row is None else Consumption(row, "x"), parts, elsewhere)
    assert found.consumes == (bool(row) or any(accounts) or elsewhere)


def test_the_reasons_of_cloud_accounts_are_those_that_are_named() -> None:
    """Who counts the licenses at stake leaves out people whose cloud account keeps their license."""
    facts = [RowFacts(*bits) for bits in product((False, True), repeat=6)]
    found = {cloud_consumes(one, contract) for one in facts for contract in ("volume", "metered")}
    assert {one.reason for one in found if one.consumes} == set(CLOUD_REASONS)


# --- by definition -----------------------------------------------------------------------------------------------

HERE = ("ghe.example", 1)


@pytest.mark.parametrize("setting", [AS_GITHUB, ALWAYS, NEVER])
def test_accounts_consume_as_the_definition_says(setting: str) -> None:
    """Every account there can be, against the oracle of made-up enterprises."""
    flags = product((True, False), repeat=4)
    for (suspended, never, listed, synced), email, login in product(
        flags, ("", "a@x.example"), ("jdoe", "scim-admin")
    ):
        rows = [row(enterprise_server_user_ids=("ghe.example:1",), enterprise_server_emails=(email,))]
        told = oracle.Told(
            contract="volume",
            managed=False,
            never_active=setting,
            rows=rows if listed else [],
            values=[],
            accounts={HERE: ServerAccount(1, login, email, suspended, never_active=never)},
            hosts=frozenset({"ghe.example"}),
            synced=frozenset({"ghe.example"}) if synced else frozenset(),
        )
        found = account_consumes(login, suspended, never, bool(email), listed, synced, setting)
        assert found.consumes == oracle.account_consumes(HERE, told), told


@pytest.mark.parametrize(("contract", "managed"), list(product(["volume", METERED], [True, False])))
def test_rows_count_and_consume_as_the_definition_says(contract: str, managed: bool) -> None:
    """Every row there can be. Of a subscriber with an account who is also invited the documents say nothing."""
    told = oracle.Told(contract, managed, AS_GITHUB, [], [], {}, frozenset())
    for chosen in product(
        [{}, MEMBER], [{}, SERVER], [{}, PENDING], [{}, STUDIO], ["", "jdoe", "jdoe@x.example"]
    ):
        login, facts = str(chosen[-1]), {k: v for each in chosen[:-1] for k, v in dict(each).items()}
        if "github_com_member_roles" in facts and login != "jdoe":
            continue  # nobody is a member without an account
        given = row(**{**facts, "github_com_login": login, "github_com_user": login == "jdoe"})
        assert row_counts(row_facts(given), contract, managed).consumes == oracle.counted(given, told), given
        if login == "jdoe" and not (facts.keys() >= {*PENDING, *STUDIO}):
            uses = cloud_consumes(row_facts(given), contract, managed).consumes
            assert uses == oracle.by_itself(given, told), given

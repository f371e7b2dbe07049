"""What GitHub tells beside its report, read from pretend GitHub: domains, subscriptions, products, managed users."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from ghconnect.models import Enterprise
from ghconnect.seal import seal
from licensing.models import Address, CloudFact, CloudPicture, CloudSource, Person, SyncRun
from tests.integration.engine import drive
from tests.integration.engine.test_cloud import read
from tests.support.sandbox import Sandbox

pytestmark = pytest.mark.django_db


@pytest.fixture
def identities(sandbox: Sandbox) -> Iterator[Sandbox]:
    """Pretend GitHub, whose identity provider is where it was after the test."""
    yield sandbox
    sandbox.post_control("identity-provider", at="enterprise")


def states(of: Enterprise) -> dict[str, str]:
    return dict(CloudSource.objects.filter(enterprise=of).values_list("name", "state"))


def facts(kind: str) -> set[tuple[str, str, str]]:
    return set(CloudFact.objects.filter(kind=kind).values_list("login_key", "value", "note"))


def wrong_token(sandbox: Sandbox, words: str) -> str:
    return seal(next(each["token"] for each in sandbox.world["wrong_tokens"] if words in each["token"]))


def test_each_source_is_read_with_its_own_state(octo: Enterprise) -> None:
    read(octo)
    assert states(octo) == {
        "identities": "read",
        "organizations": "not_used",
        "members": "read",
        "domains": "read",
        "invitations": "read",
        "visual_studio": "read",
        "managed_users": "not_offered",
        "advanced_security": "read",
        "cost_centers": "read",
    }
    assert facts("domain") == {
        ("", "octo-corp.example", "verified"),
        ("", "octo-partner.example", "approved"),
    }
    assert facts("visual_studio") == {
        ("alex-smith", "alex.smith@octo-corp.example", "automatic"),
        ("elif-okonkwo", "elif-okonkwo@octo-subscriptions.example", "manual"),
    }
    assert ("noor.haddad@octo-partner.example", "octo-engineering", "direct_member") in facts("invitation")
    assert facts("collaborator") == {("alex-smith", "octo-labs/firmware", "login")}
    assert {value for _, value, _ in facts("cost_center")} == {"Platform", "Firmware"}
    assert facts("code_security")
    assert facts("secret_protection")


def test_a_lost_scope_keeps_what_was_read_and_names_itself(octo: Enterprise, sandbox: Sandbox) -> None:
    read(octo)
    domains, seen = facts("domain"), CloudSource.objects.get(name="domains").read_at
    Enterprise.objects.update(token=wrong_token(sandbox, "ReadEnterpriseOnly"))
    octo.refresh_from_db()
    assert read(octo).state == SyncRun.State.UNCHANGED
    lost = CloudSource.objects.get(name="domains")
    assert (lost.state, lost.params["scope"], lost.params["scopes"]) == (
        "scope",
        "admin:enterprise",
        "read:enterprise",
    )
    assert (lost.read_at, facts("domain")) == (seen, domains)
    assert (states(octo)["organizations"], states(octo)["managed_users"]) == ("scope", "scope")


def test_identities_of_organizations_are_read_where_the_enterprise_has_no_provider(
    octo: Enterprise, identities: Sandbox
) -> None:
    """The owner of the enterprise owns two of its three organizations, and sees the identities of those alone."""
    read(octo)
    whole = Address.objects.exclude(kind="verified_email").count()
    identities.post_control("identity-provider", at="organizations")
    run = read(octo)
    source = CloudSource.objects.get(name="organizations")
    assert (source.state, source.params) == ("read", {"visible": "2", "hidden": "1"})
    assert run.counts["identities"] == "read"
    assert source.count
    assert 0 < Address.objects.exclude(kind="verified_email").count() <= whole
    drive.assert_sound(octo)


def test_identities_stay_when_organizations_are_no_longer_shown(
    octo: Enterprise, identities: Sandbox
) -> None:
    identities.post_control("identity-provider", at="organizations")
    read(octo)
    known = Address.objects.count()
    Enterprise.objects.update(token=wrong_token(identities, "ReadEnterpriseOnly"))
    octo.refresh_from_db()
    assert read(octo).state in SyncRun.GOOD
    assert Address.objects.count() == known


def test_openid_connect_and_suspended_managed_users(octo: Enterprise, identities: Sandbox) -> None:
    identities.post_control("identity-provider", at="oidc", managed_users=True)
    run = read(octo)
    assert run.counts["identities"] == "read"
    assert CloudPicture.objects.get().members_with_identity > 100
    assert facts("managed_user") == {
        ("", "quinn.foster@octo-corp.example", "suspended"),
        ("", "rosa.lima@octo-corp.example", "suspended"),
    }


def test_invitations_into_an_enterprise_with_managed_users_consume_nothing(
    octo: Enterprise, identities: Sandbox
) -> None:
    """Reference §4.2, "non-EMU only"; everybody is decided again when GitHub shows it, and when it no longer does."""
    read(octo)
    assert drive.totals(octo)["read_as_counted"] == 236
    for managed, counted in ((True, 231), (False, 236)):
        identities.post_control("identity-provider", at="enterprise", managed_users=managed)
        run = read(octo)
        assert (run.state, run.counts["consumed"], CloudPicture.managed(octo)) == (
            "published",
            counted,
            managed,
        )
        assert drive.totals(octo)["unexplained"] == 0
        invited = Person.objects.filter(enterprise=octo, deployment="invitation", ended_edition=None)
        reason = "invitation_managed" if managed else "invitation"
        assert set(invited.values_list("consumes", "reason")) == {(not managed, reason)}
        drive.assert_sound(octo)
        assert read(octo).state == SyncRun.State.UNCHANGED


def test_logins_with_a_shortcode_tell_of_managed_users_without_scim() -> None:
    of = drive.enterprise()
    rows = [drive.row("ann_octo", github_com_member_roles=("o:Member",)), drive.row("new@octo.example")]
    rows[1] = replace(rows[1], github_com_user=False, github_com_orgs_with_pending_invites=("o",))
    drive.read_cloud(of, rows, consumed=1, told={"managed_rows": True})
    assert drive.totals(of)["expected"] == 1
    drive.assert_sound(of)


def test_cost_centers_in_a_shape_nobody_published_change_nothing(octo: Enterprise, sandbox: Sandbox) -> None:
    read(octo)
    known = facts("cost_center")
    sandbox.post_control("break", host="ghec", kind="other_shape", path="cost-centers")
    assert read(octo).state == SyncRun.State.UNCHANGED
    assert (states(octo)["cost_centers"], facts("cost_center")) == ("bad_answer", known)


def test_without_any_provider_values_of_rows_alone_are_left(octo: Enterprise, identities: Sandbox) -> None:
    identities.post_control("identity-provider", at="none")
    assert read(octo).counts["identities"] == "not_readable"
    assert set(Address.objects.values_list("kind", flat=True)) == {"saml_name_id", "verified_email"}

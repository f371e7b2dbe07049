"""Domains, members without an email in one, subscriptions and sources: the same by page, CSV, API and search."""

from __future__ import annotations

import csv
import io

import pytest
from django.test import Client

from ghconnect.models import Enterprise, Membership, Role, User
from licensing import licenses, search
from licensing.models import CloudFact, LicenseRow, Person
from tests.integration.api.caller import V1, Script, token
from tests.integration.engine.conftest import octo
from tests.integration.engine.test_cloud import read

__all__ = ["octo"]
pytestmark = pytest.mark.django_db


@pytest.fixture
def script(octo: Enterprise, client: Client) -> Script:
    """A script of the owner, who is signed in too; GitHub was read."""
    read(octo)
    mona = User.objects.create_user("mona@octo.example", "mona")
    Membership.objects.create(user=mona, enterprise=octo, role=Role.OWNER)
    client.force_login(mona)
    return Script(token(octo, by=mona))


def test_domains_and_who_is_without_are_the_same_everywhere(
    octo: Enterprise, client: Client, script: Script
) -> None:
    here = f"/enterprises/{octo.slug}"
    domains = script.json(f"{V1}/domains")
    assert [(one["domain"], one["state"]) for one in domains["items"]] == [
        ("octo-corp.example", "verified"),
        ("octo-partner.example", "approved"),
    ]
    missing = domains["coverage"]["members"] - domains["coverage"]["with_domain_email"]
    rows = LicenseRow.objects.filter(kind__in=("cloud", "both"))
    assert domains["coverage"]["members"] == rows.count() == 193
    assert 0 < missing == sum(not row.github_com_verified_domain_emails for row in rows)
    page = client.get(f"{here}/settings/domains").content.decode()
    assert f"visible for {193 - missing} of 193 members" in page
    answer = b"".join(client.get(f"{here}/settings/domains.csv").streaming_content)  # type: ignore[attr-defined]
    table = list(csv.DictReader(io.StringIO(answer.decode())))
    listed = script.json(f"{V1}/members-without-domain-email?limit=100")["items"]
    assert [row["GitHub com login"] for row in table] == [one["github_com_login"] for one in listed]
    assert len(table) == missing


def test_sources_subscriptions_and_facts_are_shown_and_found(
    octo: Enterprise, client: Client, script: Script
) -> None:
    here = f"/enterprises/{octo.slug}"
    sources = {one["name"]: one for one in script.json(f"{V1}/sources")["items"]}
    assert (sources["members"]["state"], sources["members"]["count"]) == ("read", 191)
    assert "GitHub does not offer this" in sources["managed_users"]["words"]
    assert "GitHub does not offer this" in client.get(f"{here}/settings/read-from-github").content.decode()

    subscribed = script.json(f"{V1}/visual-studio-subscriptions")["items"]
    assert subscribed == [
        {
            "visual_studio_subscription_email": "alex.smith@octo-corp.example",
            "username": "alex-smith",
            "match": "automatic",
        },
        {
            "visual_studio_subscription_email": "elif-okonkwo@octo-subscriptions.example",
            "username": "elif-okonkwo",
            "match": "manual",
        },
    ]
    page = client.get(f"{here}/licensing/visual-studio").content.decode()
    assert "matched by GitHub" in page
    assert "matched by hand at GitHub" in page
    assert "Change at GitHub" in page

    center = CloudFact.objects.filter(kind="cost_center", value="Platform")
    found = licenses.found(octo, licenses.GITHUB, search.parse("cost-center:Platform"))
    assert {row.github_com_login for row in found} == set(center.values_list("login_key", flat=True))
    assert licenses.found(octo, licenses.EXPECTED, search.parse("product:code-security")).exists()
    alex = Person.objects.get(name="Alex Smith")
    why = client.get(f"{here}/licensing/people/{alex.pk}.json").json()
    assert {one["kind"] for one in why["github_facts"]} == {"visual_studio", "collaborator"}

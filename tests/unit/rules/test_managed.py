"""Whether an enterprise has managed users, by its rows and its SCIM; what an invitation consumes there."""

from __future__ import annotations

import pytest

from licensing.rules import managed
from licensing.rules.consumption import METERED, VOLUME, Consumption, RowFacts, cloud_consumes, row_counts
from tests.integration.engine.drive import row

MEMBER = {"github_com_member_roles": ("octo:Member",)}
ROWS = {
    "nobody": ((), False),
    "members with a shortcode": ((row("ann_octo", **MEMBER), row("octo_admin", **MEMBER)), True),
    "one without": ((row("ann_octo", **MEMBER), row("ben", **MEMBER)), False),
    "one without who is in no organization": (
        (row("ann_octo", **MEMBER), row("ben", github_com_member_roles=())),
        True,
    ),
    "a repository collaborator": (
        (row("ben", **MEMBER), row("cy", github_com_enterprise_roles=("Repository collaborator",))),
        True,
    ),
    "an outside collaborator": (
        (row("ben", **MEMBER), row("cy", github_com_enterprise_roles=("outside collaborator",))),
        False,
    ),
}


@pytest.mark.parametrize("name", ROWS)
def test_rows_tell_of_managed_users(name: str) -> None:
    rows, expected = ROWS[name]
    tally = managed.Tally()
    for each in rows:
        tally.note(each)
    assert tally.says() is expected


@pytest.mark.parametrize("before", [True, False])
def test_the_scim_of_an_enterprise_decides_where_the_token_may_ask_for_it(before: bool) -> None:
    assert managed.decide(rows=False, scim="read", before=before) is True
    assert managed.decide(rows=False, scim="not_offered", before=before) is False
    assert managed.decide(rows=False, scim="scope", before=before) is before
    assert managed.decide(rows=True, scim="scope", before=before) is True


@pytest.mark.parametrize("contract", [VOLUME, METERED])
def test_an_invitation_into_an_enterprise_with_managed_users_consumes_nothing(contract: str) -> None:
    """Reference §4.2: a pending invitation consumes "non-EMU only"."""
    invited = RowFacts(
        cloud_user=False, server_user=False, visual_studio=False, member=False, pending=True, email_login=True
    )
    for decide in (row_counts, cloud_consumes):
        assert decide(invited, contract, True) == Consumption(False, "invitation_managed")
        assert decide(invited, contract).consumes is (contract == VOLUME)

"""What a metered contract consumes and bills: the documentation's own example (reference §4.2, metered billing)."""

from __future__ import annotations

import pytest

from licensing import billing
from tests.integration.engine import drive

pytestmark = [pytest.mark.django_db, pytest.mark.rows]


def test_ten_and_twenty_come_and_five_go_in_one_month() -> None:
    """25 are consumed and 30 billable; an invitation consumes nothing until it is accepted."""
    of = drive.enterprise()
    of.contract = "metered"
    of.save()
    rows = [drive.row(f"user{n}") for n in range(30)]
    invited = drive.row(
        "new@octo.example",
        github_com_user=False,
        github_com_member_roles=(),
        github_com_orgs_with_pending_invites=("o",),
    )
    for here in (rows[:10], rows, rows[5:]):
        drive.read_cloud(of, [*here, invited], consumed=len(here))
        drive.assert_sound(of)
    assert (drive.totals(of)["expected"], billing.billable(of).people) == (25, 30)
    assert drive.totals(of)["unexplained"] == 0

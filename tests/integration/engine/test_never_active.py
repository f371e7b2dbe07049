"""What accounts never active and invitations of managed users consume is a setting; a change counts everybody again."""

from __future__ import annotations

import pytest

from ghconnect.models import Enterprise, User
from ghconnect.usecases import enterprises
from licensing.models import Account, CloudPicture, Edition, Recount
from licensing.usecases import recounts
from tests.integration.engine import drive

pytestmark = pytest.mark.django_db


@pytest.fixture
def mona() -> User:
    return User.objects.create_user("mona@octo.example", "mona")


@pytest.fixture
def of() -> Enterprise:
    """An enterprise with one account that was never active and one that is."""
    made = drive.enterprise()
    accounts = [drive.account(1, "a@x.example", never_active=True), drive.account(2, "b@x.example")]
    drive.read_server(drive.server(made, "ghe-n.example.com"), accounts)
    return Enterprise.objects.get(pk=made.pk)


def change(of: Enterprise, value: str, mona: User) -> None:
    enterprises.set_never_active(enterprise=Enterprise.objects.get(pk=of.pk), never_active=value, by=mona)
    for row in Recount.objects.filter(done_at=None):
        assert recounts.perform(recount_id=row.pk)


def test_the_setting_decides_and_is_passed_to_every_count(of: Enterprise, mona: User) -> None:
    assert drive.totals(of)["expected"] == 2
    for value, reason, expected in (
        ("never", "never_active", 1),
        ("always", "never_active_always", 2),
        ("github", "never_active_unsynced", 2),
    ):
        change(of, value, mona)
        assert Account.objects.get(remote_user_id=1).reason == reason
        assert drive.totals(of)["expected"] == expected
        drive.assert_sound(of)
    causes = Edition.objects.filter(enterprise=of).order_by("number").values_list("cause", flat=True)
    assert list(causes) == ["server", "setting", "setting", "setting"]


def test_a_new_account_is_counted_by_the_setting_too(of: Enterprise, mona: User) -> None:
    change(of, "never", mona)
    server = of.servers.get()
    server.enterprise = Enterprise.objects.get(pk=of.pk)
    accounts = [drive.account(n, f"{n}@x.example", never_active=n != 2) for n in (1, 2, 3)]
    drive.read_server(server, accounts)
    assert drive.totals(of)["expected"] == 1


def test_the_same_value_again_counts_nobody(of: Enterprise, mona: User) -> None:
    change(of, "github", mona)
    assert not Recount.objects.exists()


def test_an_owner_says_that_the_accounts_are_managed_users(mona: User) -> None:
    """Without SCIM, shortcodes or collaborators nothing shows it, and an invitation would be one license too many."""
    invited = drive.row(
        "new@x.example", github_com_member_roles=(), github_com_orgs_with_pending_invites=("octo",)
    )
    of = drive.enterprise()
    drive.read_cloud(of, [drive.row("ann"), invited])
    assert drive.totals(of)["read_as_counted"] == drive.totals(of)["expected"] == 2
    for value, counted in (("yes", 1), ("no", 2), ("yes", 1), ("github", 2)):
        enterprises.set_managed_users(enterprise=of, managed_users=value, by=mona)
        for row in Recount.objects.filter(done_at=None):
            assert recounts.perform(recount_id=row.pk)
        assert drive.totals(of)["read_as_counted"] == drive.totals(of)["expected"] == counted
        assert CloudPicture.managed(Enterprise.objects.get(pk=of.pk)) is (value == "yes")
        drive.assert_sound(of)


def test_what_an_owner_said_stands_when_github_shows_another(mona: User) -> None:
    """All logins with a shortcode look like managed users; an owner knows better, and the next reading keeps it."""
    rows = [drive.row("ann_x"), drive.row("ben_x")]
    of = drive.enterprise()
    enterprises.set_managed_users(enterprise=of, managed_users="no", by=mona)
    drive.read_cloud(Enterprise.objects.get(pk=of.pk), rows, told={"managed_rows": True})
    of.refresh_from_db()
    assert (CloudPicture.shows_managed(of), CloudPicture.managed(of)) == (True, False)

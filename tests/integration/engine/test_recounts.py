"""A contract that changes, a server that goes: asked for at once, counted once by whoever gets it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from ghconnect import features
from ghconnect.models import Connection, Enterprise, Membership, Server, User
from ghconnect.usecases import enterprises, servers
from licensing import given_up
from licensing.models import AttentionItem, Edition, Recount
from licensing.usecases import attention, recount, recounts, runs, sweep
from tests.integration.engine import drive

pytestmark = [pytest.mark.django_db, pytest.mark.rows]
HOST = "ghe-tokyo.example.com"


@pytest.fixture
def mona() -> User:
    return User.objects.create_user("mona@x.example", "mona")


@pytest.fixture
def of() -> Enterprise:
    """An enterprise whose numbers depend on the contract: somebody is invited."""
    made = drive.enterprise()
    drive.read_cloud(made, [drive.row("ann")])
    return Enterprise.objects.get(pk=made.pk)


def contract(of: Enterprise, value: str, mona: User) -> None:
    enterprises.set_contract(
        enterprise=Enterprise.objects.get(pk=of.pk), contract=value, renews_on=None, by=mona
    )


def editions(of: Enterprise) -> list[str]:
    return list(Edition.objects.filter(enterprise=of).order_by("number").values_list("cause", flat=True))


def test_two_changes_before_a_worker_comes_are_one_recount(of: Enterprise, mona: User) -> None:
    for value in ("metered", "", "metered"):
        contract(of, value, mona)
    row = Recount.objects.get()
    assert recounts.perform(recount_id=row.pk)
    assert not recounts.perform(recount_id=row.pk)
    of.refresh_from_db()
    assert (of.contract, of.next_contract, editions(of)) == ("metered", None, ["cloud", "contract"])


def test_a_change_taken_back_counts_nobody(of: Enterprise, mona: User) -> None:
    contract(of, "metered", mona)
    contract(of, "volume", mona)
    assert recounts.perform(recount_id=Recount.objects.get().pk)
    of.refresh_from_db()
    assert (of.contract, of.next_contract, editions(of)) == ("volume", None, ["cloud"])


def test_nothing_counted_yet_means_nothing_to_count_again(mona: User) -> None:
    new = drive.enterprise()
    contract(new, "metered", mona)
    new.refresh_from_db()
    assert (new.contract, new.next_contract, Recount.objects.count()) == ("metered", None, 0)


def test_a_dead_worker_s_recount_is_taken_over_and_counts_once(
    of: Enterprise, mona: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first worker sleeps past its lease; what it counted is rolled back, as another did it meanwhile."""
    contract(of, "metered", mona)
    row = Recount.objects.get()

    def taken_over() -> None:
        Recount.objects.filter(pk=row.pk).update(attempt=row.attempt + 2)

    drive.at_point(monkeypatch, "recount:before-fence", taken_over)
    assert not recounts.perform(recount_id=row.pk)
    assert editions(of) == ["cloud"]
    Recount.objects.filter(pk=row.pk).update(lease_until=timezone.now() - timedelta(seconds=1))
    assert sweep.sweep() == 1
    assert recounts.perform(recount_id=row.pk)
    assert editions(of) == ["cloud", "contract"]


def test_a_recount_that_fails_rests_and_is_kept(
    of: Enterprise, mona: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    contract(of, "metered", mona)
    row = Recount.objects.get()
    with monkeypatch.context() as broken:
        broken.setattr(recount, "everything", lambda **_: 1 / 0)
        assert not recounts.perform(recount_id=row.pk)
    row.refresh_from_db()
    assert (row.failures, row.done_at, row.lease_until, recounts.sendable()) == (1, None, None, [])
    Recount.objects.filter(pk=row.pk).update(resume_at=timezone.now() - timedelta(seconds=1))
    assert recounts.perform(recount_id=row.pk)


def test_a_recount_that_kills_every_worker_is_given_up_with_words_until_somebody_asks_again(
    of: Enterprise, mona: User, client: Client
) -> None:
    """No error reaches us of a worker that was killed: all there is, is a lease that ran out."""
    contract(of, "metered", mona)
    row = Recount.objects.get()
    for _ in range(runs.MAX_TAKEOVERS):
        assert recounts._claim(row.pk) is not None
        Recount.objects.filter(pk=row.pk).update(lease_until=timezone.now() - timedelta(seconds=1))
    assert sweep.sweep() == 1
    assert not recounts.perform(recount_id=row.pk)
    assert (sweep.sweep(), recounts.perform(recount_id=row.pk), editions(of)) == (0, False, ["cloud"])
    assert told(of) == [("uncounted_contract", "", "ask_again")]
    assert "interrupted five times" in doctor_says("failed")
    assert "could not be counted by it" in page(client, of, mona)
    contract(of, "metered", mona)
    assert "everybody is being counted by it" in page(client, of, mona)
    assert recounts.perform(recount_id=row.pk)
    assert (editions(of), told(of), doctor_says("failed")) == (["cloud", "contract"], [], "")


def test_a_contract_given_up_needs_nobody_once_it_is_taken_back(of: Enterprise, mona: User) -> None:
    contract(of, "metered", mona)
    give_up(of)
    assert told(of) == [("uncounted_contract", "", "ask_again")]
    contract(of, "volume", mona)
    assert told(of) == []


def test_a_server_whose_removal_was_given_up_goes_when_it_is_asked_again(mona: User) -> None:
    of = drive.enterprise()
    server = drive.pulled(of, HOST)
    drive.read_server(server, [drive.account(1, "ann@x.example", "ann")])
    servers.ask_to_remove(server=server, by=mona)
    give_up(of)
    assert told(of) == [("uncounted_server_removed", HOST, "ask_again")]
    servers.ask_to_remove(server=server, by=mona)
    assert recounts.perform(recount_id=Recount.objects.get().pk)
    assert (Server.objects.count(), told(of)) == (0, [])


def give_up(of: Enterprise) -> None:
    row = Recount.objects.get(enterprise=of)
    Recount.objects.filter(pk=row.pk).update(failures=recounts.TRIES - 1)
    row.refresh_from_db()
    recounts._failed(row, "internal")


def told(of: Enterprise) -> list[tuple[str, str, str]]:
    """What needs somebody because it was given up, as the table has it."""
    attention.refresh(enterprise=Enterprise.objects.get(pk=of.pk))
    rows = AttentionItem.objects.filter(enterprise=of, key__startswith="uncounted_", cleared_at=None)
    return list(rows.order_by("key").values_list("key", "subject", "verb"))


def doctor_says(state: str) -> str:
    return "\n".join(found.words for found in given_up.findings() if found.state == state)


def page(client: Client, of: Enterprise, mona: User) -> str:
    Membership.objects.get_or_create(enterprise=of, user=mona, role="owner")
    client.force_login(mona)
    return client.get(f"/enterprises/{of.slug}").content.decode()


def test_a_server_that_goes_is_disconnected_at_once_and_gone_when_counted(mona: User) -> None:
    of = drive.enterprise()
    server = drive.pulled(of, HOST)
    drive.read_server(server, [drive.account(1, "ann@x.example", "ann")])
    for _ in range(2):
        servers.ask_to_remove(server=server, by=mona)
    assert not Connection.objects.filter(server=server).exists()
    assert drive.totals(of)["expected"] == 1
    assert recounts.perform(recount_id=Recount.objects.get().pk)
    assert not Server.objects.filter(pk=server.pk).exists()
    assert drive.totals(of)["expected"] == 0
    assert editions(of)[-1] == "server_removed"
    assert features.get("license_usage_sync") is not None

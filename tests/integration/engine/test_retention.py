"""What is past its time goes, in batches; what reports and open runs need stays."""

from __future__ import annotations

from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import call_command
from django.db.models import F
from django.utils import timezone
from pytest_django import Settings

from ghconnect.models import Enterprise, Server
from licensing import numbers
from licensing.models import (
    Account,
    Alert,
    AlertDelivery,
    AlertReceiver,
    AttentionItem,
    Edition,
    Person,
    Recount,
    RunChange,
    RunChunk,
    Seat,
    StagedAccount,
    SyncRun,
)
from licensing.usecases import retention
from tests.integration.engine import drive

pytestmark = pytest.mark.django_db
ANN, BOB, CAT = (
    drive.account(n, f"{name}@x.example", name) for n, name in enumerate(("ann", "bob", "cat"), 1)
)


@pytest.fixture
def server() -> Server:
    """Bob left: both editions are three years old."""
    made = drive.server(drive.enterprise(), "ghe-a.example.com")
    drive.read_server(made, [ANN, BOB])
    drive.read_server(made, [ANN])
    long_ago(made)
    return made


def long_ago(server: Server, days: int = 1100) -> None:
    age = timedelta(days=days)
    Edition.objects.filter(enterprise=server.enterprise).update(at=F("at") - age)
    SyncRun.objects.filter(server=server).update(finished_at=F("finished_at") - age)
    RunChunk.objects.filter(run__server=server).update(created_at=F("created_at") - age)


def test_who_left_long_ago_is_blanked_and_no_number_changes(server: Server) -> None:
    before = list(Edition.objects.values("number", "totals")), Seat.objects.count()
    retention.prune()
    assert dict(Account.objects.values_list("remote_user_id", "login")) == {1: "ann", 2: ""}
    gone = Account.objects.get(remote_user_id=2)
    assert (gone.email, gone.key, gone.rule_value, gone.former_keys) == ("", "", "", [])
    assert not Person.objects.exclude(ended_edition=None).exclude(name="", sort="", group="").exists()
    assert (list(Edition.objects.values("number", "totals")), Seat.objects.count()) == before
    server.enterprise.refresh_from_db()
    assert [found for found in numbers.recount(server.enterprise) if not found.agrees] == []
    assert not RunChange.objects.exists()
    assert not RunChunk.objects.exists()


def test_who_left_lately_and_what_was_read_lately_stays() -> None:
    made = drive.server(drive.enterprise(), "ghe-a.example.com")
    drive.read_server(made, [ANN, BOB])
    drive.read_server(made, [ANN])
    before = drive.everything()
    assert not any(retention.prune().values())
    assert drive.everything() == before


def test_who_was_long_here_and_left_lately_stays(server: Server) -> None:
    drive.read_server(server, [CAT])
    retention.prune()
    assert Account.objects.get(remote_user_id=1).login == "ann"


def test_who_comes_back_after_years_is_known_by_a_new_name(server: Server) -> None:
    retention.prune()
    drive.read_server(server, [ANN, BOB])
    assert sorted(Account.objects.filter(ended_edition=None).values_list("login", flat=True)) == [
        "ann",
        "bob",
    ]
    drive.assert_sound(server.enterprise)


def test_a_held_run_keeps_what_it_will_be_published_from() -> None:
    made = drive.server(drive.enterprise(), "ghe-a.example.com")
    drive.read_server(made, [drive.account(n, f"{n}@x.example") for n in range(1, 40)])
    held = drive.read_server(made, [ANN], publish=False)
    assert held.state == SyncRun.State.HELD
    long_ago(made)
    staged = StagedAccount.objects.filter(run_id=held.pk).count()
    retention.prune()
    assert RunChunk.objects.filter(run=held).exists()
    assert StagedAccount.objects.filter(run_id=held.pk).count() == staged


def test_staged_rows_of_a_dead_worker_go_with_their_run(server: Server) -> None:
    run = SyncRun.objects.latest("pk")
    facts = {"attempt": 1, "position": 1, "remote_user_id": 1, "suspended": False}
    for run_id in (run.pk, run.pk + 1000):
        StagedAccount.objects.create(run_id=run_id, login="x", email="", key="", **facts)
    retention.prune()
    assert not StagedAccount.objects.exists()


def told(of: Enterprise, name: str, days: int, *, waits: bool) -> None:
    """An item that cleared so long ago, its alert, and whether its receiver is still to take it."""
    at = timezone.now() - timedelta(days=days)
    moments = {"opened_at": at, "changed_at": at}
    item = AttentionItem.objects.create(
        enterprise=of, key="failing", subject=name, verb="see", cleared_at=at, **moments
    )
    alert = Alert.objects.create(enterprise=of, event="attention.cleared", at=at, item=item, text=name)
    receiver, _ = AlertReceiver.objects.get_or_create(enterprise=of, kind="mail", target="a", shown="a")
    done = None if waits else at
    AlertDelivery.objects.create(alert=alert, receiver=receiver, next_at=at, done_at=done)


def test_alerts_that_are_over_and_counts_that_are_done_go_and_what_waits_or_is_open_stays() -> None:
    of = drive.enterprise()
    told(of, "old", 366, waits=False)
    told(of, "old, not yet taken", 366, waits=True)
    told(of, "lately", 364, waits=False)
    long = timezone.now() - timedelta(days=900)
    moments = {"opened_at": long, "changed_at": long}
    AttentionItem.objects.create(enterprise=of, key="failing", subject="open", verb="see", **moments)
    Recount.objects.create(enterprise=of, cause="contract", done_at=long)
    Recount.objects.create(enterprise=of, cause="contract")
    would = retention.prune(dry_run=True)
    assert retention.prune() == would
    assert {table: count for table, count in would.items() if count} == {
        "alert deliveries": 1,
        "alerts": 1,
        "cleared items": 2,
        "counts done": 1,
    }
    assert set(Alert.objects.values_list("text", flat=True)) == {"old, not yet taken", "lately"}
    assert set(AttentionItem.objects.values_list("subject", flat=True)) == {"lately", "open"}
    assert Recount.objects.get().done_at is None
    assert AlertDelivery.objects.filter(done_at=None).count() == 1


def test_an_item_that_cleared_today_is_remembered_however_little_is_kept(settings: Settings) -> None:
    settings.GHCONNECT_KEEP_ALERTS_DAYS = 0
    told(drive.enterprise(), "today", 0, waits=False)
    retention.prune()
    assert AttentionItem.objects.exists()
    assert not Alert.objects.exists()


def test_a_dry_run_says_what_would_go_and_batches_take_it_all(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, said = drive.everything(), StringIO()
    call_command("prune", "--dry-run", stdout=said)
    assert drive.everything() == before
    lines = {line[:16].strip(): line.split()[-3] for line in said.getvalue().splitlines()}
    assert (lines["payload chunks"], lines["accounts"]) == ("2", "1")
    monkeypatch.setattr(retention, "BATCH", 1)
    would = retention.prune(dry_run=True)
    assert retention.prune() == would
    assert not any(retention.prune(dry_run=True).values())

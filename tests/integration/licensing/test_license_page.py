"""License page of a server: the gate at Sync now, progress with and without JavaScript, and its end."""

from __future__ import annotations

import re
from datetime import timedelta
from html import unescape

import pytest
from django.conf import settings
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from ghconnect.models import Enterprise, Server
from ghconnect.usecases import connect
from licensing import progress
from licensing.looking import PAUSES
from licensing.models import ServerPicture, SyncRun
from licensing.usecases import runs
from tests.integration.engine import drive

from . import state

HOST = "ghe-osaka.octo.example"
PAGE = f"/enterprises/octo/servers/{HOST}/license"
NOW, PROGRESS = f"{PAGE}/sync-now", f"{PAGE}/progress"


@pytest.fixture
def osaka(octo: Enterprise) -> Server:
    return state.pulled(octo, HOST)


def said(page: str) -> str:
    """The words of the sync section, without markup."""
    section = page.split('id="license-sync"')[1].split("</section>", maxsplit=1)[0]
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", section)))


def next_look(page: str) -> str | None:
    """The address the page asks for by itself, if any."""
    found = re.search(r'hx-get="([^"]+)"', page)
    return unescape(found[1]) if found else None


# --- the door --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("door", "reason"),
    [
        ("off", "Enable GitHub Connect first."),
        ("disabled", "Set license sync to Enabled first."),
        ("open", ""),
    ],
)
def test_the_gate_stands_before_sync_now(octo: Enterprise, owner: Client, door: str, reason: str) -> None:
    server = state.pulled(octo, HOST, enabled=door == "open")
    if door == "off":
        connect.disable(server=server, by=None)
    page = state.text(owner, PAGE)
    assert (f'action="{NOW}"' in page) == (door == "open")
    assert reason in said(page)
    answer = owner.post(NOW, follow=True)
    assert answer.redirect_chain == [(PAGE, 302)]
    assert SyncRun.objects.filter(server=server).exists() == (door == "open")
    if reason:
        assert 'role="alert"' in answer.content.decode()
        assert reason in answer.content.decode()
    else:
        run = SyncRun.objects.get(server=server)
        assert (run.trigger, run.state, run.requested_by_login) == ("manual", "queued", "mona")


def test_a_switch_thrown_after_the_page_was_opened_still_refuses(osaka: Server, owner: Client) -> None:
    assert f'action="{NOW}"' in state.text(owner, PAGE)
    connect.disable(server=osaka, by=None)
    assert "Enable GitHub Connect first." in owner.post(NOW, follow=True).content.decode()
    assert not SyncRun.objects.filter(server=osaka).exists()


def test_pressing_twice_asks_once(osaka: Server, owner: Client) -> None:
    owner.post(NOW)
    owner.post(NOW)
    assert SyncRun.objects.filter(server=osaka).count() == 1


def test_a_server_whose_file_is_uploaded_is_not_read(octo: Enterprise, owner: Client) -> None:
    server = drive.server(octo, HOST)
    page = state.text(owner, PAGE)
    assert "Sync now" not in page
    assert f"/enterprises/octo/licensing/upload?server={HOST}" in page
    assert "does not read this server" in owner.post(NOW, follow=True).content.decode()
    assert not SyncRun.objects.filter(server=server).exists()


def test_only_owners_sync(osaka: Server, manager: Client, stranger: Client) -> None:
    page = state.text(manager, PAGE)
    assert "Sync now</button>" not in page
    assert "/export" not in page
    assert "/upload" not in page
    for who in (manager, stranger):
        assert who.post(NOW).status_code == 404
    assert not SyncRun.objects.filter(server=osaka).exists()


def test_reading_the_address_of_the_deed_does_nothing(osaka: Server, owner: Client) -> None:
    assert owner.get(NOW).status_code == 405
    assert not SyncRun.objects.filter(server=osaka).exists()


# --- progress --------------------------------------------------------------------------------------------------


def test_the_row_the_worker_writes_is_what_the_page_shows(osaka: Server, owner: Client) -> None:
    run = state.requested(osaka)
    assert "Queued · Waits for a worker." in said(state.text(owner, PAGE))
    claimed = runs.claim(run.pk)
    assert claimed is not None
    runs.save(claimed, step="fetch", fetched=1200)
    page = state.text(owner, PAGE)
    assert "Syncing · Step 1 of 5, 1,200 accounts read" in said(page)
    assert '<progress class="sync-progress" max="5" value="0"' in page
    runs.save(claimed, step="compare", fetched=4321, seconds={"fetch": 3.4})
    page = state.text(owner, PAGE)
    assert "Step 3 of 5, 4,321 accounts read" in said(page)
    assert "4,321 accounts · 3.4 s" in said(page)
    assert 'value="2"' in page
    assert re.search(r'aria-current="step">.*?Compare', page, re.DOTALL)
    assert '<button class="btn" id="sync-now" type="button" disabled><svg class="octicon octicon-sync' in page


def test_without_javascript_the_page_asks_again_until_the_run_ends(osaka: Server, owner: Client) -> None:
    refresh = re.compile(r'<noscript><meta http-equiv="refresh" content="(\d+)"></noscript>')
    run = state.working(osaka, "fetch", fetched=10)
    page = state.text(owner, PAGE)
    found = refresh.search(page)
    assert found
    assert int(found[1]) >= 5
    assert f'<a class="Link--inTextBlock" id="sync-refresh" href="{PAGE}">Refresh</a>' in page
    runs.fail(run, "timeout", {"host": HOST})
    page = state.text(owner, PAGE)
    assert not refresh.search(page)
    assert "Refresh" not in said(page)


@pytest.mark.parametrize("address", [PAGE, f"{PAGE}/syncs/1"], ids=["license", "run"])
def test_looks_come_ever_later_while_nothing_moves_and_end_by_themselves(
    osaka: Server, owner: Client, address: str
) -> None:
    state.requested(osaka)
    page, pauses = state.text(owner, address), []
    while url := next_look(page):
        found = re.search(r'hx-trigger="load delay:(\d+)s"', page)
        assert found
        pauses.append(int(found[1]))
        page = state.text(owner, url)
        assert len(pauses) <= len(PAUSES)
    assert pauses == sorted(pauses) == list(PAUSES)
    assert sum(pauses) > 180
    assert "no longer looks by itself" in page
    assert ">Refresh</a>" in page


def test_a_run_that_waits_is_no_error_and_says_when_it_goes_on(osaka: Server, owner: Client) -> None:
    runs.wait(state.working(osaka, "fetch"), timedelta(seconds=20), "preparing", {"host": HOST})
    for address in (PAGE, f"{PAGE}/syncs/1"):
        page = state.text(owner, address)
        words = re.sub(r"<[^>]+>", "", page)
        assert "still preparing its report" in words
        assert "Goes on within a minute." in words
        assert "flash-error" not in page


def test_a_run_that_moves_is_looked_at_often_again(osaka: Server, owner: Client) -> None:
    run = state.working(osaka, "fetch", fetched=10)
    url = f"{PROGRESS}?mark={progress.progress(run, timezone.now()).mark}&quiet=9"
    assert f'delay:{PAUSES[10]}s"' in state.text(owner, url)
    runs.save(run, fetched=20)
    assert f'delay:{PAUSES[0]}s"' in state.text(owner, url)


def test_a_look_answers_the_section_alone_and_everything_at_the_end(osaka: Server, owner: Client) -> None:
    run = state.working(osaka, "fetch")
    part = state.text(owner, PROGRESS)
    assert part.count("<section") == 1
    assert "<html" not in part
    assert "hx-swap-oob" not in part
    runs.fail(run, "timeout", {"host": HOST})
    part = state.text(owner, PROGRESS)
    assert next_look(part) is None
    assert re.findall(r'id="([\w-]+)" hx-swap-oob="true"', part) == ["user-licenses", "recent-syncs"]
    assert "Failed" in part


@pytest.mark.parametrize("query", ["?quiet=-1", "?quiet=x&mark=%00", "?quiet=99999999999", "?quiet=²"])
def test_an_address_nobody_made_is_a_first_look(osaka: Server, owner: Client, query: str) -> None:
    state.requested(osaka)
    assert f'delay:{PAUSES[0]}s"' in state.text(owner, f"{PROGRESS}{query}")


def test_a_killed_worker_gives_no_sign_of_life(osaka: Server, owner: Client) -> None:
    run = state.working(osaka, "publish", fetched=96)
    assert "No sign of life" not in said(state.text(owner, PAGE))
    lease = timedelta(seconds=settings.GHCONNECT_LEASE_SECONDS)
    quiet = int(lease.total_seconds() * 3 / 4)  # within one lease
    SyncRun.objects.filter(pk=run.pk).update(lease_until=timezone.now() + lease - timedelta(seconds=quiet))
    page = said(state.text(owner, PAGE))
    assert re.search(rf"No sign of life for ({quiet}|{quiet + 1}) s\.", page)
    assert "another takes this sync over" in page


def test_one_missed_beat_is_no_news(osaka: Server) -> None:
    run = state.working(osaka, "fetch")
    lease, now = timedelta(seconds=settings.GHCONNECT_LEASE_SECONDS), timezone.now()
    for beats, silent in ((0, 0), (1, 0), (2, settings.GHCONNECT_LEASE_SECONDS * 2 // 3)):
        run.lease_until = now + lease - lease * beats / 3
        assert progress.silence(run, now) == silent
    run.state = SyncRun.State.WAITING
    assert progress.silence(run, now) == 0


def test_a_run_that_waits_says_why_and_can_be_asked_to_go_on(osaka: Server, owner: Client) -> None:
    run = state.working(osaka, "fetch")
    runs.wait(run, timedelta(minutes=10), "timeout", {"host": HOST, "n": "30"})
    page = state.text(owner, PAGE)
    assert f"{HOST} did not answer within 30 s." in said(page)
    assert re.search(r"Goes on in (9|10) minutes", said(page))
    assert f'action="{NOW}"' in page
    owner.post(NOW)
    run.refresh_from_db()
    assert run.resume_at is not None
    assert run.resume_at <= timezone.now()


# --- what stands when nothing moves ----------------------------------------------------------------------------


def test_a_failure_is_told_in_words_with_its_remedy(osaka: Server, owner: Client) -> None:
    state.picture(osaka, [drive.account(1, "ann@octo.example")])
    state.failed(osaka)
    page = state.text(owner, PAGE)
    assert "token revoked or expired" in said(page)
    assert "Replace token" in said(page)
    assert f"{HOST} rejected the token" in page
    assert "1 attempts" not in page


def test_what_was_read_and_what_the_server_says_of_its_own_license(osaka: Server, owner: Client) -> None:
    state.picture(
        osaka, [drive.account(1, "a@octo.example"), drive.account(2, "b@octo.example", suspended=True)]
    )
    Server.objects.filter(pk=osaka.pk).update(
        license_seats=500, license_seats_used=2, license_days_left=30, license_read_at=timezone.now()
    )
    page = re.sub(r"<[^>]+>", "", state.text(owner, PAGE))
    for words in (
        "2 accounts on this server",
        "1 consume a license",
        "1 suspended",
        "500 licenses · 2 in use",
    ):
        assert words in page
    assert "expires" in page
    Server.objects.filter(pk=osaka.pk).update(
        license_seats=None, license_unlimited=True, license_days_left=-3
    )
    page = re.sub(r"<[^>]+>", "", state.text(owner, PAGE))
    assert "Unlimited · 2 in use" in page
    assert "expired" in page


def test_the_sentence_of_two_clocks_and_the_quick_links(osaka: Server, owner: Client) -> None:
    state.picture(osaka, [drive.account(1, "a@octo.example")])
    page = unescape(state.text(owner, PAGE))
    assert f"This updates the console. GitHub's count changes when {HOST} itself syncs" in page
    for link in ("data", "export"):
        assert f'href="/enterprises/octo/servers/{HOST}/{link}"' in page
    assert "This file is made for this console. GitHub does not accept it." in page
    assert f'href="https://{HOST}"' in page


def test_many_runs_cost_no_more_queries_than_one(osaka: Server, owner: Client) -> None:
    state.failed(osaka)
    state.text(owner, PAGE)
    once = state.queries(lambda: state.text(owner, PAGE))
    for _ in range(2):
        state.failed(osaka)
    assert state.queries(lambda: state.text(owner, PAGE)) == once


def test_a_run_that_reads_says_how_fast_and_about_how_long(osaka: Server, owner: Client) -> None:
    now = timezone.now()
    run = state.working(osaka, "fetch", fetched=10)
    run.state, run.step, run.fetched, run.started_at = "running", "fetch", 400, now - timedelta(seconds=10)
    assert progress.pace(run, now) == "about 40 a second"
    run.expected_rows = 1200
    assert progress.pace(run, now) == "about 40 a second, about 20 s left"
    run.expected_rows = None
    ServerPicture.objects.create(server=osaka, accounts=600)
    assert progress.pace(run, now) == "about 40 a second, about 5.0 s left"
    assert progress.pace(run, now - timedelta(seconds=9)) == ""
    run.step = "publish"
    assert progress.pace(run, now) == ""


def test_a_look_at_a_run_under_way_costs_little(osaka: Server, owner: Client) -> None:
    state.working(osaka, "fetch", fetched=10)
    with CaptureQueriesContext(connection) as look:
        assert "License sync" in owner.get(PROGRESS).content.decode()
    assert len(look) <= 14

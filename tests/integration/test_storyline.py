"""The week before renewal (PRODUCT §4.3): its figures come out of the engine, and stand on the pages.

The tests tell one story in its order: each goes on from what the one before has left.
"""

import csv
import html
import re
import time
from collections.abc import Iterator
from io import StringIO
from pathlib import Path

import pytest
from django.test import Client
from pytest_django import DjangoDbBlocker, Settings

from ghconnect import clock
from ghconnect.models import AccessToken, Enterprise, Membership, Role, Server, ServerName, User
from ghconnect.usecases import access_tokens, servers
from licensing import attention, avoidable, bridge, clocks, fixes, tour
from licensing.models import Account, Edition, GitHubSync, LicenseRow, Person, SyncRun
from licensing.usecases import held, runs, sandbox_again, sandbox_clock, sandbox_estate, saved_views
from tests.support import promises
from tests.support.storyline import PASSWORDS, Storyline, loaded

BASE = "/enterprises/octo-corp"
LICENSING = f"{BASE}/licensing"


@pytest.fixture(scope="module")
def story(django_db_setup: None, django_db_blocker: DjangoDbBlocker, folder: Path) -> Iterator[Storyline]:
    with django_db_blocker.unblock(), loaded(folder, "storyline") as estate:
        yield estate


@pytest.fixture
def mona(story: Storyline) -> Client:
    return story.client()


@pytest.fixture
def finn(story: Storyline) -> Client:
    return story.client("finn")


def text(client: Client, url: str) -> str:
    """Return what a page says, in one line."""
    answer = client.get(url)
    assert answer.status_code == 200, f"{url}: {answer.status_code}"
    main = re.search(r"<main.*</main>", answer.content.decode(), re.DOTALL)
    assert main is not None
    return html.unescape(" ".join(re.sub(r"<[^>]*>", " ", main[0]).split()))


def lines(numbers: bridge.BridgeView) -> dict[str, tuple[int | None, str]]:
    return {line.key: (line.value, line.note) for line in numbers.changes}


def sides(enterprise: Enterprise) -> dict[str, clocks.Clocks]:
    return {each.server.short_name: each for each in clocks.of(enterprise)}


def items(enterprise: Enterprise) -> list[attention.Shown]:
    return attention.shown(enterprise, clocks.of(enterprise), owner=True)


def person(enterprise: Enterprise, host: str, number: int) -> Person:
    account = Account.objects.get(
        enterprise=enterprise,
        server__host=f"{host}.octo-corp.example",
        remote_user_id=number,
        ended_edition=None,
    )
    assert account.person_id is not None
    return Person.objects.get(pk=account.person_id)


def of_cloud(enterprise: Enterprise, login: str) -> Person:
    return Person.objects.get(enterprise=enterprise, cloud_account__login=login, ended_edition=None)


def accounts(one: Person) -> dict[str, Account]:
    rows = Account.objects.filter(person_id=one.pk, ended_edition=None).select_related("server")
    return {f"{row.server.short_name}:{row.remote_user_id}": row for row in rows}


def url(one: Person) -> str:
    return f"{LICENSING}/people/{one.pk}"


# --- the number ----------------------------------------------------------------------------------------------


def test_236_counted_and_237_expected(story: Storyline, mona: Client) -> None:
    numbers = bridge.of(story.enterprise)
    assert (numbers.counted, numbers.purchased, numbers.available) == (236, 250, 14)
    assert numbers.rows == {"cloud": 101, "both": 92, "server": 38, "invitation": 5}
    assert lines(numbers) == {
        "new_since": (3, "3 people"),
        "gone_since": (-1, "fatima-zahra"),
        "will_join": (-1, "佐藤 健二 (Kenji Sato)"),
    }
    assert (numbers.expected, numbers.unexplained) == (237, 0)
    shown = text(mona, BASE)
    assert "236 of 250 purchased · 14 available" in shown
    assert "Expected after every server's next sync 237 Not explained: 0" in shown
    for line in ("+3 3 people", "−1 fatima-zahra", "−1 佐藤 健二 (Kenji Sato)"):
        assert line in shown


def test_every_edition_on_the_way_is_explained_and_follows_in_time(story: Storyline) -> None:
    assert {edition["counted"] for edition in story.totals()} == {236}
    assert {edition["unexplained"] for edition in story.totals()} == {0}
    assert [edition["expected"] for edition in story.totals()][-3:] == [238, 237, 237]
    times = list(Edition.objects.order_by("number").values_list("at", flat=True))
    assert times == sorted(times)
    assert (clock.now(story.enterprise) - times[0]).days == 267


def test_who_makes_the_difference(story: Storyline, mona: Client) -> None:
    shown = text(mona, f"{LICENSING}/difference")
    for login in ("dewi-lestari", "nikhil-rao", "yuki-takahashi", "fatima-zahra", "ksato"):
        assert login in shown
    # Cloud members 101 and members on cloud and server 92: whoever was invited by login is no member yet.
    seen = "Identity values visible for 182 of 193 members."
    assert seen in shown
    assert seen in text(mona, "/enterprises/octo-corp/settings/domains")
    assert seen in text(mona, f"{LICENSING}/renewal")


def test_the_list_shows_both_counts(mona: Client) -> None:
    assert "236 licenses" in text(mona, f"{LICENSING}/consumed")
    assert "237 licenses" in text(mona, f"{LICENSING}/consumed?view=expected")


# --- two clocks ----------------------------------------------------------------------------------------------


def test_each_server_has_the_state_of_the_storyline(story: Storyline) -> None:
    found = sides(story.enterprise)
    assert {name: (each.console.key, each.console.age) for name, each in found.items()} == {
        "ghe-tokyo": ("fresh", "3 hours ago"),
        "ghe-osaka": ("fresh", "5 hours ago"),
        "ghe-berlin": ("held", "4 days old"),
        "ghe-nagoya": ("failing", "3 days old"),
        "ghe-plant": ("silent", "33 days old"),
    }
    assert {name: each.github.label for name, each in found.items()} == {
        "ghe-tokyo": "Synced 2 days ago",
        "ghe-osaka": "Synced 26 days ago",
        "ghe-berlin": "Synced 4 days ago",
        "ghe-nagoya": "Synced yesterday",
        "ghe-plant": "Uploaded 33 days ago",
    }
    assert found["ghe-osaka"].github.key == "synced_stale"
    sizes = {name: each.picture.accounts for name, each in found.items() if each.picture}
    assert sizes == {"ghe-tokyo": 96, "ghe-osaka": 58, "ghe-berlin": 44, "ghe-nagoya": 31, "ghe-plant": 12}
    assert {each.server.version[:4] for each in found.values()} == {"3.19", "3.17", "3.18", ""}


def test_berlin_is_held_with_41_accounts_and_12_licenses(story: Storyline, mona: Client) -> None:
    run = sides(story.enterprise)["ghe-berlin"].held
    assert run is not None
    assert (held.removed(run), run.counts["releases"], run.counts["accounts"]) == (41, 12, 44)
    address = f"{BASE}/servers/ghe-berlin.octo-corp.example/license/syncs/{run.number}"
    shown = text(mona, address)
    assert "This report would remove 41 of 44 accounts (12 licenses). Nothing was changed." in shown
    assert shown.count("Not in the report released") == 12
    assert "Expected after every server's next sync 237 225" in shown


def test_nagoya_fails_since_3_days_and_keeps_its_data(story: Storyline, mona: Client) -> None:
    each, now = sides(story.enterprise)["ghe-nagoya"], clock.now(story.enterprise)
    assert each.facts.failing_since is not None
    assert each.facts.picture_at is not None
    assert (now - each.facts.failing_since).days == 3
    assert each.facts.picture_at < each.facts.failing_since
    assert each.facts.reason == "unauthorized"
    shown = text(mona, f"{BASE}/servers/ghe-nagoya.octo-corp.example/license")
    assert "token revoked or expired" in shown
    assert Account.objects.filter(server=each.server, ended_edition=None).count() == 31


def test_plant_is_silent_for_33_days(story: Storyline) -> None:
    assert sides(story.enterprise)["ghe-plant"].console.sentence == "Nothing received for 33 days."


def test_ghe_old_holds_5_licenses_and_nobody_owns_it(story: Storyline, mona: Client) -> None:
    (old,) = clocks.known_to_github_only(story.enterprise)
    assert (old.short_name, old.licenses, old.github.label) == ("ghe-old", 5, "Synced 14 Mar 2024")
    assert "5 of 236 licenses" in text(mona, f"{LICENSING}/consumed?q=server:ghe-old.octo-corp.example")


def test_what_needs_attention_most_licenses_first(story: Storyline, mona: Client) -> None:
    assert [(item.subject.split(".")[0], item.key) for item in items(story.enterprise)] == [
        ("ghe-berlin", "held"),
        ("ghe-old", "unknown_server"),
        ("ghe-osaka", "github_stale"),
        ("ghe-nagoya", "failing"),
        ("ghe-plant", "silent"),
        ("ghe-plant", "github_upload_stale"),
    ]
    assert "ghe-berlin Held: would remove 41 accounts 12 licenses at stake Review" in text(mona, BASE)


def test_what_github_lists_of_a_server_is_said_only_where_it_was_read(story: Storyline, mona: Client) -> None:
    tokyo, plant = (
        f"{BASE}/servers/ghe-{name}.octo-corp.example/github-connect" for name in ("tokyo", "plant")
    )
    assert "GitHub lists ghe-tokyo.octo-corp.example as connected and last synced it 2 days ago" in text(
        mona, tokyo
    )
    assert "GitHub lists ghe-plant.octo-corp.example as not connected" in text(mona, plant)
    read = SyncRun.objects.filter(server=None)
    kept = {run.pk: run.counts for run in read}
    for run in read:
        counts = {name: value for name, value in run.counts.items() if name != "connected"}
        SyncRun.objects.filter(pk=run.pk).update(counts=counts)
    assert "GitHub last received usage of ghe-tokyo.octo-corp.example 2 days ago" in text(mona, tokyo)
    for pk, counts in kept.items():
        SyncRun.objects.filter(pk=pk).update(counts=counts)


# --- people --------------------------------------------------------------------------------------------------


def test_jane_doe_holds_two_licenses_and_the_fix_is_said(story: Storyline, mona: Client) -> None:
    jane, other = of_cloud(story.enterprise, "jdoe"), person(story.enterprise, "ghe-tokyo", 17)
    assert (jane.consumes, other.consumes) == (True, True)
    assert jane.pk != other.pk
    for one, linked in ((jane, other), (other, jane)):
        shown = text(mona, url(one))
        assert "Probably counted twice" in shown
        assert "GitHub compares jane@octo-corp.example, the primary email on the server" in shown
        assert "Make jane.doe@octo-corp.example the primary email of jdoe on ghe-tokyo" in shown
        assert f'href="{url(linked)}"' in mona.get(url(one)).content.decode()


def test_the_message_is_for_owners_alone(story: Storyline, mona: Client, finn: Client) -> None:
    address = url(of_cloud(story.enterprise, "jdoe"))
    assert "Please make jane.doe@octo-corp.example your primary email" in text(mona, address)
    assert "Please make" not in text(finn, address)
    assert "Make jane.doe@octo-corp.example the primary email" in text(finn, address)


def test_kenji_is_fixed_and_waits_for_github(story: Storyline) -> None:
    (account,) = accounts(of_cloud(story.enterprise, "ksato")).values()
    assert (account.verdict, account.former_keys) == ("will_join", ["kenji@octo-corp.example"])
    (waiting,) = fixes.under_way(story.enterprise).shown
    assert (waiting.login, waiting.server.short_name) == ("ksato", "ghe-osaka")
    assert fixes.closed(story.enterprise).shown == []


def test_li_wei_is_joined_by_an_address_nobody_here_sees(story: Storyline, mona: Client) -> None:
    li_wei = of_cloud(story.enterprise, "li-wei")
    found = accounts(li_wei)
    assert found["ghe-tokyo:23"].verdict == "joined_unseen"
    assert {account.explained_rule for account in found.values()} == {""}
    assert "The matching address is not visible to this console." in text(mona, url(li_wei))


def test_ravi_kumar_has_two_accounts_and_one_license(story: Storyline) -> None:
    ravi = person(story.enterprise, "ghe-tokyo", 31)
    assert sorted(accounts(ravi)) == ["ghe-osaka:12", "ghe-tokyo:31"]
    assert {account.rule for account in accounts(ravi).values()} == {"same_email"}
    assert (ravi.consumes, ravi.cloud_account_id) == (True, None)


def test_fatima_zahra_was_suspended_this_morning(story: Storyline) -> None:
    fatima = person(story.enterprise, "ghe-tokyo", 40)
    assert (fatima.consumes, fatima.reason) == (False, "suspended")
    assert {account.verdict for account in accounts(fatima).values()} == {"gone_since"}


def test_noor_haddads_invitation_is_one_more_license_for_a_while(story: Storyline, mona: Client) -> None:
    invited = Person.objects.get(enterprise=story.enterprise, name="noor.haddad@octo-partner.example")
    assert (invited.consumes, invited.deployment) == (True, "invitation")
    shown = text(mona, url(invited))
    assert "Counted twice for a while" in shown
    assert "invite noor-haddad by username" in shown


def test_alex_smith_has_a_visual_studio_subscription(story: Storyline) -> None:
    alex = of_cloud(story.enterprise, "alex-smith")
    assert (alex.consumes, alex.license_type) == (True, "visual_studio")


def test_elif_okonkwos_subscription_was_matched_by_hand(story: Storyline, mona: Client) -> None:
    """By an address that nobody has at GitHub: the two share no value, an owner said so there (reference §4.4)."""
    elif_ = of_cloud(story.enterprise, "elif-okonkwo")
    assert (elif_.consumes, elif_.license_type) == (True, "visual_studio")
    assert "matched by hand at GitHub" in text(mona, url(elif_))
    shown = text(mona, f"{LICENSING}/consumed?q=type:vss")
    assert "2 of 236 licenses" in shown
    assert "alex-smith" in shown


def test_priya_nairs_tie_is_shown_as_a_tie(story: Storyline, mona: Client) -> None:
    priya = of_cloud(story.enterprise, "priya-nair")
    assert all(account.tie for account in accounts(priya).values())
    assert "Tie. priya-nair, pnair-labs all have priya.nair@octo-corp.example." in text(mona, url(priya))


def test_svc_deploy_is_one_robot_with_three_licenses(story: Storyline, mona: Client) -> None:
    robots = Account.objects.filter(login="svc-deploy", ended_edition=None)
    assert len({robot.person_id for robot in robots if robot.consumes}) == 3
    assert "3 of 237 licenses" in text(mona, f"{LICENSING}/consumed?view=expected&q=svc-deploy")


def test_scim_admin_is_free(story: Storyline) -> None:
    (admin,) = Account.objects.filter(login="scim-admin", ended_edition=None)
    assert (admin.consumes, admin.reason) == (False, "scim_admin")


# --- what could be avoided -----------------------------------------------------------------------------------


def test_15_licenses_could_be_avoided(story: Storyline) -> None:
    found = avoidable.of(story.enterprise)
    by_fix: dict[str, int] = {}
    for one in found.candidates:
        by_fix[one.fix] = by_fix.get(one.fix, 0) + len(one.extra)
    assert by_fix == {"make_primary": 8, "same_primary": 2, "retire_server": 5, "invite_by_username": 1}
    assert (found.licenses, found.cents_a_year) == (15, 378_000)
    assert "ksato" not in {one.params.get("login") for one in found.candidates}


def test_it_is_a_list_and_subtracted_from_nothing(story: Storyline, mona: Client, finn: Client) -> None:
    words = "Could be avoided : 15 licenses, 3,780 USD a year"
    assert f"{words} · Counted twice" in text(mona, BASE).replace("avoided:", "avoided :")
    manager = text(finn, BASE).replace("avoided:", "avoided :")
    assert words in manager
    assert "Counted twice" not in manager
    numbers = bridge.of(story.enterprise)
    assert numbers.headline + sum(line.value or 0 for line in numbers.changes) == numbers.expected


def test_counted_twice_says_who_has_to_do_what_where(mona: Client) -> None:
    shown = text(mona, f"{LICENSING}/counted-twice")
    assert "15 licenses, 3,780 USD a year · 1 more is under way" in shown
    assert "If ghe-old is no longer in use, ask GitHub Support to remove its usage" in shown
    assert "Give svc-deploy the same primary email on ghe-nagoya, ghe-osaka, ghe-tokyo" in shown
    assert "jdoe on ghe-tokyo: Settings, Emails · Open on the instance" in shown
    assert "You have jdoe on github.octo-corp.example and jdoe on ghe-tokyo.octo-corp.example." in shown
    assert "Under way" in shown
    assert "Closed" not in shown


def test_counted_twice_is_for_owners(finn: Client) -> None:
    for address in (f"{LICENSING}/counted-twice", f"{LICENSING}/counted-twice.csv"):
        assert finn.get(address).status_code == 404
    assert "Counted twice" not in text(finn, LICENSING)


def test_the_csv_has_the_same_sum(mona: Client) -> None:
    answer = mona.get(f"{LICENSING}/counted-twice.csv")
    rows = list(csv.DictReader(StringIO(answer.getvalue().decode("utf-8-sig"))))
    lasting = [row for row in rows if row["state"] == "Open"]
    assert sum(int(row["licenses"]) for row in lasting) == 15
    assert sum(float(row["cost_a_year"]) for row in lasting) == 3780.0
    (jane,) = [row for row in rows if row["login"] == "jdoe"]
    assert (jane["email_now"], jane["email_to_make_primary"]) == (
        "jane@octo-corp.example",
        "jane.doe@octo-corp.example",
    )
    assert "Mona Lisa" in jane["message_en"]
    assert "件名" in jane["message_ja"]


def test_the_fix_names_who_manages_the_accounts(story: Storyline, mona: Client) -> None:
    tokyo = Server.objects.get(host="ghe-tokyo.octo-corp.example")
    owner = User.objects.get(login="mona")
    servers.change(server=tokyo, by=owner, managed_by="scim")
    shown = text(mona, f"{LICENSING}/counted-twice")
    assert "Whoever manages the identity provider of ghe-tokyo: the primary email of jdoe" in shown
    servers.change(server=tokyo, by=owner, managed_by="")


# --- the tour ------------------------------------------------------------------------------------------------


def test_the_tour_has_seven_steps_with_the_figures_of_the_engine(mona: Client) -> None:
    shown = text(mona, "/tour")
    for words in (
        "1. The number 236 licenses, counted by GitHub",
        "237 are expected.",
        "+3 Not yet at GitHub (3 people)",
        "ghe-osaka is “Up to date” here (5 hours ago); at GitHub it is “Synced 26 days ago”.",
        "Would remove 41 of 44 accounts and release 12 licenses.",
        "Jane Doe probably holds two",
        "15 licenses, 3,780 USD a year",
        "The address of 佐藤 健二 (Kenji Sato) on ghe-osaka is put right",
        "7. Yours",
        "0 of 7 steps seen",
    ):
        assert words in shown


@pytest.mark.parametrize("login", ["mona", "finn"])
def test_every_link_of_the_tour_opens_and_ticks_its_step(story: Storyline, login: str) -> None:
    client = story.client(login)
    page = client.get("/tour").content.decode()
    links = re.findall(
        r'<a class="Link--inTextBlock" href="(/[^"]+)"', page.partition('<ol class="Box tour')[2]
    )
    assert len(links) > 7
    for link in links:
        assert client.get(html.unescape(link)).status_code == 200 or link == "/about"
    # The fifth asks for something to be done at pretend GitHub.
    assert "6 of 7 steps seen" in text(client, "/tour")


def test_the_banner_leads_to_the_tour_and_only_an_owner_starts_again(mona: Client, finn: Client) -> None:
    for client in (mona, finn):
        assert 'href="/tour"' in client.get(BASE).content.decode()
    assert f'href="{BASE}/start-again"' in mona.get(BASE).content.decode()
    assert "start-again" not in finn.get(BASE).content.decode()
    assert finn.post(f"{BASE}/start-again").status_code == 404


def test_who_has_no_sandbox_has_no_tour(story: Storyline) -> None:
    User.objects.create_user("eve@octo-corp.example", "eve")
    eve = story.client("eve")
    assert eve.get("/tour").status_code == 404


# --- what happens next ---------------------------------------------------------------------------------------


def test_sync_now_on_pretend_osaka_closes_kenji(story: Storyline, mona: Client) -> None:
    before = len(story.totals())
    story.press("sync-now", host="ghe-osaka.octo-corp.example")
    numbers = bridge.of(story.enterprise)
    assert (numbers.counted, numbers.expected, numbers.unexplained) == (238, 237, 0)
    assert lines(numbers) == {"gone_since": (-1, "fatima-zahra")}
    (account,) = accounts(of_cloud(story.enterprise, "ksato")).values()
    assert account.verdict == "agreed"
    assert fixes.under_way(story.enterprise).shown == []
    assert [one.login for one in fixes.closed(story.enterprise).shown] == ["ksato"]
    assert len(story.totals()) > before
    assert {edition["unexplained"] for edition in story.totals()} == {0}
    assert {edition["expected"] for edition in story.totals()[before:]} == {237}
    shown = text(mona, "/tour")
    assert "佐藤 健二 (Kenji Sato) is joined by GitHub now: it counts 238, and 237 are expected" in shown
    assert "Closed" in text(mona, f"{LICENSING}/counted-twice")
    assert "ghe-osaka GitHub last synced" not in text(mona, BASE)


def test_discarding_berlins_report_leaves_everything_as_it_is(story: Storyline, mona: Client) -> None:
    run = sides(story.enterprise)["ghe-berlin"].held
    assert run is not None
    held.discard(run=run, by=User.objects.get(login="mona"))
    assert bridge.of(story.enterprise).expected == 237
    assert "None is held now." in text(mona, "/tour")


def test_a_day_later_ghe_lab_asks_whether_it_was_moved_or_copied(story: Storyline, mona: Client) -> None:
    story.press("pass", days=1)
    tokyo = Server.objects.get(host="ghe-tokyo.octo-corp.example")
    lab = next(one for one in clocks.known_to_github_only(story.enterprise) if one.short_name == "ghe-lab")
    assert lab.sync is not None
    assert (lab.twin, lab.sync.instance_id) == (tokyo, tokyo.server_id)
    (asked,) = [item for item in items(story.enterprise) if item.key == "moved_or_copied"]
    assert (asked.who, asked.verb) == ("ghe-lab", "Answer")
    assert asked.what == "Same server ID as ghe-tokyo: was it moved, or is this a copy?"
    assert sides(story.enterprise)["ghe-tokyo"].github.label == "Synced 3 days ago"
    assert not ServerName.objects.filter(host=lab.host).exists()
    shown = text(mona, f"{BASE}/github-connect")
    assert "Was ghe-tokyo moved there, or is it a copy, as a restored backup is?" in shown
    assert bridge.of(story.enterprise).unexplained == 0


def test_added_as_a_server_of_its_own_the_copy_asks_no_more(story: Storyline) -> None:
    enterprise = story.enterprise
    host = "ghe-lab.octo-corp.example"
    lab = servers.add(enterprise=enterprise, host=host, way_in="upload", by=User.objects.get(login="mona"))
    story.tick()
    assert "moved_or_copied" not in {item.key for item in items(enterprise)}
    tokyo = GitHubSync.objects.get(enterprise=enterprise, newest=True, server__host__startswith="ghe-tokyo")
    assert tokyo.host == "ghe-tokyo.octo-corp.example"
    assert sides(enterprise)["ghe-lab"].github.key == "never_synced"
    servers.remove(server=lab, by=User.objects.get(login="mona"))


def test_a_week_later_nothing_is_unexplained_and_berlin_is_held_again(story: Storyline) -> None:
    story.press("pass", days=7)
    numbers = bridge.of(story.enterprise)
    # Fatima is gone from GitHub's count, and Noor's invitation has expired.
    assert (numbers.counted, numbers.expected, numbers.unexplained) == (236, 236, 0)
    assert sides(story.enterprise)["ghe-berlin"].console.key == "held"
    assert {edition["unexplained"] for edition in story.totals()} == {0}


# --- start again ---------------------------------------------------------------------------------------------


def test_starting_again_asks_first_and_shows_how_far_it_is(story: Storyline, mona: Client) -> None:
    assert "octo-corp is removed here and read anew." in text(mona, f"{BASE}/start-again")
    assert story.enterprise.clock_offset >= 0
    assert mona.post(f"{BASE}/start-again").headers["Location"] == "/start-again"
    assert story.enterprise.clock_offset == sandbox_again.MARK
    assert "Wait for a worker" in text(mona, "/start-again")
    # Pressed twice it is one deed.
    assert not sandbox_again.request(enterprise=story.enterprise, by=None)


def test_everything_is_as_on_the_first_day(story: Storyline, mona: Client) -> None:
    old = story.enterprise.pk
    eve = User.objects.get(login="eve")
    Membership.objects.create(user=eve, enterprise=story.enterprise, role=Role.BILLING_MANAGER)
    said: list[str] = []

    def say(words: str) -> None:
        said.append(words)
        assert mona.get("/start-again").status_code == 200

    sandbox_estate.load_again(enterprise_id=old, say=say)
    assert said
    assert story.enterprise.pk != old
    roles = Membership.objects.filter(enterprise=story.enterprise).values_list("user__login", "role")
    assert set(roles) == {("mona", "owner"), ("finn", "billing_manager"), ("eve", "billing_manager")}
    numbers = bridge.of(story.enterprise)
    assert (numbers.counted, numbers.expected, numbers.unexplained) == (236, 237, 0)
    assert avoidable.of(story.enterprise).licenses == 15
    assert story.enterprise.clock_offset == 0
    assert mona.get("/start-again").headers["Location"] == "/tour"
    assert mona.get("/start-again", headers={"HX-Request": "true"}).headers["HX-Redirect"] == "/tour"
    for model in (Account, LicenseRow, Person, SyncRun, Edition):
        assert not model.objects.exclude(enterprise=story.enterprise).exists()


def test_a_second_worker_finds_nothing_to_do(story: Storyline) -> None:
    before = story.enterprise.pk
    sandbox_estate.load_again(enterprise_id=before, say=lambda words: None)
    assert story.enterprise.pk == before


def test_pretend_github_started_again_by_its_own_button_is_noticed(
    story: Storyline, settings: Settings
) -> None:
    story.sandbox.post_control("pass", days=2)
    sandbox_clock.follow()
    assert story.enterprise.clock_offset == 2 * 86_400
    time.sleep(1.1)  # pretend GitHub's clock counts whole seconds
    story.sandbox.post_control("reset")
    settings.GHCONNECT_PAUSE_SYNCS = True
    sandbox_clock.follow()  # what is not read again must not be thrown away
    assert story.enterprise.clock_offset == 2 * 86_400
    settings.GHCONNECT_PAUSE_SYNCS = False
    sandbox_clock.follow()
    assert story.enterprise.clock_offset == sandbox_again.MARK


def test_a_loading_that_was_cut_off_is_begun_anew_at_the_next_start(
    story: Storyline, settings: Settings
) -> None:
    half = story.enterprise.pk
    settings.GHCONNECT_PAUSE_SYNCS = True
    with pytest.raises(sandbox_estate.NotLoaded, match="syncs are paused"):
        sandbox_estate.load(passwords=PASSWORDS, say=lambda words: None, alone=True)
    assert story.enterprise.pk == half
    settings.GHCONNECT_PAUSE_SYNCS = False
    sandbox_estate.load(passwords=PASSWORDS, say=lambda words: None, alone=True)
    assert story.enterprise.pk != half
    assert bridge.of(story.enterprise).expected == 237
    whole = story.enterprise.pk
    sandbox_estate.load(passwords=PASSWORDS, say=lambda words: None, alone=True)
    assert story.enterprise.pk == whole


def test_only_a_sandbox_can_be_started_again(story: Storyline) -> None:
    real = Enterprise.objects.create(slug="acme", name="Acme")
    Membership.objects.create(user=User.objects.get(login="mona"), enterprise=real, role=Role.OWNER)
    mona = story.client()
    assert mona.get("/enterprises/acme/start-again").status_code == 404
    assert mona.post("/enterprises/acme/start-again").status_code == 404
    assert not sandbox_again.request(enterprise=real, by=None)
    assert tour.links([]) == {}


# --- the API, over all of it ----------------------------------------------------------------------------------


def test_every_reading_answer_of_the_api_is_as_its_document_says(story: Storyline) -> None:
    enterprise = story.enterprise
    scopes = [AccessToken.Scope.READ_ENTERPRISE, AccessToken.Scope.READ_AUDIT_LOG]
    _token, text = access_tokens.create(enterprise=enterprise, name="api", scopes=scopes, by=None)
    run = SyncRun.objects.get(enterprise=enterprise, state=SyncRun.State.HELD)
    assert run.server is not None
    # Of GitHub's report, too, there is a sync of that number.
    runs.request(subject=enterprise, trigger=SyncRun.Trigger.MANUAL)
    story.work()
    view = saved_views.save(enterprise=enterprise, name="Dormant", query="q=is:dormant", shared=True, by=None)
    valid = {
        "enterprise": enterprise.slug,
        "host": run.server.host,
        "number": run.number,
        "saved": view.pk,
        "id": Person.objects.filter(enterprise=enterprise, consumes=True).earliest("pk").pk,
        "ending": "json",
        "fingerprint": avoidable.of(enterprise).candidates[0].fingerprint,
    }
    good = promises.asked(text, valid=valid, examples=1, reading=True)
    # Alerts are shown to whoever may change them; nobody asked for an export here.
    elsewhere = {"alerts_settings", "export_file", "export_state"}
    assert {name for name, count in good.items() if not count} <= elsewhere

"""A generated estate has exactly the size asked for, the storyline inside, and is the same for the same seed."""

import sqlite3
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from ghconnect.sandbox.make import make
from ghconnect.sandbox.world import World
from tests.contract.client import Client
from tests.contract.test_storyline import expected, file_of, kind
from tests.support.sandbox import Sandbox


@pytest.fixture(scope="module")
def estate(folder: Path) -> Iterator[Client]:
    with Sandbox(folder / "estate", people=2000, seed=7) as sandbox:
        yield Client(sandbox)


def test_size_and_proportions(estate: Client) -> None:
    rows = estate.rows()
    assert estate.sandbox.licenses == estate.count() == 2000
    assert len(rows) == 2001
    kinds = Counter(kind(row) for row in rows)
    assert kinds["cloud and server"] / 2000 == pytest.approx(92 / 236, abs=0.02)
    unlinked = [row for row in rows if row["visual_studio_subscription_user"] and not row["github_com_login"]]
    assert len(unlinked) == 1
    logins = [row["github_com_login"] for row in rows if row["github_com_login"]]
    assert len(logins) == len(set(logins))


def test_the_storyline_is_in_it(estate: Client) -> None:
    estate.sandbox.post_control("sync-now", host="osaka")
    assert estate.count() == 2002


def test_ids_are_dense_and_the_report_agrees_with_the_rows(estate: Client) -> None:
    estate.sandbox.post_control("reset")
    accounts = estate.accounts("tokyo")
    assert [int(row["id"]) for row in accounts] == list(range(1, len(accounts) + 1))
    places = {place for row in estate.rows() for place in row["enterprise_server_user_ids"]}
    active = {f"ghe-tokyo.octo-corp.example:{row['id']}" for row in accounts if row["suspended?"] == "false"}
    fatima = {"ghe-tokyo.octo-corp.example:40"}
    assert {place for place in places if "tokyo" in place} == active | fatima


def test_the_published_rules_give_the_same_count(estate: Client) -> None:
    estate.sandbox.post_control("reset")
    estate.sandbox.post_control("stage", stage="before")
    pictures = {short: file_of(estate, short) for short in ("tokyo", "osaka", "berlin", "nagoya", "plant")}
    assert expected(estate, pictures) == 2000


@pytest.mark.parametrize("people", [1, 5, 20, 235, 236, 237, 1000])
def test_every_size_is_met_exactly(tmp_path: Path, people: int) -> None:
    world = World(tmp_path)
    make(world, people_count=people, seed=3)
    with world.read() as db:
        assert db.execute("SELECT count(*) FROM seat WHERE counted").fetchone()[0] == people


def test_same_seed_same_world_other_seed_other_world(tmp_path: Path) -> None:
    worlds = [World(tmp_path / name) for name in ("a", "b", "c")]
    for world, seed in zip(worlds, (1, 1, 2), strict=True):
        make(world, people_count=500, seed=seed, made_at=1_800_000_000)
    a, b, c = (list(sqlite3.connect(world.path).iterdump()) for world in worlds)
    moving = ("event", "meta", "osaka")
    assert [line for line in a if not any(word in line for word in moving)] == [
        line for line in b if not any(word in line for word in moving)
    ]
    assert a != c

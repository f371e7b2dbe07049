"""The template adds up, and nobody in it is taken for somebody else."""

from collections import Counter

from ghconnect.sandbox import accounts, people, template
from ghconnect.sandbox.people import Estate

STORY = Estate(people=template.SLOTS, seed=1, made_at=1_800_000_000)


def test_groups_and_servers_add_up() -> None:
    slots = template.slots()
    groups = Counter(slot.group for slot in slots)
    expected = {
        "cloud": 101,
        "both": 92,
        "half": 9,
        "server": 21,
        "robot": 3,
        "old": 5,
        "invited": 5,
        "suspended": 9,
    }
    assert groups == expected
    assert [slot.index for slot in slots] == list(range(len(slots)))
    assert all(slot.servers for slot in slots if slot.group not in ("cloud", "invited"))


def test_every_seed_gives_the_same_figures_and_the_named_ids() -> None:
    for seed in range(20):
        rows = list(accounts.rows(Estate(people=template.SLOTS, seed=seed, made_at=1_800_000_000)))
        assert Counter(row[0] for row in rows) == {
            "tokyo": 96, "osaka": 55, "berlin": 44, "nagoya": 31, "plant": 12, "old": 5,
        }  # fmt: skip
        places = {(row[0], row[2]): row[1] for row in rows}
        named = [("tokyo", "jdoe"), ("osaka", "ksato"), ("tokyo", "li-wei"), ("tokyo", "ravi-kumar")]
        named += [("osaka", "ravi-kumar"), ("tokyo", "fatima-zahra")]
        assert [places[place] for place in named] == [17, 9, 23, 31, 12, 40]
        assert len({(row[0], row[1]) for row in rows}) == len(rows)


def test_nobody_on_servers_alone_resembles_a_cloud_account() -> None:
    """Or a console would rightly list more than eight people as probably counted twice."""
    cloud = [
        people.identity_of(slot.index, 0) for slot in template.slots() if slot.group in ("cloud", "both")
    ]
    alone = [
        people.identity_of(slot.index, 0) for slot in template.slots() if slot.group in ("server", "old")
    ]
    for part in range(3):
        assert not {each[part].lower() for each in cloud} & {each[part].lower() for each in alone}
    families = {name.rpartition(" ")[2] for name, _, _ in cloud}
    assert not families & {name.rpartition(" ")[2] for name, _, _ in alone}


def test_names_logins_and_addresses_of_the_cloud_are_distinct() -> None:
    rows = list(people.cloud_rows(STORY))
    logins = [row[1] for row in rows]
    assert len(set(logins)) == len(logins) == 198
    names = Counter(row[2] for row in rows if row[2])
    assert {name for name, count in names.items() if count > 1} == {"Priya Nair"}


def test_no_half_has_an_address_that_would_join_it() -> None:
    estate = Estate(people=template.SLOTS * 21, seed=1, made_at=1_800_000_000)
    values = {row[4] for row in people.identity_rows(estate)}
    cloud = {row[1] for row in people.cloud_rows(estate)}
    halves = [row for row in accounts.rows(estate) if row[2] in cloud and row[5] not in values]
    assert len(halves) == len({row[5] for row in halves}) == 9 * 21

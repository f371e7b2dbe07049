"""How the pretend GHEC makes one license of several accounts, one rule at a time (reference §4.2, §4.3)."""

import json
import sqlite3
from collections.abc import Iterator

import pytest

from ghconnect.sandbox.merge import merge
from ghconnect.sandbox.text import key
from ghconnect.sandbox.world import INDEXES, SCHEMA

Seats = dict[tuple[int | None, tuple[str, ...]], int]


class Enterprise:
    """An empty enterprise that a test fills."""

    def __init__(self) -> None:
        self.db = sqlite3.connect(":memory:", isolation_level=None)
        self.db.row_factory = sqlite3.Row
        self.db.executescript(SCHEMA.read_text() + INDEXES)
        for number, host in enumerate(("one.example", "two.example"), start=1):
            self.db.execute(
                """INSERT INTO server (id, short, host, server_id, known_id, version, state, way_in, scim, connected,
                   created_at, sent_host, reader) VALUES (?, ?, ?, 'x', 'x', '3.19', 'live', 'pull', 0, 1, 0, ?, '')""",
                (number, host, host, host),
            )

    def cloud(self, number: int, kind: str = "member", **values: str) -> None:
        """A cloud account; keywords are sources: nameid, username, verified."""
        self.db.execute(
            """INSERT INTO cloud (id, login, name, kind, member_roles, enterprise_role, invited_to,
               invited_by_email, created_at) VALUES (?, ?, '', ?, '[]', '', '[]', 0, 0)""",
            (number, f"cloud-{number}", kind),
        )
        for source, value in values.items():
            rule = 2 if source == "verified" else 1
            self.db.execute(
                "INSERT INTO identity VALUES (?, ?, ?, ?, ?)", (number, rule, source, value, key(value))
            )

    def server(
        self, number: int, email: str | None, server: int = 1, login: str = "", active: int = 1
    ) -> None:
        """An account that GHEC received."""
        self.db.execute(
            "INSERT INTO received VALUES (?, ?, ?, '', ?, ?, 0, ?, 0)",
            (server, number, login or f"server-{number}", email, key(email), active),
        )

    def seats(self) -> Seats:
        """(cloud account, server accounts) → counted, of the merged rows."""
        merge(self.db)
        rows = self.db.execute("SELECT * FROM seat ORDER BY position").fetchall()
        return {(row["cloud"], tuple(sorted(json.loads(row["ids"] or "[]")))): row["counted"] for row in rows}


@pytest.fixture
def enterprise() -> Iterator[Enterprise]:
    made = Enterprise()
    yield made
    made.db.close()


def test_an_attribute_joins_before_a_verified_email(enterprise: Enterprise) -> None:
    enterprise.cloud(1, verified="a@x.example")
    enterprise.cloud(2, NameID="a@x.example")
    enterprise.server(7, "A@x.example")
    assert enterprise.seats() == {(1, ()): 1, (2, ("one.example:7",)): 1}


def test_a_verified_email_joins_where_no_attribute_does(enterprise: Enterprise) -> None:
    enterprise.cloud(1, verified="a@x.example", NameID="E-1")
    enterprise.server(7, "a@x.example")
    assert enterprise.seats() == {(1, ("one.example:7",)): 1}


def test_accounts_with_one_address_are_one_person_and_others_are_not(enterprise: Enterprise) -> None:
    enterprise.server(1, "a@x.example")
    enterprise.server(2, " A@X.example", server=2)
    enterprise.server(3, "b@x.example")
    assert enterprise.seats() == {
        (None, ("one.example:1", "two.example:2")): 1,
        (None, ("one.example:3",)): 1,
    }


def test_accounts_without_an_address_stand_alone(enterprise: Enterprise) -> None:
    enterprise.cloud(1, verified="")
    enterprise.server(1, None)
    enterprise.server(1, None, server=2)
    assert enterprise.seats() == {(1, ()): 1, (None, ("one.example:1",)): 1, (None, ("two.example:1",)): 1}


def test_a_tie_goes_to_the_smaller_number(enterprise: Enterprise) -> None:
    for number in (5, 3, 9):
        enterprise.cloud(number, verified="a@x.example")
    enterprise.server(1, "a@x.example")
    assert enterprise.seats() == {(3, ("one.example:1",)): 1, (5, ()): 1, (9, ()): 1}


def test_secondary_addresses_do_not_join(enterprise: Enterprise) -> None:
    enterprise.cloud(1, verified="a@x.example")
    enterprise.server(1, "b@x.example")
    enterprise.db.execute("INSERT INTO received_secondary VALUES (1, 1, 'a@x.example')")
    assert enterprise.seats() == {(1, ()): 1, (None, ("one.example:1",)): 1}


def test_the_setup_user_is_free_and_so_is_who_never_signed_in(enterprise: Enterprise) -> None:
    enterprise.cloud(1, verified="a@x.example")
    enterprise.server(1, "s@x.example", login="scim-admin")
    enterprise.server(2, "n@x.example", active=0)
    enterprise.server(3, "a@x.example", active=0)
    enterprise.server(4, "m@x.example", active=0)
    enterprise.server(4, "m@x.example", server=2)
    assert enterprise.seats() == {
        (1, ("one.example:3",)): 1,
        (None, ("one.example:4", "two.example:4")): 1,
    }


def test_invitations_count_and_unlinked_subscribers_are_only_listed(enterprise: Enterprise) -> None:
    enterprise.cloud(1, kind="invitation")
    enterprise.cloud(2, kind="subscriber")
    assert enterprise.seats() == {(1, ()): 1, (2, ()): 0}
    totals = dict(enterprise.db.execute("SELECT name, value FROM meta").fetchall())
    assert (totals["seats"], totals["seats_consumed"]) == (2, 1)


def test_merging_twice_is_merging_once(enterprise: Enterprise) -> None:
    enterprise.cloud(1, verified="a@x.example")
    enterprise.server(1, "a@x.example")
    enterprise.server(2, "b@x.example")
    assert enterprise.seats() == enterprise.seats()

"""A person goes on through what changes, and spans tell of any edition what was true then (ENGINEERING §9)."""

from __future__ import annotations

from typing import Any

import pytest
from django.db.models import F, Q
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from ghconnect.models import Enterprise, Server, User
from ghconnect.records import SAML_NAME_ID, Identity
from ghconnect.usecases import servers
from licensing.models import Account, Match, Person, RunChange, Seat
from tests.integration.engine import drive
from tests.integration.engine.test_incremental import HOSTS, Told, accounts, reports, steps, values

A, B = HOSTS[0], HOSTS[1]


@pytest.fixture
def of(db: None) -> Enterprise:
    return drive.enterprise()


@pytest.fixture
def server(of: Enterprise) -> Server:
    return drive.server(of, A)


def person_of(number: int, on: Server) -> int:
    found = Account.objects.get(server=on, remote_user_id=number, ended_edition=None).person_id
    assert found is not None
    return found


def seat(person: int) -> list[tuple[int, int | None]]:
    """Spans in which a person had a license."""
    found = Seat.objects.filter(person_id=person).order_by("from_edition")
    return list(found.values_list("from_edition", "to_edition"))


# --- ids ---------------------------------------------------------------------------------------------------


def test_a_person_goes_on_through_an_email_change(of: Enterprise, server: Server) -> None:
    drive.read_server(server, [drive.account(1, "ann@x.example"), drive.account(2, "bob@x.example")])
    ann, before = person_of(1, server), seat(person_of(1, server))
    for email in ("ann@y.example", "", "ann@z.example"):
        run = drive.read_server(server, [drive.account(1, email), drive.account(2, "bob@x.example")])
        assert (person_of(1, server), seat(ann)) == (ann, before)
        assert (run.counts["released"], run.counts["licensed"]) == (0, 0)
    assert before == [(1, None)]
    drive.assert_sound(of)


def test_people_who_become_one_release_nothing(of: Enterprise, server: Server) -> None:
    """One license fewer is counted; released is who has none any more (ENGINEERING §9)."""
    drive.read_server(server, [drive.account(1, "ann@x.example"), drive.account(2, "bob@x.example")])
    before = drive.totals(of)["expected"]
    both = [drive.account(1, "ann@x.example"), drive.account(2, "ann@x.example")]
    run = drive.read_server(server, both)
    assert (drive.totals(of)["expected"], run.counts["released"]) == (before - 1, 0)
    assert not RunChange.objects.filter(run=run, license=-1).exists()
    run = drive.read_server(server, both[:1])
    assert run.counts["released"] == 0  # the license goes on
    assert drive.read_server(server, [drive.account(3, "cid@x.example")]).counts["released"] == 1
    drive.assert_sound(of)


def test_servers_that_change_an_address_one_after_the_other(of: Enterprise, server: Server) -> None:
    """Two persons while the addresses differ, then one again: never less than one license."""
    other = drive.server(of, B)
    counts = []
    for email in ("ann@x.example", "ann@y.example"):
        for each in (server, other):
            drive.read_server(each, [drive.account(1, email)])
            counts.append(drive.totals(of)["expected"])
    assert counts == [1, 1, 2, 1]
    assert person_of(1, server) == person_of(1, other)
    drive.assert_sound(of)


def test_who_leaves_a_person_is_another_and_who_stays_goes_on(of: Enterprise, server: Server) -> None:
    drive.read_server(server, [drive.account(n, "shared@x.example") for n in (1, 2, 3)])
    shared = person_of(1, server)
    run = drive.read_server(
        server, [drive.account(1, "own@x.example"), *(drive.account(n, "shared@x.example") for n in (2, 3))]
    )
    assert {person_of(2, server), person_of(3, server)} == {shared}
    assert person_of(1, server) != shared
    assert (seat(shared), seat(person_of(1, server))) == ([(1, None)], [(run.edition, None)])


def test_a_group_goes_on_as_the_person_that_most_of_it_was(of: Enterprise, server: Server) -> None:
    drive.read_server(
        server, [drive.account(1, "one@x.example"), *(drive.account(n, "two@x.example") for n in (2, 3))]
    )
    larger = person_of(2, server)
    run = drive.read_server(server, [drive.account(n, "new@x.example") for n in (1, 2, 3)])
    assert {person_of(n, server) for n in (1, 2, 3)} == {larger}
    assert (seat(larger), run.counts["licensed"]) == ([(1, None)], 0)
    drive.assert_sound(of)


def test_a_person_goes_on_when_a_cloud_account_turns_up(of: Enterprise, server: Server) -> None:
    drive.read_server(server, [drive.account(1, "ann@x.example")])
    ann = person_of(1, server)
    drive.read_cloud(of, [drive.row("ann")], [Identity("ann", SAML_NAME_ID, "ann@x.example")])
    assert (person_of(1, server), seat(ann)) == (ann, [(1, None)])
    assert Person.objects.get(pk=ann).cloud_account_id is not None
    drive.assert_sound(of)


def test_a_person_goes_on_when_the_cloud_account_leaves(of: Enterprise, server: Server) -> None:
    """The account on the server holds the license on: the same person, by an address again."""
    drive.read_cloud(
        of, [drive.row("ann"), drive.row("bob")], [Identity("ann", SAML_NAME_ID, "ann@x.example")]
    )
    drive.read_server(server, [drive.account(1, "ann@x.example")])
    ann = person_of(1, server)
    drive.read_cloud(of, [drive.row("bob")])
    assert (person_of(1, server), seat(ann)) == (ann, [(1, None)])
    assert Person.objects.get(pk=ann).cloud_account_id is None
    drive.assert_sound(of)


def test_a_cloud_account_that_loses_its_accounts_stays_itself(of: Enterprise, server: Server) -> None:
    told = [Identity("ann", SAML_NAME_ID, "ann@x.example")]
    drive.read_cloud(of, [drive.row("ann")], told)
    drive.read_server(server, [drive.account(1, "ann@x.example")])
    ann = person_of(1, server)
    run = drive.read_server(server, [drive.account(1, "other@x.example")])
    assert person_of(1, server) != ann
    assert (seat(ann), seat(person_of(1, server))) == ([(1, None)], [(run.edition, None)])
    drive.assert_sound(of)


def test_two_that_turn_out_to_be_one_are_the_one_in_the_cloud(of: Enterprise, server: Server) -> None:
    drive.read_cloud(of, [drive.row("ann")])
    drive.read_server(server, [drive.account(1, "ann@x.example")])
    cloud, own = Person.objects.get(name="Ann").pk, person_of(1, server)
    run = drive.read_cloud(of, [drive.row("ann")], [Identity("ann", SAML_NAME_ID, "ann@x.example")])
    assert person_of(1, server) == cloud
    assert (seat(cloud), seat(own)) == ([(1, None)], [(2, run.edition)])
    assert Person.objects.get(pk=own).ended_edition == run.edition
    drive.assert_sound(of)


def test_a_license_that_pauses_has_two_spans(of: Enterprise, server: Server) -> None:
    ann = drive.account(1, "ann@x.example")
    drive.read_server(server, [ann])
    person = person_of(1, server)
    for suspended in (True, False):
        drive.read_server(server, [drive.account(1, "ann@x.example", suspended=suspended)])
    assert person_of(1, server) == person
    assert seat(person) == [(1, 2), (3, None)]
    assert Match.objects.filter(person_id=person).count() == 1


def test_the_person_of_a_removed_server_ends(of: Enterprise, server: Server) -> None:
    drive.read_server(server, [drive.account(1, "ann@x.example")])
    person = person_of(1, server)
    servers.remove(server=server, by=User.objects.create_user("m@x.example", "m"))
    assert (seat(person), Person.objects.get(pk=person).ended_edition) == ([(1, 2)], 2)


# --- spans, whatever comes ---------------------------------------------------------------------------------


class History:
    """What was true at each edition, told by the rows that stood then."""

    def __init__(self, of: Enterprise) -> None:
        self.of = of
        self.people: dict[int, dict[int, int]] = {}
        self.consuming: dict[int, set[int]] = {}

    def keep(self) -> None:
        self.of.refresh_from_db()
        live = Account.objects.filter(enterprise=self.of, ended_edition=None)
        alive = Person.objects.filter(enterprise=self.of, ended_edition=None, consumes=True)
        self.people[self.of.edition] = {pk: person or 0 for pk, person in live.values_list("pk", "person_id")}
        self.consuming[self.of.edition] = set(alive.values_list("pk", flat=True))

    def assert_told_by_spans(self) -> None:
        """As of each edition the spans say the same, each person and each account once."""
        mine = Account.objects.filter(enterprise=self.of).values("pk")
        for edition, people in self.people.items():
            then = Q(from_edition__lte=edition) & (Q(to_edition=None) | Q(to_edition__gt=edition))
            spans = Match.objects.filter(then, account_id__in=mine).values_list("account_id", "person_id")
            seats = Seat.objects.filter(then, enterprise=self.of).values_list("person_id", flat=True)
            assert (len(spans), dict(spans)) == (len(people), people)
            assert sorted(seats) == sorted(self.consuming[edition])
        empty = Q(to_edition__lte=F("from_edition"))
        assert not Match.objects.filter(empty, account_id__in=mine).exists()
        assert not Seat.objects.filter(empty, enterprise=self.of).exists()


def played(of: Enterprise, how: list[Any]) -> History:
    told, history = Told([drive.server(of, host) for host in HOSTS[:2]]), History(of)
    for what, given_ in how:
        told.next(of, what, given_)
        history.keep()
    return history


class Spans(TestCase):
    """Each example plays its steps in an enterprise of its own."""

    @settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
    @given(steps)
    def test_spans_tell_of_every_edition_what_was_true_then(self, how: list[Any]) -> None:
        played(drive.enterprise(), how).assert_told_by_spans()

    @settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
    @given(accounts, reports(), values, st.permutations(["cloud", "a", "b"]))
    def test_ids_never_decide_who_is_one_person(
        self, listed: Any, rows: Any, told: Any, order: list[str]
    ) -> None:
        """The same facts in another order are the same groups, whatever ids they got on the way."""
        found = []
        for names in (order, ["cloud", "a", "b"]):
            of = drive.enterprise()
            on = {"a": drive.server(of, A), "b": drive.server(of, B)}
            for name in names:
                if name == "cloud":
                    drive.read_cloud(of, rows, told)
                else:
                    drive.read_server(on[name], listed)
            found.append(groups(of))
        assert found[0] == found[1]


def groups(of: Enterprise) -> set[frozenset[tuple[str, int]]]:
    """Who is one person with whom, by what servers call them."""
    found: dict[int, set[tuple[str, int]]] = {}
    for account in Account.objects.filter(enterprise=of, ended_edition=None).select_related("server"):
        found.setdefault(account.person_id or 0, set()).add((account.server.host, account.remote_user_id))
    return {frozenset(one) for one in found.values()}

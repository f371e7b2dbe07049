"""What could be avoided: each kind of candidate, and nobody twice."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from licensing.rules import sieve
from licensing.rules.avoidable import Candidate, Seat, SeatAccount, candidates, total, widely

TOKYO, OSAKA, OLD = "ghe-tokyo.octo-corp.example", "ghe-osaka.octo-corp.example", "ghe-old.octo-corp.example"
JANE = Seat(1, "cloud", "Jane Doe", "jdoe", ("jane.doe@octo-corp.example",))


def server(person_id: int, login: str, key: str, host: str = TOKYO, name: str = "") -> Seat:
    return Seat(person_id, "server", name, accounts=(SeatAccount(host, login, key),))


def reasons(*seats: Seat) -> list[str]:
    return [one.reason for one in candidates(seats)]


def test_jane_doe() -> None:
    assert candidates([JANE, server(2, "jdoe", "jane@octo-corp.example")]) == [
        Candidate(
            "same_login",
            (2,),
            1,
            "make_primary",
            {
                "host": TOKYO,
                "login": "jdoe",
                "from": "jane@octo-corp.example",
                "to": "jane.doe@octo-corp.example",
                "cloud_login": "jdoe",
            },
        )
    ]


@pytest.mark.parametrize(
    ("login", "key", "found"),
    [
        ("jdoe", "j.d@octo-corp.example", ["same_login"]),
        ("JDoe", "jdoe@team.octo-corp.example", ["same_login"]),
        ("jdoe", "jane.doe@octo.example", ["same_login"]),
        ("jdoe", "jdoe@elsewhere.example", []),
        ("x", "jane.doe+ghes@octo-corp.example", ["wider_folding"]),
        ("x", "janedoe@octo-corp.example", ["wider_folding"]),
        ("x", "doe.jane@octo.example", ["same_name"]),
        ("x", "jane_doe@octo.example", ["same_name"]),
        ("x", "jane@octo-corp.example", []),
        ("x", "", []),
    ],
)
def test_people_with_two_licenses(login: str, key: str, found: list[str]) -> None:
    assert reasons(JANE, server(2, login, key)) == found


def test_names_of_profiles() -> None:
    assert reasons(JANE, server(2, "x", "y@z", name="DOE, Jane")) == ["same_name"]
    assert reasons(JANE, server(2, "x", "y@z", name="Jane")) == []
    assert reasons(Seat(1, "cloud", "Mona", "m"), server(2, "x", "mona@z", name="Mona")) == []


def test_the_address_to_use_is_of_the_same_domain() -> None:
    two = Seat(1, "cloud", "Jane Doe", "jdoe", ("jane@home.example", "jane.doe@octo-corp.example"))
    (one,) = candidates([two, server(2, "jdoe", "jd@octo-corp.example")])
    assert one.params["to"] == "jane.doe@octo-corp.example"


def test_a_name_two_people_have_tells_nothing() -> None:
    other = Seat(3, "cloud", "Jane Doe", "jane2", ("jd@x.example",))
    assert reasons(JANE, other, server(2, "x", "jane.doe@octo.example")) == []


def test_a_login_alone_is_enough_when_no_address_is_visible() -> None:
    hidden = Seat(1, "cloud", "", "jdoe")
    (one,) = candidates([hidden, server(2, "jdoe", "a@b.example")])
    assert (one.reason, one.params["to"]) == ("same_login", "")


def test_two_servers_and_a_tag() -> None:
    first, second = server(5, "a", "ravi@x.example"), server(6, "b", "ravi+ghes@x.example", OSAKA)
    (one,) = candidates([second, first])
    assert (one.reason, one.extra, one.kept) == ("wider_folding", (6,), 5)
    assert (one.params["host"], one.params["to"]) == (OSAKA, "ravi@x.example")


def test_a_robot_on_three_servers() -> None:
    robots = [server(n, "svc-deploy", "", host) for n, host in ((7, TOKYO), (8, OSAKA), (9, "ghe-nagoya"))]
    (one,) = candidates([*robots, server(10, "svc-other", "")])
    assert (one.reason, one.extra, one.kept, one.fix) == ("robot", (8, 9), 7, "same_primary")
    assert total(candidates(robots[:2])) == 1
    assert candidates(robots[:1]) == []


def test_a_server_nobody_owns() -> None:
    people = [Seat(n, "unknown", accounts=(SeatAccount(OLD, f"u{n}", ""),)) for n in range(20, 25)]
    (one,) = found = candidates(people)
    assert (one.reason, one.extra, one.kept, one.params) == (
        "unknown_server",
        (20, 21, 22, 23, 24),
        None,
        {"host": OLD},
    )
    assert total(found) == 5


@pytest.mark.parametrize(
    ("address", "found"),
    [
        ("jane.doe@octo-corp.example", ["invitation"]),
        ("jane.doe@partner.example", ["invitation"]),
        ("someone@partner.example", []),
    ],
)
def test_invited_by_email_with_an_account(address: str, found: list[str]) -> None:
    seats = candidates([JANE, Seat(2, "invitation", addresses=(address,))])
    assert [one.reason for one in seats] == found
    assert total(seats) == 0


@given(st.emails())
def test_widely_is_stable(address: str) -> None:
    assert widely(widely(address)) == widely(address)


LOGINS = st.sampled_from(["jdoe", "ravi", "svc"])
KEYS = st.sampled_from(
    ["", "jane.doe@x.example", "janedoe@x.example", "jane@x.example", "doe.jane@y.example"]
)
HOSTS = st.sampled_from([TOKYO, OSAKA])


@st.composite
def estates(draw: st.DrawFn) -> list[Seat]:
    kinds = draw(st.lists(st.sampled_from(["cloud", "server", "invitation", "unknown"]), max_size=9))
    return [
        Seat(
            number,
            kind,
            draw(st.sampled_from(["", "Jane Doe", "Ravi Kumar"])),
            draw(LOGINS) if kind == "cloud" else "",
            draw(st.lists(KEYS.filter(bool), max_size=2).map(tuple))
            if kind in {"cloud", "invitation"}
            else (),
            (SeatAccount(draw(HOSTS), draw(LOGINS), draw(KEYS)),) if kind in {"server", "unknown"} else (),
        )
        for number, kind in enumerate(kinds)
    ]


@given(estates())
@settings(max_examples=300)
def test_nobody_is_avoidable_twice_and_order_does_not_matter(estate: list[Seat]) -> None:
    found = candidates(estate)
    extra = [person for one in found for person in one.extra]
    assert len(extra) == len(set(extra))
    assert all(one.kept not in one.extra for one in found)
    clouds = {seat.person_id for seat in estate if seat.kind == "cloud"}
    assert not clouds & set(extra)
    assert total(found) <= len(estate)
    assert candidates(estate[::-1]) == found


TEAM = [
    Seat(10 + n, "cloud", f"T{n}", f"t{n}", (f"t{n}@octo.example", f"t{n}@octo-corp.example"))
    for n in range(2)
]


def test_the_same_name_in_two_domains_of_the_enterprise() -> None:
    """A domain is the enterprise's own where several cloud accounts have it."""
    seats = [*TEAM, Seat(1, "cloud", "", "jd", ("jane@octo-corp.example",))]
    assert reasons(*seats, server(2, "x", "jane@octo.example")) == ["same_local"]
    assert reasons(*seats, server(2, "x", "jane@elsewhere.example")) == []


def test_shared_mailboxes_are_nobody() -> None:
    seats = [*TEAM, Seat(1, "cloud", "", "desk", ("support@octo-corp.example",))]
    assert reasons(*seats, server(2, "x", "support@octo.example")) == []


def test_a_saml_name_that_is_the_first_part_of_an_address() -> None:
    assert reasons(Seat(1, "cloud", "", "a", ("jdoe",)), server(2, "x", "jdoe@octo.example")) == ["saml_name"]


def test_patterns_leave_people_out() -> None:
    two = [JANE, server(2, "jdoe", "jane@octo-corp.example")]
    assert [len(candidates(two, [one])) for one in ("JDOE", "jd*", "@octo-corp.example", "@x.example")] == [
        0,
        0,
        0,
        1,
    ]


def test_a_fingerprint_names_the_pair_and_not_the_reason() -> None:
    (first,) = candidates([JANE, server(2, "jdoe", "jane@octo-corp.example")])
    (second,) = candidates([JANE, server(2, "jdoe", "janedoe@octo-corp.example")])
    assert (first.reason, second.reason) == ("same_login", "wider_folding")
    assert first.fingerprint == second.fingerprint
    assert "jdoe" not in first.fingerprint


@given(estates())
@settings(max_examples=60)
def test_a_sieve_lets_through_whoever_is_in_a_candidate(estate: list[Seat]) -> None:
    clouds = [seat for seat in estate if seat.kind == "cloud"]
    others = [seat for seat in estate if seat.kind != "cloud"]
    kept, domains = sieve.through(lambda: clouds, lambda: others, len(estate))
    assert candidates(kept, domains=domains) == candidates(estate)


def test_people_who_share_nothing_are_not_kept() -> None:
    clouds = [Seat(n, "cloud", f"First{n} Last{n}", f"c{n}", (f"c{n}@octo.example",)) for n in range(50)]
    others = [server(100 + n, f"s{n}", f"x{n}@octo.example") for n in range(50)]
    kept, domains = sieve.through(
        lambda: [*clouds, JANE], lambda: [*others, server(2, "jdoe", "jane@x.example")], 1 << 20
    )
    assert {seat.person_id for seat in kept} == {1, 2}
    assert domains == {"octo.example": 50, "octo-corp.example": 1}


@pytest.mark.parametrize(
    ("login", "key", "found"),
    [
        ("jdoe", "jane.deo@octo.example", ["similar_name"]),  # a slip of two letters
        ("doej", "jané.d.doe@octo.example", ["similar_name"]),
        ("jdoe", "someone.else@octo.example", []),  # a login of that shape alone tells nothing
        ("j.doe", "jdoe@octo-corp.example", ["similar_name"]),  # both made of the name, in an owned domain
        ("j.doe", "jdoe@elsewhere.example", []),
    ],
)
def test_the_name_and_the_shape_of_the_login(login: str, key: str, found: list[str]) -> None:
    jane = Seat(1, "cloud", "Jane Doe", "octocat7", ("jane@private.example",))
    two = [jane, server(2, login, key)]
    assert [one.reason for one in candidates(two, owned=["octo-corp.example"])] == found
    other = Seat(3, "cloud", "John Doe", "jd3", ("john@private.example",))
    assert candidates([*two, other], owned=["octo-corp.example"]) == [] or login == "doej" or found == []

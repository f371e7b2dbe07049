"""What an owner says of a license that is probably counted twice, and that only GitHub's own row closes it."""

import re
from datetime import timedelta

import pytest
from django.test import Client

from ghconnect.models import Enterprise, Server
from ghconnect.records import SAML_NAME_ID, VERIFIED_EMAIL, Identity
from licensing import avoidable, candidates, fixes
from licensing.models import Account, Person, TwiceCandidate, TwiceDecision
from licensing.usecases import twice_find
from tests.integration.engine import drive

from .conftest import TOKYO

pytestmark = [pytest.mark.django_db, pytest.mark.rows]
PAGE = "/enterprises/octo/licensing/counted-twice"
JANE = [Identity("jdoe", SAML_NAME_ID, "jane.doe@octo.example")]
APART = [drive.row("jdoe"), drive.row("", [f"{TOKYO}:7"], ["jane@octo.example"])]
JOINED = [drive.row("jdoe", [f"{TOKYO}:7"], ["jane.doe@octo.example"])]


@pytest.fixture
def jane(octo: Enterprise, tokyo: Server) -> str:
    """Jane has two licenses; returns the fingerprint of that."""
    drive.read_cloud(octo, APART, JANE)
    drive.read_server(tokyo, [drive.account(7, "jane@octo.example", "jdoe")])
    octo.refresh_from_db()
    (one,) = avoidable.of(octo).candidates
    return one.fingerprint


def say(client: Client, mark: str, state: str) -> str:
    answer = client.post(f"{PAGE}/decide", {"fingerprint": mark, "state": state}, follow=True)
    return re.sub(r"\s+", " ", answer.content.decode())


def test_rejected_stays_rejected_whatever_is_read_next(
    octo: Enterprise, tokyo: Server, owner: Client, jane: str
) -> None:
    assert "Not the same person, said mona" in say(owner, jane, "rejected")
    drive.read_server(tokyo, [drive.account(7, "jane.d@octo.example", "jdoe")])
    octo.refresh_from_db()
    found = avoidable.of(octo)
    assert (found.licenses, found.candidates, len(found.aside)) == (0, [], 1)
    say(owner, jane, "open")
    assert avoidable.of(octo).licenses == 1


def test_a_snooze_ends_by_itself(octo: Enterprise, owner: Client, jane: str) -> None:
    say(owner, jane, "snoozed")
    assert avoidable.of(octo).licenses == 0
    row = TwiceDecision.objects.get()
    assert row.until is not None
    TwiceDecision.objects.update(until=row.until - timedelta(days=31))
    assert avoidable.of(octo).licenses == 1


def test_only_the_row_of_github_closes_a_fix(
    octo: Enterprise, tokyo: Server, owner: Client, jane: str
) -> None:
    assert "Accepted by mona" in say(owner, jane, "accepted")
    drive.read_server(tokyo, [drive.account(7, "jane.doe@octo.example", "jdoe")])
    assert fixes.closed(octo).shown == []
    drive.read_cloud(octo, JOINED, JANE)
    assert [one.login for one in fixes.closed(octo).shown] == ["jdoe"]
    assert 'id="closed"' in owner.get(PAGE).content.decode()


def test_whoever_was_one_license_all_the_time_was_no_fix(octo: Enterprise, tokyo: Server) -> None:
    """A new address that matches as the old one did ends no license: a renewal must not be argued with it."""
    row = drive.row("ann", [f"{TOKYO}:9"], ["ann@octo.example"])
    known = [Identity("ann", kind, f"{name}@octo.example") for kind, name in ANN]
    drive.read_server(tokyo, [drive.account(9, "ann@octo.example", "ann")])
    drive.read_cloud(octo, [row], known)
    drive.read_server(tokyo, [drive.account(9, "ann.w@octo.example", "ann")])
    account = Account.objects.get(remote_user_id=9)
    assert (account.verdict, account.former_keys) == ("agreed", ["ann@octo.example"])
    assert fixes.closed(octo).count == 0


ANN = ((SAML_NAME_ID, "ann"), (VERIFIED_EMAIL, "ann.w"))


def test_a_name_that_is_not_there_decides_nothing(octo: Enterprise, owner: Client, jane: str) -> None:
    assert "It is no longer in the list" in say(owner, "0" * 64, "accepted")
    assert "It is no longer in the list" in say(owner, jane, "nonsense")
    assert not TwiceDecision.objects.exists()


def test_what_is_excluded_is_not_proposed(octo: Enterprise, owner: Client, jane: str) -> None:
    owner.post(f"{PAGE}/exclude", {"patterns": "jd*\n\n"})
    assert avoidable.of(octo).candidates == []
    assert ">jd*</textarea>" in owner.get(PAGE).content.decode()
    owner.post(f"{PAGE}/exclude", {"patterns": "@other.example"})
    assert avoidable.of(octo).licenses == 1


def test_it_works_from_the_report_of_github_alone(octo: Enterprise, owner: Client) -> None:
    drive.read_cloud(
        octo,
        [drive.row("jdoe"), drive.row("", [f"{TOKYO}:7"], ["x@y.example", "jane.doe@octo.example"])],
        JANE,
    )
    octo.refresh_from_db()
    (one,) = avoidable.of(octo).candidates
    assert (one.reason, one.params["to"]) == ("secondary_email", "jane.doe@octo.example")
    assert "Make jane.doe@octo.example the primary email" in owner.get(PAGE).content.decode()


def test_a_worker_keeps_them_in_a_table_and_pages_read_it(
    octo: Enterprise, tokyo: Server, owner: Client, jane: str
) -> None:
    told = avoidable.of(octo)
    assert twice_find.find_id(octo.pk)
    assert not twice_find.find_id(octo.pk)  # nothing was published since
    assert avoidable.stands(octo, avoidable.found(octo))
    assert avoidable.of(octo) == told
    assert candidates.of(octo).licenses == told.licenses == 1
    (row,) = TwiceCandidate.objects.all()
    person = Person.objects.get(cloud_account__login="jdoe")
    assert avoidable.of_person(octo, person.pk) == told.candidates
    assert "Very likely" not in owner.get(PAGE).content.decode()
    say(owner, jane, "rejected")
    assert candidates.of(octo).licenses == 0
    drive.read_server(
        tokyo, [drive.account(7, "jane@octo.example", "jdoe"), drive.account(8, "x@octo.example")]
    )
    octo.refresh_from_db()
    assert not avoidable.stands(octo, avoidable.found(octo))
    assert twice_find.find_id(octo.pk)
    assert TwiceCandidate.objects.get().pk == row.pk  # it says the same
    owner.post(f"{PAGE}/exclude", {"patterns": "jdoe"})
    assert not avoidable.stands(octo, avoidable.found(octo))
    assert twice_find.find_id(octo.pk)
    assert not TwiceCandidate.objects.exists()


def test_what_no_worker_has_looked_at_is_sent(octo: Enterprise, jane: str) -> None:
    assert twice_find.dispatch() == 1
    assert twice_find.find_id(octo.pk)
    assert twice_find.dispatch() == 0
    assert not twice_find.find_id(octo.pk + 1)

"""A release that changes a rule decides everybody again in one edition; one that takes many licenses away is held."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.management import call_command

from ghconnect.models import Enterprise
from licensing import given_up
from licensing.models import Edition, Recount
from licensing.rules import consumption, version
from licensing.usecases import recounts
from tests.integration.engine import drive

pytestmark = pytest.mark.django_db


@pytest.fixture
def of() -> Enterprise:
    made = drive.enterprise()
    accounts = [drive.account(n, f"u{n}@x.example", f"u{n}") for n in range(1, 9)]
    drive.read_server(drive.server(made, "ghe-n.example.com"), accounts)
    return made


def upgrade(monkeypatch: pytest.MonkeyPatch, free: tuple[str, ...]) -> None:
    """A release by whose rules these logins consume nothing."""
    was = consumption.account_consumes

    def rule(login: str, *args: Any, **facts: Any) -> consumption.Consumption:
        if login in free:
            return consumption.Consumption(False, "scim_admin")
        return was(login, *args, **facts)

    monkeypatch.setattr(consumption, "account_consumes", rule)
    monkeypatch.setattr(version, "RULES_VERSION", 2)


def work() -> None:
    recounts.by_rules()
    for pk in recounts.sendable():
        recounts.perform(recount_id=pk)


def stands(of: Enterprise) -> tuple[list[str], int]:
    causes = Edition.objects.filter(enterprise=of).order_by("number").values_list("cause", flat=True)
    return list(causes), drive.totals(of)["expected"]


def test_everybody_is_decided_again_once(of: Enterprise, monkeypatch: pytest.MonkeyPatch) -> None:
    work()
    assert stands(of) == (["server"], 8)
    upgrade(monkeypatch, ("u1",))
    for _ in range(2):
        work()
        assert stands(of) == (["server", "rules 2"], 7)
    drive.assert_sound(of)


def test_many_licenses_wait_for_an_operator_s_word(
    of: Enterprise, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    upgrade(monkeypatch, tuple(f"u{n}" for n in range(1, 8)))
    for _ in range(2):
        work()
        assert stands(of) == (["server"], 8)
    (found,) = given_up.findings()
    assert "would release many licenses" in found.words
    assert "manage.py count_by_rules" in found.words
    for said in ("A worker decides everybody", "Nothing waits"):
        call_command("count_by_rules")
        assert said in capsys.readouterr().out
    work()
    assert (stands(of), Recount.objects.filter(done_at=None).count()) == ((["server", "rules 2"], 1), 0)


def test_whoever_is_counted_by_everything_else_needs_it_no_more(
    of: Enterprise, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A new enterprise, and one whose contract changed, are decided by the rules that hold."""
    upgrade(monkeypatch, ())
    new = drive.enterprise("new")
    drive.read_server(drive.server(new, "ghe-new.example.com"), [drive.account(1, "a@x.example")])
    new.refresh_from_db()
    assert new.rules_version == 2
    work()
    assert [stands(one)[0] for one in (of, new)] == [["server", "rules 2"], ["server"]]

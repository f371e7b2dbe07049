"""Words for every key there is, whatever parameters come with it."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path

import pytest
from django.utils import translation

from ghconnect import wording
from ghconnect.github import errors
from ghconnect.usecases import checks
from ghconnect.wording import files, matches, problems, savings, states
from licensing.rules import guard, matching, verdicts

ROOT = Path(__file__).parents[2]
UNKNOWN = "Not described"


def keys_in(path: str, pattern: str) -> set[str]:
    """Keys as they stand in the source of a module."""
    return set(re.findall(pattern, (ROOT / path).read_text()))


def test_every_error_of_the_http_layer_has_a_sentence_and_a_name() -> None:
    sources = [path.read_text() for path in (ROOT / "ghconnect/github").glob("*.py")]
    raised = set(re.findall(r'GitHubError\(\s*"([a-z_]+)"', "".join(sources))) | errors.PERMANENT
    raised |= {"dns", "timeout", "refused", "truncated", "proxy", "tls", "tls_ca", "tls_name", "tls_expired"}
    assert len(raised) > 25
    assert [key for key in raised if UNKNOWN in wording.problem(key)] == []
    assert [key for key in raised - {"no_scim"} if UNKNOWN in wording.name(key)] == []


def test_every_key_of_the_rules_has_words() -> None:
    reasons = keys_in("licensing/rules/consumption.py", r'Consumption\([^"\n]*"([a-z_]+)"')
    holds = keys_in("licensing/rules/guard.py", r'Hold\("([a-z_]+)"') | {
        "rows_fell",
        "joins_fell",
        "identities_fell",
    }
    consoles = keys_in("licensing/rules/states.py", r'State\("([a-z_]+)"') - {"not_reported", "failed"}
    files_ = set().union(
        *(keys_in(str(path.relative_to(ROOT)), r'(?:BadFile|ValueError)\("([a-z_0-9]+)"') for path in rules())
    )
    assert [key for key in reasons if UNKNOWN in wording.reason(key)] == []
    assert [key for key in holds if UNKNOWN in wording.hold(key)] == []
    assert [key for key in matching.RULES if UNKNOWN in wording.rule(key)] == []
    assert [key for key in verdicts.EFFECT if UNKNOWN in wording.verdict(key)] == []
    assert [key for key in consoles if UNKNOWN in wording.state(key).label] == []
    assert files_ - {"truncated", "encrypted_export"} - files.FILE_PROBLEMS.keys() == set()
    assert min(map(len, (reasons, holds, consoles, files_))) > 5
    assert guard.LONGEST_END == 4


def rules() -> list[Path]:
    return sorted((ROOT / "licensing/rules").glob("*.py"))


def test_every_check_has_a_name() -> None:
    assert [key for key in {*checks.ENTERPRISE, *checks.SERVER} if UNKNOWN in wording.check(key)] == []


@pytest.mark.parametrize(
    "table",
    [
        problems.PROBLEMS,
        matches.VERDICTS,
        matches.RULES,
        matches.REASONS,
        matches.HOLDS,
        files.FILE_PROBLEMS,
        savings.CAUSES,
        savings.FIXES,
    ],
)
def test_sentences_are_said_with_all_parameters_and_with_none(table: dict[str, object]) -> None:
    from ghconnect.wording.saying import fields, say

    for wordings in table.values():
        variants = [str(each) for each in (wordings if isinstance(wordings, tuple) else (wordings,))]
        everything = {name: "Q" for variant in variants for name in fields(variant)}
        assert say(wordings, everything).count("Q") >= len(fields(variants[0]))  # type: ignore[arg-type]
        assert "{" not in say(wordings, {})  # type: ignore[arg-type]
        assert "!" not in variants[0]
        assert "please" not in variants[0].lower()


def test_an_unknown_key_is_named() -> None:
    assert wording.problem("nobody_knows") == "Not described: nobody_knows"
    assert wording.state("nobody_knows").label == "Not described: nobody_knows"
    assert wording.verdict("nobody_knows") == "Not described: nobody_knows"


def test_what_is_known_decides_the_wording() -> None:
    host = {"host": "ghe.octo.example"}
    assert "last good data of 24 Nov 2026" in wording.problem(
        "unauthorized", {**host, "date": datetime(2026, 11, 24, 6, tzinfo=UTC)}
    )
    assert wording.problem("unauthorized", host).endswith("expired or revoked. Replace the token.")
    assert "line 3" in wording.problem("bad_file", {"file": "a.csv", "n": 3, "problem": "nul"})
    assert wording.problem("bad_file", {"file": "a.csv", "n": "0", "c": "", "problem": "empty_file"}) == (
        "a.csv: the file is empty. Nothing was changed."
    )


def test_times_that_were_stored_as_text_are_told_as_times() -> None:
    assert "24 Nov 2026, 06:00 UTC" in wording.problem("rate", {"time": "2026-11-24T06:00:00+00:00"})
    assert "2026" in wording.problem("dns", {"host": "2026"})


def test_a_value_cannot_bring_parameters_of_its_own() -> None:
    assert wording.problem("dns", {"host": "{ip}{0}%(x)s"}).startswith("{ip}{0}%(x)s was not found")


def test_a_failing_server_says_why_in_few_words() -> None:
    said = wording.state("failing", {"date": "21 Nov", "n": 3, "reason": "unauthorized", "date2": "20 Nov"})
    assert said.sentence == "Failing since 21 Nov, 3 attempts: token revoked or expired. Data of 20 Nov."
    assert (said.label, said.css) == ("Failing", "danger")


def test_every_state_has_a_label_of_its_own() -> None:
    assert len({str(state.label) for state in states.STATES.values()}) == len(states.STATES)


def test_words_are_made_in_the_language_of_the_moment() -> None:
    with translation.override("ja"):
        assert wording.problem("sso") != ""
    with translation.override("en"):
        assert wording.problem("sso").startswith("Authorize the token")

"""Worked examples from GitHub's documentation, each with its page: who is one person.

Pages are of docs.github.com (github/docs on GitHub), as the reference quotes them in §4.2 and §4.3.
"""

from __future__ import annotations

import pytest

from ghconnect.records import (
    IDENTITY_KINDS,
    SAML_NAME_ID,
    SCIM_EMAILS,
    VERIFIED_EMAIL,
)
from licensing.rules.matching import AccountInput, CloudValue, decide_key, learned_cloud

MATCHING = "content/billing/reference/enterprise-license-troubleshooting.md"
CALCULATION = "content/billing/reference/license-usage-calculation.md"
MODEL = "data/reusables/enterprise-licensing/unique-user-licensing-model.md"
KEY = "mona@example.com"


def values(*of: tuple[int, str]) -> list[CloudValue]:
    return [CloudValue(cloud, f"u{cloud}", cloud, kind, KEY) for cloud, kind in of]


@pytest.mark.parametrize(
    ("page", "says", "accounts", "cloud", "person", "rule"),
    [
        (
            MATCHING,
            "one of five attributes equals the primary email",
            1,
            [(7, SAML_NAME_ID)],
            "c:7",
            SAML_NAME_ID,
        ),
        (MATCHING, "SCIM emails are one of them", 1, [(7, SCIM_EMAILS)], "c:7", SCIM_EMAILS),
        (
            MATCHING,
            "verified emails come after identities",
            1,
            [(3, VERIFIED_EMAIL), (7, SAML_NAME_ID)],
            "c:7",
            SAML_NAME_ID,
        ),
        (
            CALCULATION,
            "without an identity any verified email",
            1,
            [(3, VERIFIED_EMAIL)],
            "c:3",
            VERIFIED_EMAIL,
        ),
        (CALCULATION, "no match: a licensed user of its own", 1, [], f"k:{KEY}", "own_email"),
        (MODEL, "one license however many instances", 3, [], f"k:{KEY}", "same_email"),
        (MODEL, "and one with the account on GitHub.com", 3, [(7, VERIFIED_EMAIL)], "c:7", VERIFIED_EMAIL),
    ],
)
def test_who_is_one_person(
    page: str, says: str, accounts: int, cloud: list[tuple[int, str]], person: str, rule: str
) -> None:
    rows = [AccountInput(number, KEY, None) for number in range(1, accounts + 1)]
    decided = decide_key(KEY, rows, values(*cloud), learned_cloud(KEY, rows))
    assert {one.group for one in decided} == {person}, (page, says)
    assert {one.rule for one in decided} == {rule}, (page, says)


def test_five_attributes_are_compared() -> None:
    """MATCHING lists them: claims/name, claims/emailaddress, username, NameID, emails."""
    for kind in IDENTITY_KINDS:
        (one,) = decide_key(KEY, [AccountInput(1, KEY, None)], values((7, kind)), None)
        assert (one.cloud_id, one.rule, one.value) == (7, kind, KEY), MATCHING

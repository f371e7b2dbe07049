"""What an account with a given primary email would be matched to, and whether it would take another license."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from ghconnect.models import Enterprise
from licensing.models import Account, Address, CloudAccount, Person
from licensing.rules import matching
from licensing.rules.normalise import email_key

# Nobody shares an address with so many; what is shown of a broken estate ends somewhere.
LIMIT = 100
LEARNS = (matching.GITHUB, matching.LEARNED)


@dataclass(frozen=True, slots=True)
class Checked:
    """The answer for one address: `key` is what is compared, `rule` ties a new account to `login` or `person`.

    `known`: an account or a cloud account has it. `licenses` is what an account that consumes would add: 0 where its
    person has a license already, else 1.
    """

    key: str
    rule: str
    login: str
    tie: bool
    person: Person | None
    licenses: int
    accounts: list[Account]
    known: bool


def of(enterprise: Enterprise, addresses: Sequence[str]) -> list[Checked]:
    """Match each address by the documented rules (reference §4.3), as if an account came with it now.

    However many they are, these are five queries: give a few hundred at a time.
    """
    keys = [email_key(address) for address in addresses]
    accounts, values = _accounts(enterprise, keys), _values(enterprise, keys)
    learned = _learned({row.person_id for rows in accounts.values() for row in rows if row.rule in LEARNS})
    decided = [_decide(key, accounts[key], values[key], learned) for key in keys]
    people = _people(enterprise, decided, keys)
    return [
        _checked(key, one, accounts[key], people, known=bool(accounts[key] or values[key]))
        for key, one in zip(keys, decided, strict=True)
    ]


def _decide(
    key: str, accounts: list[Account], values: list[matching.CloudValue], learned: dict[int, CloudAccount]
) -> matching.Decision:
    """What the rules say; GitHub's own rows may have taught whose the address is."""
    clouds = [learned[row.person_id] for row in accounts if row.rule in LEARNS and row.person_id in learned]
    taught = min(clouds, key=lambda cloud: cloud.login).pk if clouds else None
    return matching.decide_key(key, [matching.AccountInput(0, key, None)], values, taught)[0]


def _checked(
    key: str, decided: matching.Decision, accounts: list[Account], people: dict[str, Person], *, known: bool
) -> Checked:
    rule = matching.SAME_EMAIL if decided.cloud_id is None and key and accounts else decided.rule
    person = people.get(_group(decided, key)) if decided.cloud_id is not None or (key and accounts) else None
    login = person.cloud_account.login if person and person.cloud_account else ""
    consumes = person is not None and person.consumes
    return Checked(key, rule, login, decided.tie, person, 0 if consumes else 1, accounts, known)


def _group(decided: matching.Decision, key: str) -> str:
    return f"k:{key}" if decided.cloud_id is None else f"c:{decided.cloud_id}"


def _accounts(enterprise: Enterprise, keys: Sequence[str]) -> defaultdict[str, list[Account]]:
    found: defaultdict[str, list[Account]] = defaultdict(list)
    rows = Account.objects.filter(enterprise=enterprise, key__in={*keys} - {""}, ended_edition=None)
    for row in rows.select_related("server").order_by("key", "id")[: LIMIT * len(keys)]:
        if len(found[row.key]) < LIMIT:
            found[row.key].append(row)
    return found


def _values(enterprise: Enterprise, keys: Sequence[str]) -> defaultdict[str, list[matching.CloudValue]]:
    found: defaultdict[str, list[matching.CloudValue]] = defaultdict(list)
    rows = Address.objects.filter(
        enterprise=enterprise, key__in={*keys} - {""}, cloud_account__ended_edition=None
    )
    for row in rows.select_related("cloud_account").order_by("key", "id")[: LIMIT * len(keys)]:
        cloud = row.cloud_account
        found[row.key].append(
            matching.CloudValue(cloud.pk, cloud.login, cloud.database_id, row.kind, row.value)
        )
    return found


def _learned(people: set[int | None]) -> dict[int, CloudAccount]:
    """The cloud accounts that GitHub's own rows tie these people to, where the engine has learned it."""
    rows = Person.objects.filter(pk__in={pk for pk in people if pk}, cloud_account__isnull=False)
    return {row.pk: row.cloud_account for row in rows.select_related("cloud_account") if row.cloud_account}


def _people(
    enterprise: Enterprise, decided: Sequence[matching.Decision], keys: Sequence[str]
) -> dict[str, Person]:
    """Living persons by cloud account and by key."""
    live = Person.objects.filter(enterprise=enterprise, ended_edition=None).select_related("cloud_account")
    clouds = {one.cloud_id for one in decided if one.cloud_id is not None}
    found = {f"c:{row.cloud_account_id}": row for row in live.filter(cloud_account__in=clouds)}
    return found | {row.group: row for row in live.filter(group__in=[f"k:{key}" for key in keys if key])}

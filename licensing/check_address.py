"""What an account with a given primary email would be matched to, and whether it would take another license."""

from __future__ import annotations

from dataclasses import dataclass

from ghconnect.models import Enterprise
from licensing.models import Account, Address, Person
from licensing.rules import matching
from licensing.rules.normalise import email_key

# Nobody shares an address with so many; what is shown of a broken estate ends somewhere.
LIMIT = 100


@dataclass(frozen=True, slots=True)
class Checked:
    """The answer for one address: `key` is what is compared, `rule` ties a new account to `login` or `person`.

    `licenses` is what an account that consumes would add: 0 where its person has a license already, else 1.
    """

    key: str
    rule: str
    login: str
    tie: bool
    person: Person | None
    licenses: int
    accounts: list[Account]


def of(enterprise: Enterprise, address: str) -> Checked:
    """Match an address by the documented rules (reference §4.3), as if an account came with it now."""
    key = email_key(address)
    accounts = _accounts(enterprise, key)
    decided = matching.decide_key(
        key, [matching.AccountInput(0, key, None)], _values(enterprise, key), _learned(accounts)
    )[0]
    rule = matching.SAME_EMAIL if decided.cloud_id is None and key and accounts else decided.rule
    person = _person(enterprise, decided.cloud_id, accounts, key)
    login = person.cloud_account.login if person and person.cloud_account else ""
    consumes = person is not None and person.consumes
    return Checked(key, rule, login, decided.tie, person, 0 if consumes else 1, accounts)


def _accounts(enterprise: Enterprise, key: str) -> list[Account]:
    if not key:
        return []
    rows = Account.objects.filter(enterprise=enterprise, key=key, ended_edition=None)
    return list(rows.select_related("server").order_by("id")[:LIMIT])


def _values(enterprise: Enterprise, key: str) -> list[matching.CloudValue]:
    rows = Address.objects.filter(enterprise=enterprise, key=key, cloud_account__ended_edition=None)
    return [
        matching.CloudValue(
            row.cloud_account_id, row.cloud_account.login, row.cloud_account.database_id, row.kind, row.value
        )
        for row in rows.select_related("cloud_account").order_by("id")[:LIMIT]
    ]


def _learned(accounts: list[Account]) -> int | None:
    """The cloud account that GitHub's own rows tie the address to, where the engine has learned it."""
    ids = [a.person_id for a in accounts if a.rule in (matching.GITHUB, matching.LEARNED) and a.person_id]
    clouds = Person.objects.filter(pk__in=ids, cloud_account__isnull=False).order_by("cloud_account__login")
    return clouds.values_list("cloud_account_id", flat=True).first()


def _person(enterprise: Enterprise, cloud: int | None, accounts: list[Account], key: str) -> Person | None:
    live = Person.objects.filter(enterprise=enterprise, ended_edition=None).select_related("cloud_account")
    if cloud is not None:
        return live.filter(cloud_account=cloud).first()
    return live.filter(group=f"k:{key}").first() if key and accounts else None

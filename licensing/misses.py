"""The nearest misses of a person with one account: who is close, what is not equal, and what would join them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from django.db.models import Q
from django.utils.translation import gettext as _

from ghconnect.models import Enterprise
from licensing.models import Account, Address, CloudAccount, Person

# A few tell where to look; more would be a search.
MOST = 5


@dataclass(frozen=True, slots=True)
class Miss:
    """Somebody close: `value` is theirs, `near` what the two share, `joins` what would make them one."""

    person: Person | None
    who: str
    value: str
    near: str
    joins: str


def of(enterprise: Enterprise, person: Person) -> list[Miss]:
    """Return the nearest misses of a person who has one account; at most five queries, each by an index."""
    if person.ended_edition is not None:
        return []
    accounts = list(
        Account.objects.filter(person_id=person.pk, ended_edition=None).select_related("server")[:2]
    )
    if len(accounts) + bool(person.cloud_account_id) != 1:
        return []
    found = _of_server(enterprise, accounts[0]) if accounts else _of_cloud(enterprise, person)
    return _known(enterprise, list(found))


@dataclass(frozen=True, slots=True)
class _Found:
    person_id: int | None
    cloud_id: int | None
    miss: Miss


def _of_server(enterprise: Enterprise, account: Account) -> Iterator[_Found]:
    """Cloud accounts close to an account on a server: by the first part of the address, or by the login."""
    local = account.key.rpartition("@")[0]
    clouds = CloudAccount.objects.filter(enterprise=enterprise, ended_edition=None)
    if local:
        rows = Address.objects.filter(
            enterprise=enterprise, key__startswith=f"{local}@", cloud_account__ended_edition=None
        )
        for address in rows.select_related("cloud_account").order_by("key")[:MOST]:
            yield _cloud(account, address.cloud_account, address.value, _("the same name before the @"))
    for cloud in clouds.filter(login_key=account.login.lower())[:1]:
        value = cloud.addresses.order_by("key").values_list("value", flat=True).first() or ""
        yield _cloud(account, cloud, value, _("the same login"))


def _cloud(account: Account, cloud: CloudAccount, value: str, near: str) -> _Found:
    words = _("Make {value} the primary email of {login} on {host}.")
    if not value:
        words = _(
            "No address of {login} is visible here; its SAML, SCIM or verified email would have to be {email}."
        )
    joins = words.format(
        value=value,
        login=account.login if value else cloud.login,
        host=account.server.short_name,
        email=account.email or "–",
    )
    return _Found(None, cloud.pk, Miss(None, cloud.login, value, near, joins))


def _of_cloud(enterprise: Enterprise, person: Person) -> Iterator[_Found]:
    """Accounts on servers close to a cloud account."""
    cloud = CloudAccount.objects.filter(pk=person.cloud_account_id or 0).first()
    if cloud is None:
        return
    values = list(cloud.addresses.order_by("key")[:MOST])
    locals_ = {value.key.rpartition("@")[0] for value in values} - {""}
    close = Q(pk__in=[])
    for local in locals_:
        close |= Q(key__startswith=f"{local}@")
    live = Account.objects.filter(enterprise=enterprise, ended_edition=None).select_related("server")
    by_login = live.filter(server__in=enterprise.servers.all(), login__in={cloud.login, cloud.login_key})
    for near, rows in (
        (_("the same name before the @"), live.filter(close)),
        (_("the same login"), by_login),
    ):
        for account in rows.order_by("key", "id")[:MOST]:
            value = values[0].value if values else ""
            if account.person_id != person.pk:
                found = _cloud(account, cloud, value, near)
                who = f"{account.login} · {account.server.short_name}"
                yield _Found(account.person_id, None, Miss(None, who, account.email, near, found.miss.joins))


def _known(enterprise: Enterprise, found: Iterable[_Found]) -> list[Miss]:
    """Name the people, each once."""
    found = list(found)
    people = Person.objects.filter(enterprise=enterprise, ended_edition=None).filter(
        Q(pk__in=[one.person_id for one in found if one.person_id])
        | Q(cloud_account__in=[one.cloud_id for one in found if one.cloud_id])
    )
    by_id = {one.pk: one for one in people}
    by_cloud = {one.cloud_account_id: one for one in by_id.values()}
    shown: dict[tuple[str, str], Miss] = {}
    for one in found:
        holder = by_id.get(one.person_id or 0) or by_cloud.get(one.cloud_id)
        miss = one.miss
        shown.setdefault((miss.who, ""), Miss(holder, miss.who, miss.value, miss.near, miss.joins))
    return list(shown.values())[:MOST]

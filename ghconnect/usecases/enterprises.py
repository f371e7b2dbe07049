"""Accounts on GitHub: add one, and change what its owners say of it."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import date
from zoneinfo import available_timezones

from django.db import IntegrityError, transaction
from django.utils import timezone

from ghconnect import features
from ghconnect.github import tokens
from ghconnect.models import Enterprise, Membership, Role, User
from ghconnect.records import Check
from ghconnect.seal import seal

from . import audit, checks, hosts
from .hosts import BadHost

__all__ = ["AlreadyAdded", "BadHost", "BadSlug", "BadToken", "BadValue", "NotProven", "add", "rename"]
# What stands in this console's own addresses where a slug would.
RESERVED = {"new"}
ENTERPRISE = Enterprise.Kind.ENTERPRISE
# As long as a slug may be.
MOST = 60
SLUG = re.compile(r"[a-z0-9](?:[a-z0-9_-]{0,58}[a-z0-9])?")


class AlreadyAdded(Exception):
    """This account is in this console, or every address it could have here is taken."""


class BadSlug(Exception):
    """Not a slug as it stands in github.com/enterprises/SLUG."""


class BadToken(Exception):
    """Not a token at all."""


class BadValue(Exception):
    """A value the profile cannot hold; `field` says which."""

    def __init__(self, field: str) -> None:
        super().__init__(field)
        self.field = field


class NotProven(Exception):
    """The token does not read the license report: nothing shows that the account is the adder's."""

    def __init__(self, found: list[Check]) -> None:
        super().__init__("the license report cannot be read")
        self.checks = found


def add(*, slug: str, host: str, token: str, by: User | None, kind: str = ENTERPRISE) -> Enterprise:
    """Add an account on GitHub: an enterprise, or a single organization (`kind`). Asks GitHub before it writes.

    `by` becomes its owner, the token is sealed.
    Whoever is not the operator has to prove the account by a token that reads its report: nobody shall take the name
    of another's account. An operator may add one without a token. GitHub lets accounts of other kinds and hosts have
    the same name: here the second one gets an address that says which it is.
    Raises AlreadyAdded, BadHost, BadSlug, BadToken, NotProven.
    """
    slug, host = slug.strip().lower(), hosts.of_enterprise(host)
    if not SLUG.fullmatch(slug) or slug in RESERVED:
        raise BadSlug
    found = examine(host, slug, token, kind)
    operator = by is None or by.is_staff
    # First the proof: that an account is here is told only to whoever can read it.
    if not operator and not found.passed("report"):
        raise NotProven(found.checks)
    if Enterprise.objects.at_github(kind=kind, host=host, name=slug).exists():
        raise AlreadyAdded
    address = _address(slug, host, kind)
    return _insert(
        address, host, token.strip(), found, by, kind=kind, account="" if address == slug else slug
    )


def _address(name: str, host: str, kind: str) -> str:
    """The first free name for this console's addresses: as at GitHub, else with the kind, the host, or both."""
    place = host.replace(".", "-")
    names = [name, *(f"{name}_{more}" for more in (kind, place, f"{kind}_{place}"))]
    taken = set(Enterprise.objects.filter(slug__in=names).values_list("slug", flat=True))
    free = [each for each in names if each not in taken and len(each) <= MOST]
    if not free:
        raise AlreadyAdded
    return free[0]


def add_pretend(
    *, slug: str, host: str, name: str, token: str, by: User, clock_offset: int = 0
) -> Enterprise:
    """Add the enterprise of a sandbox: any host, and a clock of its own. Raises AlreadyAdded, BadToken."""
    if Enterprise.objects.filter(slug=slug).exists():
        raise AlreadyAdded
    own = {"sandbox": True, "clock_offset": clock_offset}
    enterprise = _insert(slug, host, token, examine(host, slug, token), by, **own)
    return _change(enterprise, by, name=name)


def examine(host: str, slug: str, token: str, kind: str = ENTERPRISE) -> checks.Examined:
    """The checks of a token, none for no token; raises BadToken."""
    token = token.strip()
    if not token:
        return checks.Examined([])
    if not tokens.usable(token):
        raise BadToken
    return checks.examine_enterprise(host, slug, token, kind)


@transaction.atomic
def _insert(
    slug: str, host: str, token: str, found: checks.Examined, by: User | None, **values: object
) -> Enterprise:
    name = (found.enterprise.name if found.enterprise else "") or slug
    try:
        with transaction.atomic():
            enterprise = Enterprise.objects.create(
                slug=slug, host=host, name=name[:120], created_by=by, **token_columns(token, found), **values
            )
    except IntegrityError:
        raise AlreadyAdded from None
    if by is not None:
        Membership.objects.create(user=by, enterprise=enterprise, role=Role.OWNER)
    after = {"host": host, "name": enterprise.name, **token_facts(enterprise)}
    audit.record("enterprise.add", by=by, enterprise=enterprise, subject=slug, after=after)
    if token:
        features.enterprise_token_replaced(enterprise=enterprise, by=by)
    return enterprise


def token_columns(token: str, found: checks.Examined) -> dict[str, object]:
    """What an enterprise's row keeps of a token and its checks; the token itself is sealed."""
    now = timezone.now()
    facts = found.token
    return {
        "token": seal(token),
        "token_kind": tokens.kind(token) if token else "",
        "token_scopes": list(facts.scopes) if facts and facts.scopes is not None else None,
        "token_expires_at": facts.expires_at if facts else None,
        "token_replaced_at": now if token else None,
        "checks": checks.stored(found.checks),
        "checked_at": now if found.checks else None,
    }


def token_facts(enterprise: Enterprise) -> dict[str, object]:
    """What an event may say of an enterprise's token."""
    ends = enterprise.token_expires_at
    return {
        "token": enterprise.token_kind if enterprise.token else "none",
        "token_scopes": enterprise.token_scopes or [],
        "token_expires": ends.date().isoformat() if ends else "",
    }


@transaction.atomic
def rename(*, enterprise: Enterprise, name: str, by: User | None) -> Enterprise:
    """Change the name shown here; raises BadValue."""
    if not name.strip() or len(name.strip()) > 120:
        raise BadValue("name")
    return _change(enterprise, by, name=name.strip())


def set_contract(
    *, enterprise: Enterprise, contract: str, renews_on: date | None, by: User | None
) -> Enterprise:
    """State the contract: it decides what a pending invitation consumes; raises BadValue.

    It holds from the edition on in which everybody is counted by it; until then it is the `next_contract`.
    """
    known, count = Enterprise.Contract.values, features.contract_changed
    return _ask(enterprise, by, "contract", contract, known, count, renews_on=renews_on)


def set_never_active(*, enterprise: Enterprise, never_active: str, by: User | None) -> Enterprise:
    """Say what accounts that were never active consume; raises BadValue. It holds as a contract does."""
    known, count = Enterprise.NeverActive.values, features.setting_changed
    return _ask(enterprise, by, "never_active", never_active, known, count)


def set_managed_users(*, enterprise: Enterprise, managed_users: str, by: User | None) -> Enterprise:
    """Say whether the cloud accounts are managed users; raises BadValue. It holds as a contract does."""
    known, count = Enterprise.Managed.values, features.setting_changed
    return _ask(enterprise, by, "managed_users", managed_users, known, count)


@transaction.atomic
def _ask(
    enterprise: Enterprise,
    by: User | None,
    name: str,
    value: str,
    known: Sequence[str],
    count: Callable[..., object],
    **more: object,
) -> Enterprise:
    """Note what shall hold next (None: what holds now does), and let somebody count by it; raises BadValue.

    Asking for the same again is asking again: what was given up is tried anew.
    """
    if value not in known:
        raise BadValue(name)
    row = Enterprise.objects.select_for_update(no_key=True).get(pk=enterprise.pk)
    asked = None if value == getattr(row, name) else value
    changed = _change(enterprise, by, **{f"next_{name}": asked}, **more)
    if asked is not None:
        count(enterprise=changed, by=by)
    return changed


def take_next(*, enterprise: Enterprise) -> None:
    """Let what was asked for hold from now on; called with the enterprise locked."""
    for name in ("contract", "never_active", "managed_users"):
        asked = getattr(enterprise, f"next_{name}")
        if asked is not None:
            setattr(enterprise, name, asked)
            setattr(enterprise, f"next_{name}", None)
            enterprise.save(update_fields=[name, f"next_{name}"])


@transaction.atomic
def set_price(
    *, enterprise: Enterprise, price_cents: int | None, currency: str, by: User | None
) -> Enterprise:
    """Set the price of one license for a month, in hundredths of `currency` (ISO 4217); raises BadValue."""
    if price_cents is not None and not 0 <= price_cents <= 100_000_00:
        raise BadValue("price_cents")
    if not re.fullmatch(r"[A-Z]{3}", currency):
        raise BadValue("currency")
    return _change(enterprise, by, price_cents=price_cents, currency=currency)


@transaction.atomic
def require_two_factor(*, enterprise: Enterprise, required: bool, by: User) -> Enterprise:
    """Open the enterprise only to sign-ins with a second factor, or to all again."""
    row = Enterprise.objects.select_for_update(no_key=True).get(pk=enterprise.pk)
    if row.two_factor_required != required:
        told = audit.differing(row, {"two_factor_required": required})
        row.two_factor_required = required
        row.save(update_fields=["two_factor_required"])
        action = f"business.{'enable' if required else 'disable'}_two_factor_requirement"
        audit.record(action, by=by, enterprise=row, subject=row.slug, **told)
    return row


@transaction.atomic
def set_time_zone(*, enterprise: Enterprise, time_zone: str, by: User | None) -> Enterprise:
    """Set the zone in which days end and quiet hours are meant; raises BadValue."""
    if time_zone not in available_timezones():
        raise BadValue("time_zone")
    return _change(enterprise, by, time_zone=time_zone)


@transaction.atomic
def _change(enterprise: Enterprise, by: User | None, **values: object) -> Enterprise:
    """Write what differs, and one audit event with what it was and is."""
    locked = Enterprise.objects.select_for_update(no_key=True).get(pk=enterprise.pk)
    changed = [name for name, value in values.items() if getattr(locked, name) != value]
    if changed:
        told = audit.differing(locked, values)
        for name in changed:
            setattr(locked, name, values[name])
        locked.save(update_fields=changed)
        audit.record("enterprise.change", by=by, enterprise=locked, subject=locked.slug, **told)
    return locked

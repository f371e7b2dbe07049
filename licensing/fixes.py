"""What became of a fix: done here and waiting for GitHub, or closed by GitHub's own row."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import islice

from django.db.models import Exists, F, OuterRef, Q, QuerySet

from ghconnect.models import Enterprise, Server
from licensing.models import Account, BridgeItem, GitHubSync, LicenseRow, Match, Person, TwiceDecision

from .counted_twice import person_url
from .license_records import batches

# A page shows so many of each, and says how many there are.
SHOWN = 50
BATCH = 1000


@dataclass(frozen=True, slots=True)
class Moved:
    """An account whose address was changed here: `github_at` is GitHub's last sync of its server."""

    name: str
    url: str
    server: Server
    login: str
    email: str
    github_at: datetime | None


@dataclass(frozen=True, slots=True)
class Fixes:
    """The first of some fixes, and how many there are in all."""

    shown: list[Moved]
    count: int

    @property
    def rest(self) -> int:
        """How many are not shown."""
        return self.count - len(self.shown)


def under_way(enterprise: Enterprise) -> Fixes:
    """Return accounts that will be joined at GitHub's next sync of their server."""
    return _first(enterprise, _waiting(enterprise))[0]


def closed(enterprise: Enterprise) -> Fixes:
    """Return accounts that GitHub's own row has joined since their address was changed, or the fix accepted.

    Nothing else closes a fix: a report of a server says what was done there, and not what GitHub made of it.
    """
    return _first(enterprise, _joined(enterprise))[0]


def both(enterprise: Enterprise) -> tuple[Fixes, Fixes]:
    """Return those under way and those closed, looked up together."""
    waiting, joined = _first(enterprise, _waiting(enterprise), _joined(enterprise))
    return waiting, joined


def each_closed(enterprise: Enterprise) -> Iterator[Moved]:
    """Yield all of them, the newest first, a batch in memory at a time."""
    for some in batches(_joined(enterprise).select_related("server").iterator(BATCH), BATCH):
        yield from _moved(enterprise, some)


def _waiting(enterprise: Enterprise) -> QuerySet[Account]:
    people = BridgeItem.people.through.objects.filter(
        bridgeitem__enterprise=enterprise, bridgeitem__line="will_join"
    )
    rows = Account.objects.filter(person_id__in=people.values("person_id"), verdict="will_join")
    return rows.filter(ended_edition=None).order_by("server__host", "login", "id")


def _joined(enterprise: Enterprise) -> QuerySet[Account]:
    """An address that changed and matches as the old one did is no fix: a person without a cloud account has ended."""
    joined = LicenseRow.objects.filter(pk=OuterRef("row_id"), cloud_account__isnull=False)
    rows = Account.objects.filter(Exists(joined), enterprise=enterprise, ended_edition=None, row_valid=True)
    accepted = TwiceDecision.objects.filter(enterprise=enterprise, state=TwiceDecision.State.ACCEPTED)
    alone = Person.objects.filter(enterprise=enterprise, cloud_account=None, ended_edition__isnull=False)
    moved = Match.objects.filter(person_id__in=alone.values("pk"), to_edition__isnull=False)
    changed = Q(verdict="agreed", pk__in=moved.values("account_id")) & ~Q(former_keys=[])
    return rows.filter(changed | Q(pk__in=accepted.values("account_id"))).order_by(
        F("matched_at").desc(nulls_last=True), "id"
    )


def _first(enterprise: Enterprise, *kinds: QuerySet[Account]) -> list[Fixes]:
    some = [list(accounts.select_related("server")[:SHOWN]) for accounts in kinds]
    moved = iter(_moved(enterprise, [account for each in some for account in each]))
    return [
        Fixes(list(islice(moved, len(each))), len(each) if len(each) < SHOWN else accounts.count())
        for each, accounts in zip(some, kinds, strict=True)
    ]


def _moved(enterprise: Enterprise, accounts: list[Account]) -> list[Moved]:
    people = Person.objects.in_bulk({account.person_id for account in accounts if account.person_id})
    syncs = GitHubSync.standing(enterprise=enterprise, server__isnull=False)
    at = dict(syncs.values_list("server_id", "date"))
    return [
        Moved(
            name=people[account.person_id].name if account.person_id in people else account.login,
            url=person_url(enterprise, account.person_id),
            server=account.server,
            login=account.login,
            email=account.email,
            github_at=at.get(account.server_id),
        )
        for account in accounts
    ]

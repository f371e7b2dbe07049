"""Count everything again from the rows, and say where two of them disagree.

The largest tables keep no foreign keys in the database; what those would hold is counted here.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet, Sum

from ghconnect.models import Enterprise
from licensing.models import (
    Account,
    BridgeItem,
    CloudPicture,
    Edition,
    LicenseRow,
    Match,
    Person,
    RowAccount,
    Seat,
    ServerPicture,
)
from licensing.models.bulk.snapshot import snapshot


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing counted in two ways; `told` is what is stored or shown, `found` what the rows give."""

    what: str
    told: Any
    found: Any

    @property
    def agrees(self) -> bool:
        """Whether both are the same."""
        return bool(self.told == self.found)


def recount(enterprise: Enterprise) -> list[Finding]:
    """Count an enterprise, at one moment. English only: an operator reads it."""
    with snapshot():
        return [
            *_totals(enterprise),
            *_people(enterprise),
            *_matches(enterprise),
            *_pictures(enterprise),
        ]


def _totals(enterprise: Enterprise) -> Iterator[Finding]:
    edition = Edition.objects.filter(enterprise=enterprise).order_by("-number").first()
    if edition is None:
        return
    told = edition.totals
    people = _by(_live(enterprise).filter(consumes=True), "deployment")
    rows = _by(LicenseRow.objects.filter(enterprise=enterprise, counted=True), "kind")
    lines = _lines(enterprise)
    yield Finding("the newest edition is the enterprise's", enterprise.edition, edition.number)
    yield Finding("people who consume, by deployment", told.get("people"), people)
    yield Finding("rows GitHub counts, by kind", told.get("rows"), rows)
    yield Finding("lines of the bridge", told.get("lines"), lines)
    yield Finding("expected", told.get("expected"), sum(people.values()))
    yield Finding("rows GitHub counts", told.get("read_as_counted"), sum(rows.values()))
    yield Finding(
        "GitHub's rows and the bridge make the expected count",
        sum(people.values()),
        sum(rows.values()) + sum(lines.values()) if rows else sum(people.values()),
    )
    if told.get("counted") is not None and rows:
        yield Finding("not explained", told.get("unexplained"), told["counted"] - sum(rows.values()))


def _people(enterprise: Enterprise) -> Iterator[Finding]:
    live, open_seats = _live(enterprise), Seat.objects.filter(enterprise=enterprise, to_edition=None)
    consuming = live.filter(consumes=True)
    mine = Account.objects.filter(person_id=OuterRef("pk"), ended_edition=None)
    yield Finding("open licenses and people who consume", open_seats.count(), consuming.count())
    seat = open_seats.filter(person_id=OuterRef("pk"))
    yield Finding("people who consume without an open license", 0, consuming.filter(~Exists(seat)).count())
    ended = Person.objects.filter(enterprise=enterprise, consumes=True).exclude(ended_edition=None)
    yield Finding("ended people who consume", 0, ended.count())
    servers_only = live.filter(Q(group__startswith="k:") | Q(group__startswith="a:"))
    using = Exists(mine.filter(consumes=True))
    yield Finding(
        "people on servers who consume without an account",
        0,
        servers_only.filter(~using, consumes=True).count(),
    )
    yield Finding(
        "people on servers who do not though an account does",
        0,
        servers_only.filter(using, consumes=False).count(),
    )
    counted = (
        Account.objects.filter(enterprise=enterprise, ended_edition=None, person_id__isnull=False)
        .values("person_id")
        .annotate(n=Count("pk"))
    )
    yield Finding(
        "accounts that people say they have",
        live.aggregate(n=Sum("accounts"))["n"] or 0,
        counted.aggregate(all=Sum("n"))["all"] or 0,
    )


def _matches(enterprise: Enterprise) -> Iterator[Finding]:
    accounts = Account.objects.filter(enterprise=enterprise, ended_edition=None)
    yield Finding("accounts without a person", 0, accounts.filter(person_id=None).count())
    person = Person.objects.filter(pk=OuterRef("person_id"), enterprise=enterprise, ended_edition=None)
    yield Finding("accounts whose person is not there", 0, accounts.filter(~Exists(person)).count())
    match = Match.objects.filter(account_id=OuterRef("pk"), to_edition=None, person_id=OuterRef("person_id"))
    yield Finding("accounts without a match to their person", 0, accounts.filter(~Exists(match)).count())
    gone = Account.objects.filter(enterprise=enterprise).exclude(ended_edition=None)
    left = Match.objects.filter(account_id=OuterRef("pk"), to_edition=None)
    yield Finding("matches of accounts that are gone", 0, gone.filter(Exists(left)).count())
    row = LicenseRow.objects.filter(pk=OuterRef("row_id"), enterprise=enterprise)
    pointing = accounts.exclude(row_id=None)
    yield Finding("accounts that point at a row that is not there", 0, pointing.filter(~Exists(row)).count())
    listed = RowAccount.objects.filter(row_id=OuterRef("row_id"), remote_user_id=OuterRef("remote_user_id"))
    yield Finding("accounts whose row does not list them", 0, pointing.filter(~Exists(listed)).count())
    holder = Person.objects.filter(pk=OuterRef("person_id"), enterprise=enterprise, ended_edition=None)
    rows = LicenseRow.objects.filter(enterprise=enterprise).exclude(person_id=None)
    yield Finding("rows whose person is not there", 0, rows.filter(~Exists(holder)).count())


def _pictures(enterprise: Enterprise) -> Iterator[Finding]:
    live = Q(server__accounts__ended_edition=None, server__accounts__isnull=False)
    pictures = ServerPicture.objects.filter(server__enterprise=enterprise).exclude(last_success=None)
    for picture in pictures.select_related("server").annotate(
        n=Count("server__accounts", filter=live),
        using=Count("server__accounts", filter=live & Q(server__accounts__consumes=True)),
        idle=Count("server__accounts", filter=live & Q(server__accounts__suspended=True)),
    ):
        told = (picture.accounts, picture.consuming, picture.suspended)
        found = (picture.n, picture.using, picture.idle)
        yield Finding(f"{picture.server.host}: accounts, consuming, suspended", told, found)
    cloud = CloudPicture.objects.filter(enterprise=enterprise).exclude(rows_at=None).first()
    if cloud is not None:
        rows = LicenseRow.objects.filter(enterprise=enterprise)
        listed = (rows.count(), rows.filter(counted=True).count())
        yield Finding("rows of GitHub's report, counted", (cloud.rows, cloud.rows_counted), listed)


def _live(enterprise: Enterprise) -> QuerySet[Person]:
    return Person.objects.filter(enterprise=enterprise, ended_edition=None)


def _by(rows: QuerySet[Any], column: str) -> dict[str, int]:
    return dict(rows.order_by().values_list(column).annotate(n=Count("pk")))


def _lines(enterprise: Enterprise) -> dict[str, int]:
    items = BridgeItem.objects.filter(enterprise=enterprise).values_list("line").annotate(n=Sum(F("delta")))
    return dict(items)

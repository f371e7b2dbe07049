"""One license as GitHub's report gives it, with our columns beside: the rows of every export.

Fields have GitHub's names (reference §5.2 and §5.3).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import islice
from typing import Any

import orjson
from django.db.models import QuerySet, TextField
from django.db.models.functions import Cast

from ghconnect.models import Enterprise
from licensing.models import CloudPicture, LicenseRow, Person, ServerPicture

from . import holders, licenses
from .search import Query

BATCH = 1000
Record = dict[str, Any]

# GitHub's names of JSON and of the newer CSV, in the order of the CSV; "" where the API gives no such field.
COLUMNS = (
    ("github_com_login", "GitHub com login"),
    ("github_com_name", "GitHub com name"),
    ("enterprise_server_user_ids", "Enterprise server user ids"),
    ("github_com_user", "GitHub com user"),
    ("enterprise_server_user", "Enterprise server user"),
    ("visual_studio_subscription_user", "Visual studio subscription user"),
    ("license_type", "License type"),
    ("github_com_profile", "GitHub com profile"),
    ("github_com_member_roles", "GitHub com member roles"),
    ("github_com_enterprise_roles", "GitHub com enterprise roles"),
    ("github_com_verified_domain_emails", "GitHub com verified domain emails"),
    ("github_com_saml_name_id", "GitHub com saml name"),
    ("github_com_orgs_with_pending_invites", "GitHub com orgs with pending invites"),
    ("github_com_two_factor_auth", "GitHub com two factor auth"),
    ("", "GitHub com two factor auth required by date"),
    ("", "GitHub com cost center"),
    ("", "GitHub com code security license user"),
    ("", "GitHub com secret protection license user"),
    ("", "Ghe license active"),
    ("", "Ghe license start date"),
    ("", "Ghe license end date"),
    ("enterprise_server_emails", "Enterprise server primary emails"),
    ("", "Enterprise server advanced security user ids"),
    ("", "Enterprise server code security user ids"),
    ("", "Enterprise server secret protection user ids"),
    ("visual_studio_license_status", "Visual studio license status"),
    ("visual_studio_subscription_email", "Visual studio subscription email"),
    ("total_user_accounts", "Total user accounts"),
    ("source", "Source"),
    ("verdict", "Verdict"),
    ("expected", "Expected"),
    ("github_as_of", "Counted by GitHub at"),
    ("console_as_of", "Read by this console at"),
)
GITHUB_FIELDS = tuple(name for name, _ in COLUMNS[:28] if name)
LISTS = (
    "enterprise_server_user_ids",
    "github_com_member_roles",
    "github_com_enterprise_roles",
    "github_com_verified_domain_emails",
    "github_com_orgs_with_pending_invites",
    "enterprise_server_emails",
)
TEXTS = {f"{name}_text": Cast(name, TextField()) for name in LISTS}
SHOWN = [f"{name}_text" if name in LISTS else name for name in GITHUB_FIELDS]
# A license that GitHub has no row of.
EMPTY: Record = (
    dict.fromkeys(GITHUB_FIELDS, "")
    | {name: [] for name in LISTS}
    | dict.fromkeys(("github_com_user", "enterprise_server_user", "visual_studio_subscription_user"), False)
    | {"github_com_two_factor_auth": None, "total_user_accounts": 0}
)


@dataclass(frozen=True, slots=True)
class Export:
    """What is given away: the licenses of `view` that `query` finds; `typed` is the query as typed."""

    enterprise: Enterprise
    view: str
    query: Query = field(default_factory=Query)
    typed: str = ""

    def file_name(self, ending: str, now: datetime) -> str:
        """Return `consumed-licenses-octo-corp-2026-11-24.csv`, with the view when it is not GitHub's."""
        view = "" if self.view == licenses.GITHUB else f"-{self.view}"
        return f"consumed-licenses{view}-{self.enterprise.slug}-{now:%Y-%m-%d}.{ending}"


def records(export: Export) -> Iterator[Record]:
    """Yield one record per license, in order of name; fields as in COLUMNS."""
    picture = CloudPicture.objects.filter(enterprise=export.enterprise).first()
    pictures = ServerPicture.objects.filter(server__enterprise=export.enterprise).exclude(last_success=None)
    read_at = {host: iso(at) for host, at in pictures.values_list("server__host", "last_success")}
    asof = iso(picture.rows_at) if picture else ""
    found = licenses.found(export.enterprise, export.view, export.query).order_by(*licenses.ORDER)
    make = _of_rows if export.view == licenses.GITHUB else _of_people
    for _, record in make(found):
        record["github_as_of"] = asof if record["source"] == licenses.GITHUB else ""
        record["console_as_of"] = _read_at(record["enterprise_server_user_ids"], read_at)
        yield record


def iso(when: datetime | None) -> str:
    """Return a time as GitHub writes it: 2026-11-24T06:00:00Z."""
    return f"{when.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}" if when else ""


def github_records(view: str, licenses_of_page: QuerySet[Any]) -> list[Record]:
    """Return some licenses of a view with GitHub's fields alone, in their own order: a few queries, however many."""
    if view == licenses.GITHUB:
        return [_github(row[4:]) for row in _values(licenses_of_page)]
    return [{name: record[name] for name in GITHUB_FIELDS} for _, record in _of_people(licenses_of_page)]


def console_records(enterprise: Enterprise, view: str, ids: Sequence[int]) -> list[Record]:
    """Return licenses of a page as exports have them, each with the id of its person (None where nobody is)."""
    rows = licenses.everything(enterprise, view).filter(pk__among=ids).order_by(*licenses.ORDER)
    make = _of_rows if view == licenses.GITHUB else _of_people
    return [{"person": person, **record} for person, record in make(rows)]


def _of_rows(rows: QuerySet[LicenseRow]) -> Iterator[tuple[int | None, Record]]:
    """GitHub's rows, each after its person's id. One is expected when its person consumes; of several rows of
    one person the first is.
    """
    for batch in batches(_values(rows).iterator(BATCH), BATCH):
        people = {row[1] for row in batch if row[1]}
        consuming = set(Person.objects.filter(pk__among=people, consumes=True).values_list("pk", flat=True))
        first = holders.first_rows(people)
        for pk, person, _counted, verdict, *values in batch:
            expected = person in consuming and first[person] == pk
            record = _github(values)
            record.update(source=licenses.GITHUB, verdict=verdict, expected=expected)
            yield person, record


def _of_people(people: QuerySet[Person]) -> Iterator[tuple[int | None, Record]]:
    """Persons, each after its id, described by GitHub's row where there is one, and by their accounts as tied here."""
    columns = people.values_list("pk", "license_type", "consumes")
    for batch in batches(columns.iterator(BATCH), BATCH):
        ids = [pk for pk, *_ in batch]
        first, accounts = holders.first_rows(ids), holders.facts_of_people(ids)
        rows = {row[0]: row for row in _values(LicenseRow.objects.filter(pk__among=first.values()))}
        elsewhere = holders.ids_elsewhere(ids)
        for pk, license_type, consumes in batch:
            row = rows.get(first.get(pk, 0))
            record = _person(license_type, row, accounts.get(pk, []), elsewhere.get(pk))
            record["expected"] = consumes
            yield pk, record


def _person(
    license_type: str, row: tuple[Any, ...] | None, accounts: list[holders.Facts], elsewhere: set[str] | None
) -> Record:
    record, counted, verdict = dict(EMPTY), False, ""
    if row is not None:
        record, counted, verdict = _github(row[4:]), row[2], row[3]
    # Of somebody without a license all accounts are told: none of them consumes.
    using = [one for one in accounts if one.consumes] or accounts
    ids = _sorted([one.where for one in using] + list(elsewhere or ()))
    record.update(
        enterprise_server_user_ids=ids,
        enterprise_server_emails=_sorted([one.email for one in using if one.email])
        or record["enterprise_server_emails"],
        enterprise_server_user=bool(ids),
        license_type=record["license_type"] or license_type,
        total_user_accounts=len(ids) + bool(record["github_com_user"]),
        source=licenses.GITHUB if counted else "console",
        verdict=holders.speaking([one.verdict for one in accounts], verdict),
    )
    return record


def _sorted(texts: list[str]) -> list[str]:
    """Each text once, in order; most people have one account."""
    return sorted(set(texts)) if len(texts) > 1 else texts


def _values(rows: QuerySet[LicenseRow]) -> QuerySet[LicenseRow, Any]:
    """Columns of rows: id, person, counted, verdict, then GITHUB_FIELDS; lists as text, since most are empty."""
    return rows.annotate(**TEXTS).values_list("pk", "person_id", "counted", "verdict", *SHOWN)


def _github(values: Iterable[Any]) -> Record:
    record = dict(zip(GITHUB_FIELDS, values, strict=True))
    for name in LISTS:
        text = record[name]
        record[name] = [] if text == "[]" else orjson.loads(text)
    return record


def _read_at(ids: Sequence[str], read_at: dict[str, str]) -> str:
    """When the servers of these accounts were read: the oldest of the times, "" where none was."""
    if not ids:
        return ""
    times = [at for name in ids if (at := read_at.get(name.rpartition(":")[0]))]
    return min(times, default="")


def batches(rows: Iterable[Any], size: int) -> Iterator[list[Any]]:
    """Yield rows by so many."""
    rows = iter(rows)
    while batch := list(islice(rows, size)):
        yield batch

"""Consumed licenses as GitHub gives them away, CSV (reference §5.2) and JSON (reference §5.3), with our columns beside.

Streamed from one moment of the database, in memory that does not grow with the people. Every file says at its
end how many licenses it holds: one without that line was cut off.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import islice
from typing import Any

from django.db.models import QuerySet, TextField
from django.db.models.functions import Cast

from ghconnect.models import Enterprise
from licensing.models import CloudPicture, LicenseRow, Person, ServerPicture
from licensing.models.bulk.snapshot import snapshot

from . import bridge, holders, licenses
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
# A license that GitHub has no row of.
EMPTY: Record = (
    dict.fromkeys(GITHUB_FIELDS, "")
    | {name: [] for name in LISTS}
    | dict.fromkeys(("github_com_user", "enterprise_server_user", "visual_studio_subscription_user"), False)
    | {"github_com_two_factor_auth": None, "total_user_accounts": 0}
)
# What spreadsheets take for a formula, also in the wide forms of East Asian keyboards (OWASP, CSV injection).
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


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


def as_csv(export: Export) -> Iterator[str]:
    """Yield the CSV: a header, a line per license, and at the end a line with the count and both times."""
    writer = csv.writer(lines := _Lines())
    writer.writerow(header for _, header in COLUMNS)
    names, count = [name for name, _ in COLUMNS], 0
    with snapshot():
        view = bridge.of(export.enterprise)
        for batch in _batches(records(export), BATCH):
            writer.writerows([_cell(record[name]) if name else "" for name in names] for record in batch)
            count += len(batch)
            yield lines.take()
    writer.writerow([_last_line(export, view, count), *[""] * (len(COLUMNS) - 1)])
    yield lines.take()


def as_json(export: Export) -> Iterator[str]:
    """Yield the JSON of GitHub's `consumed-licenses`, with `console` at its head and `users_listed` at its end."""
    count = 0
    with snapshot():
        yield (
            json.dumps(_head(export, bridge.of(export.enterprise)), ensure_ascii=False)[:-1] + ', "users": ['
        )
        for batch in _batches(records(export), BATCH):
            text = ",\n".join(json.dumps(record, ensure_ascii=False) for record in batch)
            yield (",\n" if count else "\n") + text
            count += len(batch)
    yield f'\n], "users_listed": {count}}}\n'


def records(export: Export) -> Iterator[Record]:
    """Yield one record per license, in order of name; fields as in COLUMNS."""
    picture = CloudPicture.objects.filter(enterprise=export.enterprise).first()
    pictures = ServerPicture.objects.filter(server__enterprise=export.enterprise).exclude(last_success=None)
    read_at = {host: iso(at) for host, at in pictures.values_list("server__host", "last_success")}
    asof = iso(picture.rows_at) if picture else ""
    found = licenses.found(export.enterprise, export.view, export.query).order_by(*licenses.ORDER)
    make = _of_rows if export.view == licenses.GITHUB else _of_people
    for record in make(found):
        record["github_as_of"] = asof if record["source"] == licenses.GITHUB else ""
        record["console_as_of"] = _read_at(record["enterprise_server_user_ids"], read_at)
        yield record


def iso(when: datetime | None) -> str:
    """Return a time as GitHub writes it: 2026-11-24T06:00:00Z."""
    return f"{when.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}" if when else ""


# --- one license ---------------------------------------------------------------------------------------------


def _of_rows(rows: QuerySet[LicenseRow]) -> Iterator[Record]:
    """GitHub's rows. One is expected when its person consumes; of several rows of one person the first is."""
    for batch in _batches(_values(rows).iterator(BATCH), BATCH):
        people = {row[1] for row in batch if row[1]}
        consuming = set(Person.objects.filter(pk__in=people, consumes=True).values_list("pk", flat=True))
        first = holders.first_rows(people)
        for pk, person, _counted, verdict, *values in batch:
            expected = person in consuming and first[person] == pk
            yield _github(values) | {"source": licenses.GITHUB, "verdict": verdict, "expected": expected}


def _of_people(people: QuerySet[Person]) -> Iterator[Record]:
    """Persons, described by GitHub's row of them where it has one, and by their accounts as this console ties them."""
    columns = people.values_list("pk", "license_type")
    for batch in _batches(columns.iterator(BATCH), BATCH):
        ids = [pk for pk, _ in batch]
        first, accounts = holders.first_rows(ids), holders.facts_of_people(ids)
        rows = {row[0]: row for row in _values(LicenseRow.objects.filter(pk__in=first.values()))}
        elsewhere = holders.ids_elsewhere(ids)
        for pk, license_type in batch:
            row = rows.get(first.get(pk, 0))
            yield _person(license_type, row, accounts.get(pk, []), elsewhere.get(pk, set()))


def _person(
    license_type: str, row: tuple[Any, ...] | None, accounts: list[holders.Facts], elsewhere: set[str]
) -> Record:
    record, counted, verdict = dict(EMPTY), False, ""
    if row is not None:
        record, counted, verdict = _github(row[4:]), row[2], row[3]
    using = [one for one in accounts if one.consumes]
    ids = {one.where for one in using} | elsewhere
    emails = {one.email for one in using if one.email}
    return record | {
        "enterprise_server_user_ids": sorted(ids),
        "enterprise_server_emails": sorted(emails) or record["enterprise_server_emails"],
        "enterprise_server_user": bool(ids),
        "license_type": record["license_type"] or license_type,
        "total_user_accounts": len(ids) + bool(record["github_com_user"]),
        "source": licenses.GITHUB if counted else "console",
        "verdict": holders.speaking((one.verdict for one in accounts), verdict),
        "expected": True,
    }


def _values(rows: QuerySet[LicenseRow]) -> QuerySet[LicenseRow, Any]:
    """Columns of rows: id, person, counted, verdict, then GITHUB_FIELDS; lists as text, since most are empty."""
    texts = {f"{name}_text": Cast(name, TextField()) for name in LISTS}
    names = [f"{name}_text" if name in LISTS else name for name in GITHUB_FIELDS]
    return rows.annotate(**texts).values_list("pk", "person_id", "counted", "verdict", *names)


def _github(values: Iterable[Any]) -> Record:
    record = dict(zip(GITHUB_FIELDS, values, strict=True))
    for name in LISTS:
        text = record[name]
        record[name] = [] if text == "[]" else json.loads(text)
    return record


def _read_at(ids: Iterable[str], read_at: dict[str, str]) -> str:
    """When the servers of these accounts were read: the oldest of the times, "" where none was."""
    times = [at for name in ids if (at := read_at.get(name.rpartition(":")[0]))]
    return min(times, default="")


# --- the two forms -------------------------------------------------------------------------------------------


class _Lines:
    """Collects what a csv writer writes until it is taken."""

    def __init__(self) -> None:
        self._text: list[str] = []

    def write(self, text: str) -> None:
        self._text.append(text)

    def take(self) -> str:
        text, self._text = "".join(self._text), []
        return text


def _cell(value: Any) -> Any:
    """A value as a cell that no spreadsheet takes for a formula."""
    if isinstance(value, str):
        return f"'{value}" if value.startswith(FORMULA) else value
    if value is None or value == []:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return safe(",".join(value)) if isinstance(value, list) else value


def safe(text: str) -> str:
    """Put ' before what a spreadsheet would take for a formula."""
    return f"'{text}" if text.startswith(FORMULA) else text


def _last_line(export: Export, view: bridge.BridgeView, count: int) -> str:
    facts = _facts(export, view)
    asof = facts.pop("as_of")
    said = facts | {"github_as_of": asof["github"], "console_as_of": asof["console"]}
    return f"# {count} licenses; " + "; ".join(
        f"{name}={value}" for name, value in said.items() if value != ""
    )


def _head(export: Export, view: bridge.BridgeView) -> Record:
    return {
        "total_seats_consumed": view.counted,
        "total_seats_purchased": view.purchased,
        "console": _facts(export, view),
    }


def _facts(export: Export, view: bridge.BridgeView) -> Record:
    """What the licenses are of: enterprise, view, edition, the counts beside each other, and both times."""
    return {
        "enterprise": export.enterprise.slug,
        "view": export.view,
        "query": export.typed,
        "edition": view.edition,
        "counted_by_github": "" if view.counted is None else view.counted,
        "expected": view.expected,
        "not_explained": view.unexplained,
        "as_of": {"github": iso(view.counted_at), "console": iso(view.console_at)},
    }


def _batches(rows: Iterable[Any], size: int) -> Iterator[list[Any]]:
    rows = iter(rows)
    while batch := list(islice(rows, size)):
        yield batch

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
EMPTY: Record = dict.fromkeys(GITHUB_FIELDS, "") | {
    "enterprise_server_user_ids": [],
    "github_com_user": False,
    "enterprise_server_user": False,
    "visual_studio_subscription_user": False,
    "github_com_member_roles": [],
    "github_com_enterprise_roles": [],
    "github_com_verified_domain_emails": [],
    "github_com_orgs_with_pending_invites": [],
    "github_com_two_factor_auth": None,
    "enterprise_server_emails": [],
    "total_user_accounts": 0,
}
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
    count = 0
    with snapshot():
        view = bridge.of(export.enterprise)
        for batch in _batches(records(export), BATCH):
            writer.writerows([_cell(record[name]) if name else "" for name, _ in COLUMNS] for record in batch)
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
    read_at = dict(
        ServerPicture.objects.filter(server__enterprise=export.enterprise).values_list(
            "server__host", "last_success"
        )
    )
    asof = iso(picture.rows_at) if picture else ""
    found = licenses.found(export.enterprise, export.view, export.query).order_by(*licenses.ORDER)
    make = _of_rows if export.view == licenses.GITHUB else _of_people
    for batch in _batches(found.iterator(BATCH), BATCH):
        for record in make(batch):
            record["github_as_of"] = asof if record["source"] == licenses.GITHUB else ""
            record["console_as_of"] = _read_at(record["enterprise_server_user_ids"], read_at)
            yield record


def iso(when: datetime | None) -> str:
    """Return a time as GitHub writes it: 2026-11-24T06:00:00Z."""
    return f"{when.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}" if when else ""


# --- one license ---------------------------------------------------------------------------------------------


def _of_rows(rows: list[LicenseRow]) -> Iterator[Record]:
    """GitHub's rows. One is expected when its person consumes; of several rows of one person the first is."""
    people = {row.person_id for row in rows if row.person_id}
    consuming = set(Person.objects.filter(pk__in=people, consumes=True).values_list("pk", flat=True))
    first = {person: row.pk for person, row in holders.rows_of_people(people).items()}
    for row in rows:
        expected = row.person_id in consuming and first[row.person_id] == row.pk
        yield _github(row) | {"source": licenses.GITHUB, "verdict": row.verdict, "expected": expected}


def _of_people(people: list[Person]) -> Iterator[Record]:
    """Persons, described by GitHub's row of them where it has one, and by their accounts as this console ties them."""
    ids = [person.pk for person in people]
    rows, accounts, elsewhere = (
        holders.rows_of_people(ids),
        holders.accounts_of_people(ids),
        holders.ids_elsewhere(ids),
    )
    for person in people:
        row, mine = rows.get(person.pk), accounts.get(person.pk, [])
        counted = row is not None and row.counted
        record = dict(EMPTY) if row is None else _github(row)
        using = [account for account in mine if account.consumes]
        named = {f"{account.server.host}:{account.remote_user_id}" for account in using}
        emails = {account.email for account in using if account.email}
        yield record | {
            "enterprise_server_user_ids": sorted(named | elsewhere.get(person.pk, set())),
            "enterprise_server_emails": sorted(emails) or record["enterprise_server_emails"],
            "enterprise_server_user": bool(named or elsewhere.get(person.pk)),
            "license_type": record["license_type"] or person.license_type,
            "total_user_accounts": len(named | elsewhere.get(person.pk, set())) + record["github_com_user"],
            "source": licenses.GITHUB if counted else "console",
            "verdict": holders.speaking([account.verdict for account in mine], row),
            "expected": True,
        }


def _github(row: LicenseRow) -> Record:
    return {name: getattr(row, name) for name in GITHUB_FIELDS}


def _read_at(ids: Iterable[str], read_at: dict[str, datetime | None]) -> str:
    """When the servers of these accounts were read: the oldest of the times, "" where none was."""
    times = [read_at.get(name.rpartition(":")[0]) for name in ids]
    return iso(min((time for time in times if time), default=None))


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
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        value = ",".join(value)
    return safe(value) if isinstance(value, str) else value


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

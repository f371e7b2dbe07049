"""The cloud side of an enterprise, by the same pipeline: GitHub's license report, identities, and their picture."""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, field
from itertools import islice
from typing import Any

from django.db import transaction

from ghconnect import clock
from ghconnect.github.ghec import Enterprise as Client
from ghconnect.models import Enterprise
from ghconnect.records import (
    SAML_NAME_ID,
    VERIFIED_EMAIL,
    Identity,
    LicensePage,
    LicenseRow,
)
from licensing.models import CloudPicture, GitHubCount, SyncRun, bulk
from licensing.rules.managed import Tally
from licensing.rules.normalise import email_key, host_key, split_user_id

from . import chunks, cloud_facts, cloud_reads, runs

REREADS = 2
# Fewer requests than these in an hour are left to whoever else asks with the same token (ENGINEERING §17).
LEFT_TO_OTHERS = 500
# How the line of a member begins: most lines are others, which need not be read for it.
MEMBER = b'["member"'
# No address of a server is longer, so a longer value can equal none.
LONGEST_VALUE = 320


@dataclass(slots=True)
class Reading:
    """What one read of the report found besides its rows; totals as GitHub states them."""

    consumed: int = 0
    purchased: int = 0
    pages: int = 0
    rows: int = 0
    keys: set[str] = field(default_factory=set)
    managed: Tally = field(default_factory=Tally)
    moved: bool = False


def fetch(run: SyncRun, client: Client) -> None:
    """Read the whole report and, where they are visible, identities; keep them as chunks of the run.

    A report that moves while it is read is read again, at most twice; then it is accepted as *drifting*: it may
    add and change, and what it lacks goes only if the next read lacks it too (ENGINEERING §17).
    It pauses where few requests remain in this hour. Raises GitHubError, LostRun.
    """
    client.least = LEFT_TO_OTHERS
    for again in range(REREADS + 1):
        with chunks.arriving() as upload:
            reading = Reading()
            told: dict[str, Any] = {}
            chunks.write(_lines(run, client, reading, told), upload=upload)
            if reading.moved and again < REREADS:
                continue
            if reading.moved:
                told["drifting"] = True
            _fetched(run, upload, reading, told)
            return


@transaction.atomic
def _fetched(run: SyncRun, upload: uuid.UUID, reading: Reading, told: dict[str, Any]) -> None:
    """End the fetch, and keep the count with it: one without the other would look like something not explained."""
    counts = {"pages": reading.pages, "consumed": reading.consumed, "purchased": reading.purchased, **told}
    counts["managed_rows"] = reading.managed.says()
    now = clock.now(run.enterprise)
    runs.fetched(run, upload, fetched=reading.rows, counts=counts, observed_at=now, age_known=True)
    state_count(run.enterprise, reading.consumed, reading.purchased)


def _lines(run: SyncRun, client: Client, reading: Reading, told: dict[str, Any]) -> Iterator[bytes]:
    yield from _report(run, client, reading)
    yield from cloud_reads.optional("identities", told, lambda: cloud_reads.identities(client, told))
    yield from cloud_reads.optional("organizations", told, lambda: cloud_reads.organizations(client, told))
    yield from cloud_reads.optional("members", told, lambda: cloud_reads.members(client, told))
    cloud_reads.installations(client, told)
    for fact in cloud_facts.read(client, told.setdefault("sources", {})):
        yield cloud_reads.line("fact", cloud_facts.facts_of(fact))


def _report(run: SyncRun, client: Client, reading: Reading) -> Iterator[bytes]:
    """Complete means: every page of rel=last read, keys unique, totals the same on first and last page."""
    page = client.consumed_licenses(1)
    reading.consumed, reading.purchased, last = (
        page.total_seats_consumed,
        page.total_seats_purchased,
        page.last,
    )
    while True:
        _note(page, reading)
        runs.save(run, fetched=reading.rows, expected_rows=page.total_seats_consumed)
        yield from (cloud_reads.line("row", asdict(row)) for row in page.rows)
        last = max(last, page.last)
        if page.number >= last:
            return
        page = client.consumed_licenses(page.number + 1)


def _note(page: LicensePage, reading: Reading) -> None:
    totals = (page.total_seats_consumed, page.total_seats_purchased)
    keys = [row_key(row) for row in page.rows]
    reading.moved |= totals != (reading.consumed, reading.purchased) or len(set(keys)) < len(keys)
    reading.moved |= not reading.keys.isdisjoint(keys)
    reading.keys.update(keys)
    for row in page.rows:
        reading.managed.note(row)
    reading.rows, reading.pages = len(reading.keys), page.number


def row_key(row: LicenseRow) -> str:
    """What tells one row from the others: the cloud login, else its `host:id` set, else all that it says."""
    if row.github_com_login:
        return row.github_com_login.lower()
    ids = sorted(value.lower() for value in row.enterprise_server_user_ids)
    key = " ".join(ids) or json.dumps(asdict(row), sort_keys=True)
    return f"#{key}" if ids and len(key) < 390 else f"#{hashlib.sha256(key.encode()).hexdigest()}"


def state_count(enterprise: Enterprise, consumed: int, purchased: int) -> None:
    """Keep GitHub's count as it states it: shown at once, never held (ENGINEERING §8)."""
    now = clock.now(enterprise)
    CloudPicture.objects.update_or_create(
        enterprise=enterprise, defaults={"consumed": consumed, "purchased": purchased, "counted_at": now}
    )
    last = GitHubCount.objects.filter(enterprise=enterprise).order_by("-at", "-pk").first()
    if last is None or (last.consumed, last.purchased) != (consumed, purchased):
        GitHubCount.objects.create(enterprise=enterprise, at=now, consumed=consumed, purchased=purchased)


STAGED = {
    "licensing_stagedrow": ("run_id", "attempt", "row_key", "login_key", "digest", "facts"),
    "licensing_stagedrowaccount": ("run_id", "attempt", "row_key", "host", "remote_user_id"),
    "licensing_stagedaddress": ("run_id", "attempt", "login_key", "kind", "value", "key"),
}
# Of so many rows the facts are in memory at once.
AT_ONCE = 250


def staged(run: SyncRun) -> Iterator[list[bulk.Part]]:
    """Yield rows, their `host:id`s and identity values from the run's chunks as rows to load, a part at a time."""
    rows, addresses = set[str](), set[str]()
    lines = map(json.loads, chunks.lines(run))
    while part := list(islice(lines, AT_ONCE)):
        found: dict[str, list[bulk.Row]] = {table: [] for table in STAGED}
        for kind, facts in part:
            _stage_line(run, kind, facts, found, rows, addresses)
        yield [(table, columns, found[table]) for table, columns in STAGED.items()]


def _stage_line(
    run: SyncRun,
    kind: str,
    facts: dict[str, Any],
    staged: dict[str, list[bulk.Row]],
    rows: set[str],
    addresses: set[str],
) -> None:
    """Add what one line says to what is `staged`, unless the same row or address was before."""
    found: Iterable[Identity] = [Identity(**facts)] if kind == "identity" else ()
    if kind == "row":
        row = record(facts)
        if row_key(row) in rows:
            return
        rows.add(row_key(row))
        staged["licensing_stagedrow"].append(_staged_row(run, row))
        staged["licensing_stagedrowaccount"].extend(_staged_accounts(run, row))
        found = _row_identities(row)
    for login, of, value, key in _values(found):
        if (place := f"{login} {of} {key}") not in addresses:
            addresses.add(place)
            staged["licensing_stagedaddress"].append((run.pk, run.attempt, login, of, value, key))


def database_ids(run: SyncRun) -> dict[str, int]:
    """Return the GraphQL `databaseId`s that were read, by login in lower case."""
    found = (json.loads(line)[1] for line in chunks.lines(run) if line.startswith(MEMBER))
    return {facts["login"].lower(): facts["id"] for facts in found}


def record(facts: dict[str, Any]) -> LicenseRow:
    """Return a row from the JSON of its fields."""
    values: dict[str, Any] = {n: tuple(v) if isinstance(v, list) else v for n, v in facts.items()}
    return LicenseRow(**values)


def _staged_row(run: SyncRun, row: LicenseRow) -> bulk.Row:
    facts = json.dumps(asdict(row), ensure_ascii=False, sort_keys=True)
    digest = hashlib.sha256(facts.encode()).hexdigest()
    return (run.pk, run.attempt, row_key(row), login_key(row), digest, facts)


def login_key(row: LicenseRow) -> str:
    """The key of the row's cloud account, "" where there is none; an invitation by email is no account."""
    return row.github_com_login.lower() if row.github_com_login and "@" not in row.github_com_login else ""


def _staged_accounts(run: SyncRun, row: LicenseRow) -> Iterator[bulk.Row]:
    for pair in {split_user_id(value) for value in row.enterprise_server_user_ids}:
        if pair is not None:
            yield (run.pk, run.attempt, row_key(row), host_key(pair[0]), pair[1])


def _row_identities(row: LicenseRow) -> Iterator[Identity]:
    if not login_key(row):
        return
    if row.github_com_saml_name_id:
        yield Identity(row.github_com_login, SAML_NAME_ID, row.github_com_saml_name_id)
    for email in row.github_com_verified_domain_emails:
        yield Identity(row.github_com_login, VERIFIED_EMAIL, email)


def _values(found: Iterable[Identity]) -> Iterator[tuple[str, str, str, str]]:
    """Yield login, kind, value and key of values that an address can equal."""
    for identity in found:
        key = email_key(identity.value)
        if key and max(len(key), len(identity.value)) <= LONGEST_VALUE:
            yield identity.login.lower(), identity.kind, identity.value, key

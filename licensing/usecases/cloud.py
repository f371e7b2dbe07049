"""The cloud side of an enterprise, by the same pipeline: GitHub's license report, identities, and their picture."""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from itertools import count, islice
from typing import Any

from django.db import transaction

from ghconnect import clock
from ghconnect.github.errors import GitHubError
from ghconnect.github.ghec import Enterprise as Client
from ghconnect.models import Enterprise
from ghconnect.records import (
    SAML_NAME_ID,
    VERIFIED_EMAIL,
    Identity,
    LicenseRow,
)
from licensing.models import CloudPicture, GitHubCount, SyncRun, bulk
from licensing.rules.normalise import email_key, host_key, split_user_id

from . import chunks, cloud_facts, cloud_reading, cloud_reads, runs
from .cloud_reading import record, row_key

REREADS = 2
# Fewer requests than these in an hour are left to whoever else asks with the same token (ENGINEERING §17).
LEFT_TO_OTHERS = 500
# How the line of a member begins: most lines are others, which need not be read for it.
MEMBER = b'["member"'
# No address of a server is longer, so a longer value can equal none.
LONGEST_VALUE = 320


def fetch(run: SyncRun, client: Client) -> None:
    """Read the whole report and, where they are visible, identities; keep them as chunks of the run.

    It goes on where an earlier attempt stopped (`cloud_reading`). A report that moves while it is read is read again,
    at most twice, unless that takes long; then it is accepted as *drifting*: it may add and change, and what it lacks
    goes only if the next read lacks it too (ENGINEERING §17).
    It pauses where few requests remain in this hour. Raises GitHubError, LostRun.
    """
    client.least = LEFT_TO_OTHERS
    reading = cloud_reading.of(run)
    while not _read(run, client, reading):
        reading = cloud_reading.new(reading.again + 1)


def _read(run: SyncRun, client: Client, reading: cloud_reading.Reading) -> bool:
    """Go through all parts, from where the reading stands; False where it has to be read again."""
    keeper = cloud_reading.Keeper(run, reading)
    parts = _parts(run, client, reading)
    begin, at = list(parts).index(reading.part), reading.at
    try:
        for name, part in list(parts.items())[begin:]:
            for lines, after in part(at):
                keeper.add(lines, name, after)
            at = None
            if reading.moved and reading.again < REREADS and not reading.is_long:
                return False
    except GitHubError:
        keeper.keep()
        raise
    _fetched(run, keeper)
    return True


@transaction.atomic
def _fetched(run: SyncRun, keeper: cloud_reading.Keeper) -> None:
    """End the fetch, and keep the count with it: one without the other would look like something not explained."""
    reading = keeper.reading
    told = {name: value for name, value in reading.told.items() if name != cloud_facts.PAUSED}
    consumed, purchased = reading.count
    counts = {"pages": reading.pages, "consumed": consumed, "purchased": purchased, **told}
    counts |= {"drifting": True} if reading.moved else {}
    counts["managed_rows"] = reading.managed.says()
    facts = {"fetched": len(reading.keys), "counts": counts, "reading": None}
    keeper.write()
    upload = uuid.UUID(reading.upload)
    runs.fetched(run, upload, observed_at=clock.now(run.enterprise), age_known=True, **facts)
    state_count(run.enterprise, consumed, purchased)


def _parts(run: SyncRun, client: Client, reading: cloud_reading.Reading) -> dict[str, cloud_reads.Part]:
    """What is read, in order; each part takes where it goes on, None for its start."""
    told, optional = reading.told, cloud_reads.optional
    return {
        "report": lambda at: _report(run, client, reading, at),
        "identities": lambda at: optional("identities", told, cloud_reads.identities(client, told, at)),
        "organizations": lambda at: optional(
            "organizations", told, cloud_reads.organizations(client, told, at)
        ),
        "members": lambda at: optional("members", told, cloud_reads.members(client, told, at)),
        "installations": lambda _: cloud_reads.installations(client, told),
        "facts": lambda _: cloud_facts.read(client, told),
    }


def _report(
    run: SyncRun, client: Client, reading: cloud_reading.Reading, at: int | None
) -> Iterator[tuple[list[bytes], int]]:
    """Yield what follows page `at`: complete means what `cloud_reading` says."""
    late = reading.meet(client.consumed_licenses(at)) if at else []
    for number in count((at or 0) + 1):
        if number > reading.last:
            break
        page = client.consumed_licenses(number)
        reading.note(page)
        runs.save(run, fetched=len(reading.keys), expected_rows=page.total_seats_consumed)
        yield [cloud_reads.line("row", asdict(row)) for row in (*late, *page.rows)], number
        late = []
    if late:
        yield [cloud_reads.line("row", asdict(row)) for row in late], at or 0


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

"""Take in a file: projected while it arrives, kept as chunks, then a run like any other (ENGINEERING §14–15)."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import chain

from django.conf import settings
from django.db import transaction

from ghconnect import clock
from ghconnect.models import Server, User
from ghconnect.records import ServerAccount
from licensing.models import ServerPicture, SyncRun
from licensing.rules import formats, unpack

from . import chunks, runs

TooLarge = unpack.TooLarge


class OlderFile(Exception):
    """The file was made before the data that is published: `theirs` and `ours` are the two times."""

    def __init__(self, theirs: datetime, ours: datetime) -> None:
        super().__init__(f"{theirs} is older than {ours}")
        self.theirs, self.ours = theirs, ours


class OtherServer(Exception):
    """The file says that it is of `host`, which the server is not and was not called."""

    def __init__(self, host: str) -> None:
        super().__init__(host)
        self.host = host


class EncryptedExport(Exception):
    """A genuine license export: its people are encrypted for GitHub, so only `facts` of the server were read."""

    def __init__(self, facts: formats.ExportFacts) -> None:
        super().__init__("encrypted export")
        self.facts = facts


@dataclass(frozen=True, slots=True)
class Received:
    """What was understood of a file, and the run that publishes it (`made` False: the same content is on its way)."""

    run: SyncRun
    made: bool
    format: str
    accounts: int
    suspended: int


def receive(
    *,
    server: Server,
    body: Iterable[bytes],
    file_name: str,
    by: User | None,
    trigger: SyncRun.Trigger = SyncRun.Trigger.UPLOAD,
    observed_at: datetime | None = None,
) -> Received:
    """Read `body` whole, keep its read fields, and queue a run; nothing is kept of a bad file.

    gzip is unpacked; the hash and the number of bytes are of what was in it. The file's own time counts where
    `observed_at` is not given. Raises formats.BadFile (with line and column), EncryptedExport, OtherServer,
    OlderFile, TooLarge; for a push GateClosed.
    """
    _refuse_older(server, observed_at)
    tally, upload = chunks.Tally(), uuid.uuid4()
    counts = {"accounts": 0, "suspended": 0}
    try:
        plain = tally.bytes(unpack.unpacked(body, limit=settings.GHCONNECT_UPLOAD_MAX_BYTES))
        format, facts, whole = _recognise(plain, file_name)
        observed_at = observed_at or _own_time(server, facts)
        _refuse_other(server, facts)
        _refuse_older(server, observed_at)
        accounts = formats.read(format, whole)
        chunks.write(formats.write_projection(_count(accounts, counts)), upload=upload)
        run, made = _queue(server, by, trigger, tally, upload, file_name, format, counts, observed_at)
    except BaseException:
        chunks.forget(upload)
        raise
    if not made:
        chunks.forget(upload)
    return Received(run, made, format.key, counts["accounts"], counts["suspended"])


def _recognise(
    body: Iterator[bytes], file_name: str
) -> tuple[formats.Format, formats.ExportFacts, Iterator[bytes]]:
    """Look at the beginning, by content and not by name; returns format, facts, and the whole body again."""
    head = b""
    for chunk in body:
        head += chunk
        if len(head) >= formats.HEAD:
            break
    format, whole = formats.recognise(head, file_name), chain([head], body)
    if format.key == "license_export":
        raise EncryptedExport(formats.export_facts(whole))
    return format, formats.facts(format, head), whole


def _own_time(server: Server, facts: formats.ExportFacts) -> datetime | None:
    """What a file says of its time, unless that is still to come: then its age is unknown."""
    return facts.at if facts.at and facts.at <= clock.now(server.enterprise) else None


def _refuse_other(server: Server, facts: formats.ExportFacts) -> None:
    """A file that names its server must be of this one, by the name it has or had."""
    host = facts.host.lower()
    if host and host != server.host and not server.names.filter(host=host).exists():
        raise OtherServer(facts.host)


def _count(accounts: Iterable[ServerAccount], counts: dict[str, int]) -> Iterable[ServerAccount]:
    for account in accounts:
        counts["accounts"] += 1
        counts["suspended"] += account.suspended
        yield account


@transaction.atomic
def _queue(
    server: Server,
    by: User | None,
    trigger: SyncRun.Trigger,
    tally: chunks.Tally,
    upload: uuid.UUID,
    file_name: str,
    format: formats.Format,
    counts: dict[str, int],
    observed_at: datetime | None,
) -> tuple[SyncRun, bool]:
    server = runs.lock_subject(server)  # type: ignore[assignment]
    if trigger == SyncRun.Trigger.PUSH:
        runs.check_gate(server)  # it may have been closed while the file arrived
    _refuse_older(server, observed_at)
    run, made = runs.request_content(
        server=server,
        trigger=trigger,
        by=by,
        sha256=tally.sha256,
        file_name=file_name[:200],
        format=format.key,
        bytes=tally.size,
        fetched=counts["accounts"],
        observed_at=observed_at or clock.now(server.enterprise),
        age_known=observed_at is not None,
    )
    if made:
        chunks.attach(run, upload)
    return run, made


def _refuse_older(server: Server, observed_at: datetime | None) -> None:
    """A file older than the data is refused; one of unknown age is taken as new (ENGINEERING §15).

    The data is what is published, and what another file on its way will publish.
    """
    if observed_at is None:
        return
    on_their_way = SyncRun.objects.filter(server=server, state__in=SyncRun.OPEN).exclude(way="pull")
    times = [
        row.observed_at
        for row in (ServerPicture.objects.filter(server=server).first(), *on_their_way)
        if row is not None and row.age_known and row.observed_at is not None
    ]
    if times and observed_at < max(times):
        raise OlderFile(observed_at, max(times))

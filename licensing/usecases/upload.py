"""Take in a file: projected while it arrives, kept as chunks, then a run like any other (ENGINEERING §14–15)."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import chain

from django.db import transaction

from ghconnect import clock
from ghconnect.models import Server, User
from ghconnect.records import ServerAccount
from licensing.models import ServerPicture, SyncRun
from licensing.rules import formats

from . import chunks, runs

SAMPLE = 5


class OlderFile(Exception):
    """The file was made before the data that is published: `theirs` and `ours` are the two times."""

    def __init__(self, theirs: datetime, ours: datetime) -> None:
        super().__init__(f"{theirs} is older than {ours}")
        self.theirs, self.ours = theirs, ours


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

    Raises formats.BadFile (with line and column), EncryptedExport, OlderFile.
    """
    _refuse_older(server, observed_at)
    tally, upload = chunks.Tally(), uuid.uuid4()
    counts = {"accounts": 0, "suspended": 0}
    try:
        format, whole = _recognise(tally.bytes(body), file_name)
        accounts = formats.read(format, whole)
        chunks.write(formats.write_projection(_count(accounts, counts)), upload=upload)
        run, made = _queue(server, by, trigger, tally, upload, file_name, format, counts, observed_at)
    except BaseException:
        chunks.forget(upload)
        raise
    if not made:
        chunks.forget(upload)
    return Received(run, made, format.key, counts["accounts"], counts["suspended"])


def _recognise(body: Iterator[bytes], file_name: str) -> tuple[formats.Format, Iterator[bytes]]:
    """Look at the beginning, by content and not by name; returns the format and the whole body again."""
    head = b""
    for chunk in body:
        head += chunk
        if len(head) >= formats.HEAD:
            break
    format, whole = formats.recognise(head, file_name), chain([head], body)
    if format.key == "license_export":
        raise EncryptedExport(formats.export_facts(whole))
    return format, whole


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
    """A file older than the published picture is refused; one of unknown age is taken as new (ENGINEERING §15)."""
    picture = ServerPicture.objects.filter(server=server).first()
    if (
        observed_at
        and picture
        and picture.observed_at
        and picture.age_known
        and observed_at < picture.observed_at
    ):
        raise OlderFile(observed_at, picture.observed_at)

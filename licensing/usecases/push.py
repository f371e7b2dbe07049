"""A server sends its file itself: like an upload, but behind the gate, and its call counts as contact."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from ghconnect.models import Server
from ghconnect.usecases import audit
from licensing.models import SyncRun
from licensing.rules import formats

from . import freshness, runs, upload


def receive(
    *, server: Server, body: Iterable[bytes], file_name: str, observed_at: datetime | None
) -> upload.Received:
    """Take the file in. Raises what `upload.receive` does, and GateClosed before a byte of the body is read."""
    freshness.called(server)
    runs.check_gate(server)
    try:
        return upload.receive(
            server=server,
            body=body,
            file_name=file_name,
            by=None,
            trigger=SyncRun.Trigger.PUSH,
            observed_at=observed_at,
        )
    except formats.BadFile as error:
        _refused(server, problem=error.problem, line=error.line)
        raise
    except (upload.EncryptedExport, upload.OtherServer, upload.OlderFile, upload.TooLarge) as error:
        _refused(server, problem=type(error).__name__)
        raise


def _refused(server: Server, **what: object) -> None:
    """Nobody looks at the log of the host that sends; an owner finds here that its files are not taken."""
    audit.record("license_sync.refuse", by=None, enterprise=server.enterprise, subject=server.host, **what)

"""Enable and disable GitHub Connect of a server, here (ENGINEERING §13)."""

from __future__ import annotations

from django.db import transaction

from ghconnect import clock, features
from ghconnect.models import Connection, Server, User

from . import audit


class AlreadyConnected(Exception):
    """GitHub Connect is enabled for this server."""


class NotConnected(Exception):
    """GitHub Connect is not enabled for this server."""


def locked(server: Server) -> Server:
    """Return the server, its row alone locked until the transaction ends; the enterprise's lock comes before it."""
    rows = Server.objects.select_for_update(no_key=True, of=("self",))
    return rows.select_related("enterprise").get(pk=server.pk)


@transaction.atomic
def enable(*, server: Server, by: User | None) -> Connection:
    """Connect `server` to its enterprise account; license sync stays Disabled until it is set.

    Raises AlreadyConnected.
    """
    server = locked(server)
    if Connection.objects.filter(server=server).exists():
        raise AlreadyConnected
    connection = Connection.objects.create(
        server=server, by=by, by_login=audit.name_of(by), at=clock.now(server.enterprise)
    )
    told = {"before": {"connected": False}, "after": {"connected": True}}
    audit.record("dotcom_connection.create", by=by, enterprise=server.enterprise, subject=server.host, **told)
    return connection


@transaction.atomic
def disable(*, server: Server, by: User | None) -> None:
    """Disconnect: features go first, then the connection; what was read stays.

    The server's token stays sealed and unused until an owner deletes it (ENGINEERING §12). Raises NotConnected.
    """
    server = locked(server)
    connection = Connection.objects.filter(server=server).first()
    if connection is None:
        raise NotConnected
    for feature in features.registered():
        feature.on_disconnect(server=server, by=by)
    keys = list(connection.features.values_list("key", flat=True))
    connection.features.all().delete()
    connection.delete()
    told = {"before": {"connected": True, "features": keys}, "after": {"connected": False, "features": []}}
    audit.record(
        "dotcom_connection.destroy", by=by, enterprise=server.enterprise, subject=server.host, **told
    )


@transaction.atomic
def mark_broken(*, server: Server, key: str, params: dict[str, str]) -> None:
    """Mark the connection broken with the reason in words' key; it keeps its features."""
    changed = Connection.objects.filter(server=server, broken_at=None).update(
        broken_at=clock.now(server.enterprise), broken_key=key, broken_params=params
    )
    if changed:
        audit.record(
            "dotcom_connection.broken", by=None, enterprise=server.enterprise, subject=server.host, reason=key
        )


@transaction.atomic
def mark_mended(*, server: Server) -> None:
    """Clear the broken mark: the server answered again."""
    changed = (
        Connection.objects.filter(server=server)
        .exclude(broken_at=None)
        .update(broken_at=None, broken_key="", broken_params={})
    )
    if changed:
        audit.record("dotcom_connection.mended", by=None, enterprise=server.enterprise, subject=server.host)

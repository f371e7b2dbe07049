"""Set a feature of GitHub Connect to Enabled or Disabled; only while GitHub Connect is on."""

from __future__ import annotations

from django.db import transaction

from ghconnect import clock, features
from ghconnect.models import ConnectedFeature, Connection, Server, User

from . import audit
from .connect import locked


class ConnectIsOff(Exception):
    """GitHub Connect is not enabled for this server, so none of its features can be."""


class UnknownFeature(Exception):
    """This console does not perform that feature."""


def is_enabled(server: Server, key: str) -> bool:
    """Tell whether the feature `key` is Enabled for `server`."""
    return ConnectedFeature.objects.filter(connection__server=server, key=key).exists()


@transaction.atomic
def switch(*, server: Server, key: str, enabled: bool, by: User | None) -> bool:
    """Set feature `key` and let its app follow in the same transaction. Returns whether anything changed.

    Raises ConnectIsOff, UnknownFeature.
    """
    feature = features.get(key)
    if feature is None:
        raise UnknownFeature(key)
    server = locked(server)
    connection = Connection.objects.filter(server=server).select_related("server__enterprise").first()
    if connection is None:
        raise ConnectIsOff
    if connection.features.filter(key=key).exists() == enabled:
        return False
    follow = feature.on_enable if enabled else feature.on_disable
    if enabled:
        _create(connection, key, by)
    else:
        connection.features.filter(key=key).delete()
    follow(server=server, by=by)
    audit.record(
        f"{key}.{'enable' if enabled else 'disable'}",
        by=by,
        enterprise=server.enterprise,
        subject=server.host,
        before={"enabled": not enabled},
        after={"enabled": enabled},
    )
    return True


def _create(connection: Connection, key: str, by: User | None) -> None:
    ConnectedFeature.objects.create(
        connection=connection,
        key=key,
        by=by,
        by_login=audit.name_of(by),
        at=clock.now(connection.server.enterprise),
    )

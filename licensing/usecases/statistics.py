"""Server statistics: what owners of servers share with GitHub, read daily and kept as evidence (reference §11)."""

from __future__ import annotations

import logging
from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Max

from ghconnect import clock
from ghconnect.github.errors import GitHubError
from ghconnect.models import Enterprise, Server, ServerName
from ghconnect.records import ServerStatistics as Day
from ghconnect.usecases import clients
from licensing.models import CloudPicture, ServerStatistics
from licensing.rules.normalise import host_key

log = logging.getLogger(__name__)
# GHES collects once a day; GitHub keeps and gives a year.
EVERY, YEAR = timedelta(hours=20), timedelta(days=365)
FACTS = (
    "server", "instance_id", "collected_at", "version", "features", "dormant_users", "dormancy_threshold",
    "total_users", "admin_users", "suspended_users",
)  # fmt: skip


def read(*, enterprise_id: int) -> bool:
    """Read the days since the last one kept, once a day; returns whether it was read.

    Nothing depends on it: trouble is kept to be shown, and tried again the next day.
    """
    enterprise = Enterprise.objects.get(pk=enterprise_id)
    if settings.GHCONNECT_PAUSE_SYNCS or not enterprise.token or not _due(enterprise):
        return False
    now = clock.now(enterprise)
    last = ServerStatistics.objects.filter(enterprise=enterprise).aggregate(day=Max("day"))["day"]
    since = max(last - timedelta(days=7) if last else now.date() - YEAR, now.date() - YEAR)
    try:
        with clients.of_enterprise(enterprise) as client:
            found = client.server_statistics(since, now.date())
    except GitHubError as error:
        log.info("server statistics of %s not read: %s", enterprise, error)
        _note(enterprise, error.key, error.params)
        return False
    keep(enterprise=enterprise, found=found)
    return True


def _due(enterprise: Enterprise) -> bool:
    cloud = CloudPicture.objects.filter(enterprise=enterprise).first()
    at = cloud.statistics_read_at if cloud else None
    now = clock.now(enterprise)
    return at is None or not now - EVERY < at <= now


def _note(enterprise: Enterprise, key: str, params: dict[str, str]) -> None:
    CloudPicture.objects.update_or_create(
        enterprise=enterprise,
        defaults={
            "statistics_read_at": clock.now(enterprise),
            "statistics_error_key": key,
            "statistics_error_params": params,
        },
    )


@transaction.atomic
def keep(*, enterprise: Enterprise, found: list[Day]) -> None:
    """Keep each day once, the newest word on it, and note that it was read."""
    names = ServerName.objects.filter(server__enterprise=enterprise).select_related("server")
    servers = {name.host: name.server for name in names}
    servers |= {server.host: server for server in enterprise.servers.all()}
    rows = {(host_key(day.host), day.collected_at.date()): _row(enterprise, day, servers) for day in found}
    ServerStatistics.objects.bulk_create(
        rows.values(),
        batch_size=500,
        update_conflicts=True,
        unique_fields=["enterprise", "host", "day"],
        update_fields=FACTS,
    )
    _note(enterprise, "", {})


def _row(enterprise: Enterprise, day: Day, servers: dict[str, Server]) -> ServerStatistics:
    host = host_key(day.host)[:255]
    return ServerStatistics(
        enterprise=enterprise,
        server=servers.get(host),
        host=host,
        instance_id=day.server_id[:64],
        day=day.collected_at.date(),
        collected_at=day.collected_at,
        version=day.version[:32],
        features=list(day.features),
        dormant_users=day.dormant_users,
        dormancy_threshold=day.dormancy_threshold[:32],
        total_users=day.total_users,
        admin_users=day.admin_users,
        suspended_users=day.suspended_users,
    )

"""What the operator of the install watches: processes, what waits, and which subjects fail since when; no people."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

import redis
from django.conf import settings
from django.utils.translation import gettext as _

from ghconnect import clock, readiness, vitals
from licensing import backlog
from licensing.models import CloudPicture, Recount, ServerPicture


@dataclass(frozen=True, slots=True)
class Part:
    """One thing the console needs: whether it is well, and what is to be said of it."""

    name: str
    well: bool
    words: str


@dataclass(frozen=True, slots=True)
class Streak:
    """A subject that failed `failures` times since its last success; `now` is its enterprise's own time."""

    enterprise: str
    subject: str
    failures: int
    since: datetime | None
    last_success: datetime | None
    now: datetime


def parts() -> list[Part]:
    """Return database, migrations, broker, worker and dispatcher, as `readyz` and `doctor` know them."""
    broker = readiness.broker()
    ok, bad = _("answers"), _("does not answer")
    migrated = readiness.migrations()
    return [
        Part(_("Database"), True, ok),  # else there were no page
        Part(_("Migrations"), migrated, _("all applied") if migrated else _("some are not applied")),
        Part(_("Broker"), broker, ok if broker else bad),
        *(_process(kind, name) for kind, name in (("worker", _("Worker")), ("dispatcher", _("Dispatcher")))),
        Part(
            _("Syncs"),
            not settings.GHCONNECT_PAUSE_SYNCS,
            _("paused by GHCONNECT_PAUSE_SYNCS") if settings.GHCONNECT_PAUSE_SYNCS else _("not paused"),
        ),
    ]


def _process(kind: str, name: str) -> Part:
    try:
        silent = vitals.age(kind)
    except (redis.RedisError, OSError):
        return Part(name, False, _("cannot be known without the broker"))
    if silent is None:
        return Part(name, False, _("never heard of"))
    return Part(name, silent < vitals.SILENCE[kind], _("heard of {n} s ago").format(n=round(silent)))


def waiting() -> list[tuple[str, str]]:
    """Return what waits, in words: syncs, the age of the oldest, alerts, counts of everybody."""
    found = backlog.of()
    return [
        (_("Syncs that nobody has begun"), str(found.queued)),
        (_("Age of the oldest"), _("{n} s").format(n=round(found.oldest_seconds)) if found.queued else "–"),
        (_("Alerts to deliver"), str(found.alerts)),
        (_("Counts of everybody to do"), str(Recount.objects.filter(done_at=None).count())),
    ]


def streaks() -> list[Streak]:
    """Return every server and every cloud side that fails, the longest first; two queries."""
    return sorted(_failing(), key=lambda each: (each.since is None, each.since, each.enterprise))


def _failing() -> Iterator[Streak]:
    servers = ServerPicture.objects.filter(failures__gt=0).select_related("server__enterprise")
    for picture in servers:
        yield _streak(picture, picture.server.host)
    for cloud in CloudPicture.objects.filter(failures__gt=0).select_related("enterprise"):
        yield _streak(cloud, cloud.enterprise.place)


def _streak(picture: ServerPicture | CloudPicture, subject: str) -> Streak:
    of = picture.server.enterprise if isinstance(picture, ServerPicture) else picture.enterprise
    facts = (picture.failures, picture.failing_since, picture.last_success, clock.now(of))
    return Streak(of.slug, subject, *facts)

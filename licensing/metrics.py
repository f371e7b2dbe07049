"""Runs, streaks, ages and seats as text lines in Prometheus' format (ENGINEERING §28)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

import redis
from django.conf import settings
from django.db.models import Count

from ghconnect import clock, vitals
from ghconnect.models import Enterprise
from licensing import backlog
from licensing.models import CloudPicture, Edition, ServerPicture, SyncRun

Line = tuple[dict[str, str], float]


def text() -> str:
    """Return all metrics; a subject that was never read has no age rather than a wrong one."""
    return "".join(_family(name, help_, lines) for name, help_, lines in _families())


def _families() -> Iterator[tuple[str, str, list[Line]]]:
    yield "ghconnect_runs", "Sync runs by state.", _runs()
    yield (
        "ghconnect_oldest_queued_seconds",
        "Age of the oldest queued run; 0 without one.",
        [({}, backlog.of().oldest_seconds)],
    )
    pictures = list(ServerPicture.objects.select_related("server__enterprise").order_by("server_id"))
    clouds = list(CloudPicture.objects.select_related("enterprise").order_by("enterprise_id"))
    subjects: list[tuple[dict[str, str], ServerPicture | CloudPicture, Enterprise]] = [
        ({"enterprise": p.server.enterprise.slug, "server": p.server.host}, p, p.server.enterprise)
        for p in pictures
    ]
    subjects += [({"enterprise": p.enterprise.slug, "server": ""}, p, p.enterprise) for p in clouds]
    streaks: list[Line] = [(labels, p.failures) for labels, p, _ in subjects]
    yield (
        "ghconnect_failure_streak",
        "Failed runs since the last success; server is empty for GitHub.",
        streaks,
    )
    ages = [
        (labels, _age(p.last_success, clock.now(enterprise)))
        for labels, p, enterprise in subjects
        if p.last_success
    ]
    yield "ghconnect_seconds_since_success", "Seconds since the subject was last read well.", ages
    yield "ghconnect_seats", "Licenses: counted by GitHub, expected, purchased.", list(_seats(clouds))
    yield "ghconnect_silence_seconds", "Seconds since worker and dispatcher were heard of.", list(_silence())
    yield (
        "ghconnect_syncs_paused",
        "1 while GHCONNECT_PAUSE_SYNCS is on.",
        [({}, float(settings.GHCONNECT_PAUSE_SYNCS))],
    )


def _runs() -> list[Line]:
    found = dict(SyncRun.objects.order_by().values_list("state").annotate(n=Count("pk")))
    return [({"state": str(state)}, found.get(state, 0)) for state in SyncRun.State.values]


def _seats(clouds: list[CloudPicture]) -> Iterator[Line]:
    known = {cloud.enterprise_id: cloud for cloud in clouds}
    for enterprise in Enterprise.objects.order_by("pk"):
        cloud = known.get(enterprise.pk)
        edition = Edition.objects.filter(enterprise=enterprise, number=enterprise.edition).first()
        found = {
            "counted": cloud.consumed if cloud else None,
            "purchased": cloud.purchased if cloud else None,
            "expected": edition.totals.get("expected") if edition else None,
        }
        for kind, value in found.items():
            if value is not None:
                yield {"enterprise": enterprise.slug, "kind": kind}, value


def _silence() -> Iterator[Line]:
    for kind in vitals.SILENCE:
        try:
            silent = vitals.age(kind)
        except (redis.RedisError, OSError):
            return
        if silent is not None:
            yield {"process": kind}, silent


def _age(then: datetime, now: datetime) -> float:
    return max(0.0, (now - then).total_seconds())


def _family(name: str, help_: str, lines: list[Line]) -> str:
    rows = "".join(f"{name}{_labels(labels)} {value:.15g}\n" for labels, value in lines)
    return f"# HELP {name} {help_}\n# TYPE {name} gauge\n{rows}"


def _labels(labels: dict[str, str]) -> str:
    quoted = (f'{name}="{_escaped(value)}"' for name, value in labels.items())
    return "{" + ",".join(quoted) + "}" if labels else ""


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")

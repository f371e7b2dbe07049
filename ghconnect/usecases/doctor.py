"""Whether everything the console needs is there: one finding each, with advice, for whoever runs it."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import redis
from django.conf import settings
from django.core import checks as django_checks
from django.db import DatabaseError, connection

from ghconnect import readiness, vitals
from ghconnect.github.errors import GitHubError
from ghconnect.models import Enterprise, Server
from ghconnect.wording.problems import problem

from . import clients, secrets

OK, WARNING, FAILED = "ok", "warning", "failed"
SKEW = 60.0  # seconds; retries and leases stand more, but "as of" times would lie
ROOM = 2 * 1024**3  # bytes


@dataclass(frozen=True)
class Finding:
    """What was looked at, how it is, and what to do where it is not well."""

    name: str
    state: str
    words: str


Look = Callable[[], Iterator[Finding]]
# What other apps look at, where the database is there and migrated.
_looks: list[Look] = []


def also(look: Look) -> None:
    """Let another app look at what is its own; called once at start."""
    _looks.append(look)


def examine() -> Iterator[Finding]:
    """Look at one thing after the other; what needs the database is left out where there is none."""
    yield _settings()
    yield _database()
    if not readiness.database():
        return
    migrated = readiness.migrations()
    words = "all applied" if migrated else "some are not applied: manage.py migrate"
    yield Finding("migrations", OK if migrated else FAILED, words)
    yield _broker()
    yield from _processes()
    yield _disk()
    if migrated:
        yield _sealing()
        yield from _egress()
        for look in _looks:
            yield from look()
    yield _paused()


def _settings() -> Finding:
    found = [each for each in django_checks.run_checks(include_deployment_checks=True) if each.level >= 30]
    if not found:
        return Finding("settings", OK, "manage.py check --deploy has nothing to say")
    ids = ", ".join(sorted({str(each.id) for each in found}))
    return Finding("settings", WARNING, f"manage.py check --deploy says {ids}")


def _database() -> Finding:
    began = time.monotonic()
    try:
        connection.ensure_connection()
        took = (time.monotonic() - began) * 1000
        version = ".".join(map(str, connection.get_database_version()))
    except DatabaseError as error:
        return Finding("database", FAILED, f"does not answer ({type(error).__name__}): check DATABASE_URL")
    return Finding("database", OK, f"{connection.display_name} {version}, answered in {took:.0f} ms")


def _broker() -> Finding:
    try:
        with vitals.broker() as client:
            version = client.info("server").get("redis_version", "?")
    except (redis.RedisError, OSError) as error:
        return Finding("broker", FAILED, f"does not answer ({type(error).__name__}): check REDIS_URL")
    return Finding("broker", OK, f"Redis {version}")


def _processes() -> Iterator[Finding]:
    starts = {"worker": "celery -A ghconnect worker", "dispatcher": "celery -A ghconnect beat"}
    for kind, command in starts.items():
        try:
            silent = vitals.age(kind)
        except (redis.RedisError, OSError):
            yield Finding(kind, FAILED, "cannot be known without the broker")
            continue
        state = OK if silent is not None and silent < vitals.SILENCE[kind] else FAILED
        words = "never heard of" if silent is None else f"heard of {silent:.0f} s ago"
        yield Finding(kind, state, words if state == OK else f"{words}: start {command}")


def _disk() -> Finding:
    free = shutil.disk_usage(settings.VAR_DIR if settings.VAR_DIR.exists() else settings.BASE_DIR).free
    words = f"{free / 1024**3:.1f} GiB free at {settings.VAR_DIR}"
    return Finding("disk", OK if free > ROOM else WARNING, words)


def _sealing() -> Finding:
    if secrets.wrong_key():
        return Finding(
            "sealing key", FAILED, "opens nothing in this database: give the key that belongs to it"
        )
    closed = secrets.closed() + ([] if secrets.audit_log_opens() else [secrets.AUDIT_LOG])
    if closed:
        return Finding(
            "sealing key",
            FAILED,
            f"does not open what is sealed of {', '.join(closed[:5])}: give the key they were sealed with in"
            " GHCONNECT_SEALING_KEYS, or replace the tokens",
        )
    old = secrets.old()
    words = "opens every token"
    if not old and secrets.audit_log_is_old():
        return Finding(
            "sealing key", WARNING, f"{words}; the audit log needs an older key: manage.py rotate_secrets"
        )
    return Finding(
        "sealing key",
        WARNING if old else OK,
        f"{words}; {old} still under an older key: manage.py rotate_secrets" if old else words,
    )


def _egress() -> Iterator[Finding]:
    for enterprise in Enterprise.objects.exclude(token="").order_by("slug"):
        host = "api.github.com" if enterprise.host == "github.com" else f"api.{enterprise.host}"
        yield _way(f"egress {host}", f"https://{host}/meta", "")
    for server in Server.objects.filter(way_in=Server.WayIn.PULL).order_by("host"):
        yield _way(f"egress {server.host}", f"https://{server.host}/api/v3/meta", server.ca_bundle)


def _way(name: str, url: str, ca_bundle: str) -> Finding:
    """Ask without a token: the name, the address, the certificate and the clock are all that is tried."""
    try:
        with clients.session(ca_bundle=ca_bundle, timeouts=clients.CHECKING) as session:
            answer = session.get(url, headers={})
    except GitHubError as error:
        return Finding(name, FAILED, problem(error.key, error.params))
    skew = _skew(answer.headers.get("date", ""))
    if skew is None:
        return Finding(name, OK, "answers over a trusted certificate")
    state = OK if abs(skew) <= SKEW else WARNING
    return Finding(name, state, f"answers over a trusted certificate; its clock differs by {skew:+.0f} s")


def _skew(date: str) -> float | None:
    try:
        told = parsedate_to_datetime(date)
    except ValueError:
        return None
    return (told - datetime.now(UTC)).total_seconds() if told.tzinfo else None


def _paused() -> Finding:
    if settings.GHCONNECT_PAUSE_SYNCS:
        return Finding("syncs", WARNING, "paused by GHCONNECT_PAUSE_SYNCS: nothing is read")
    return Finding("syncs", OK, "not paused")

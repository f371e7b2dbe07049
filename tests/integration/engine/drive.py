"""Drives the engine without a worker: pictures and GitHub's rows as a test states them, by the same use cases."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, replace
from types import MappingProxyType
from typing import Any

import pytest
from django.apps import apps
from django.db import connection
from django.db.models import Model

from ghconnect import clock
from ghconnect.models import AuditEvent, Enterprise, Server
from ghconnect.records import CloudFact, Identity, LicenseRow, ServerAccount
from ghconnect.usecases import connect, features
from licensing.models import Account, BridgeItem, Edition, Match, Person, Seat, SyncRun
from licensing.rules import formats
from licensing.usecases import chunks, cloud, cloud_facts, cloud_reads, runs, sync, upload

HEADER = "created_at,id,login,email,role,suspended?,last_logged_ip,repos,dormant?,last_active"


def enterprise(slug: str = "", **facts: Any) -> Enterprise:
    """Make an enterprise of its own."""
    slug = slug or f"e-{uuid.uuid4().hex[:12]}"
    return Enterprise.objects.create(slug=slug, name=slug, contract="volume", **facts)


def server(of: Enterprise, host: str, **facts: Any) -> Server:
    """Make a server whose files are uploaded."""
    return Server.objects.create(enterprise=of, host=host, way_in="upload", **facts)


def pulled(of: Enterprise, host: str, *, enabled: bool = True, **facts: Any) -> Server:
    """Make a server that this console reads itself, connected; enabled means that its first run is queued."""
    made = Server.objects.create(enterprise=of, host=host, way_in="pull", **facts)
    connect.enable(server=made, by=None)
    if enabled:
        features.switch(server=made, key=runs.KEY, enabled=True, by=None)
    return made


def account(number: int, email: str = "", login: str = "", **facts: Any) -> ServerAccount:
    """Make an account as a report gives it."""
    facts = {"suspended": False, "site_admin": False, "dormant": False, "never_active": False, **facts}
    return ServerAccount(number, login or f"u{number}", email, **facts)


def report(accounts: Iterable[ServerAccount]) -> bytes:
    """Write `all_users.csv` as a server does (reference §6.3)."""
    lines = [HEADER]
    for a in accounts:
        role, made = "admin" if a.site_admin else "user", a.created_at.isoformat() if a.created_at else ""
        seen = "" if a.never_active else "2026-11-01T00:00:00Z"
        flags = [str(value).lower() for value in (a.suspended, a.dormant)]
        lines.append(f"{made},{a.remote_user_id},{a.login},{a.email},{role},{flags[0]},,0,{flags[1]},{seen}")
    return "\n".join(lines).encode() + b"\n"


def read_server(of: Server, accounts: Iterable[ServerAccount], *, publish: bool = True) -> SyncRun:
    """Bring a picture in by the upload door; a held run is published where `publish` says so."""
    got = upload.receive(server=of, body=[report(accounts)], file_name="all_users.csv", by=None)
    return _perform(got.run, publish)


def read_cloud(
    of: Enterprise,
    rows: Iterable[LicenseRow],
    identities: Iterable[Identity] = (),
    *,
    publish: bool = True,
    consumed: int | None = None,
    told: Mapping[str, Any] = MappingProxyType({}),
    facts: Iterable[CloudFact] = (),
) -> SyncRun:
    """Bring GitHub's rows in as if the client had just read them; `told` is what it noted beside them."""
    rows = list(rows)
    run = runs.request(subject=of, trigger=SyncRun.Trigger.MANUAL)
    lines = [cloud_reads.line("row", asdict(row)) for row in rows]
    lines += [cloud_reads.line("identity", asdict(identity)) for identity in identities]
    lines += [cloud_reads.line("fact", cloud_facts.facts_of(fact)) for fact in facts]
    _keep(run, lines)
    consumed = len(rows) if consumed is None else consumed
    counts = {"consumed": consumed, "purchased": 100, "identities": "read", **told}
    SyncRun.objects.filter(pk=run.pk).update(
        fetch_complete=True, fetched=len(rows), counts=counts, observed_at=clock.now(of)
    )
    cloud.state_count(of, consumed, 100)
    return _perform(run, publish)


def fetched(run: SyncRun, accounts: Iterable[ServerAccount]) -> SyncRun:
    """Let a pull's fetch be over with these accounts, as if its server had just been read."""
    accounts = list(accounts)
    _keep(run, formats.write_projection(accounts))
    facts = {"fetch_complete": True, "fetched": len(accounts), "observed_at": clock.now(run.enterprise)}
    SyncRun.objects.filter(pk=run.pk).update(**facts)
    run.refresh_from_db()
    return run


def _keep(run: SyncRun, blocks: Iterable[bytes]) -> None:
    upload = uuid.uuid4()
    chunks.write(blocks, upload=upload)
    chunks.attach(run, upload)


def everything() -> dict[str, list[Any]]:
    """Return all rows that speak of people, numbers and pictures, and the audit: all but the runs themselves."""
    models: list[type[Model]] = [*apps.get_app_config("licensing").get_models(), AuditEvent]
    models.remove(SyncRun)
    return {m.__name__: list(m._default_manager.order_by("pk").values()) for m in models}


def at_point(monkeypatch: pytest.MonkeyPatch, point: str, deed: Callable[[], object]) -> None:
    """Do something the first time the engine passes a named point."""
    left = [deed]

    def at(name: str) -> None:
        if name == point and left:
            left.pop()()

    monkeypatch.setattr("ghconnect.faults.at", at)


def _perform(run: SyncRun, publish: bool) -> SyncRun:
    done = sync.perform(run_id=run.pk)
    if done is not None and done.state == SyncRun.State.HELD and publish:
        done = confirm(run)
    assert done is not None
    return done


def confirm(run: SyncRun) -> SyncRun:
    """Let an owner publish a held run; it is held again where what it would do has changed since."""
    SyncRun.objects.filter(pk=run.pk).update(state=SyncRun.State.QUEUED, decided_by_login="test")
    done = sync.perform(run_id=run.pk)
    assert done is not None
    return done


def row(login: str = "", ids: Iterable[str] = (), emails: Iterable[str] = (), **facts: Any) -> LicenseRow:
    """Make a row of GitHub's report: a member if it has a login, else an account of servers."""
    ids, emails = tuple(ids), tuple(emails)
    plain = LicenseRow(
        github_com_login=login,
        github_com_name=login.title(),
        enterprise_server_user_ids=ids,
        github_com_user=bool(login),
        enterprise_server_user=bool(ids),
        visual_studio_subscription_user=False,
        license_type="enterprise",
        github_com_member_roles=("octo:Member",) if login else (),
        enterprise_server_emails=emails,
        total_user_accounts=len(ids) + bool(login),
    )
    return replace(plain, **facts)


def totals(of: Enterprise) -> dict[str, Any]:
    """Return the totals of the newest edition."""
    found: dict[str, Any] = Edition.objects.filter(enterprise=of).latest("number").totals
    return found


def partition(of: Enterprise) -> dict[tuple[int, int], tuple[str, str, str, bool, str]]:
    """Return what was decided of each live account, by server and number."""
    live = Account.objects.filter(enterprise=of, ended_edition=None)
    people = dict(Person.objects.filter(enterprise=of).values_list("pk", "group"))
    return {
        (a.server_id, a.remote_user_id): (
            people[a.person_id or 0],
            a.rule,
            a.rule_value,
            a.consumes,
            a.verdict,
        )
        for a in live
    }


def bridge(of: Enterprise) -> list[tuple[str, int, tuple[str, ...]]]:
    """Return the bridge's items with the groups of their people."""
    items = BridgeItem.objects.filter(enterprise=of).prefetch_related("people")
    return sorted((i.line, i.delta, tuple(sorted(p.group for p in i.people.all()))) for i in items)


def assert_sound(of: Enterprise) -> None:
    """Check what must hold after every publication: sums, seats, spans, and one person for each live account."""
    found = totals(of)
    alive = Person.objects.filter(enterprise=of, ended_edition=None)
    consuming = set(alive.filter(consumes=True).values_list("pk", flat=True))
    assert found["expected"] == len(consuming)
    assert found["read_as_counted"] + sum(found["lines"].values()) == found["expected"]
    assert (
        set(Seat.objects.filter(enterprise=of, to_edition=None).values_list("person_id", flat=True))
        == consuming
    )
    live = Account.objects.filter(enterprise=of, ended_edition=None)
    spans = set(
        Match.objects.filter(account_id__in=live.values("pk"), to_edition=None).values_list(
            "account_id", "person_id"
        )
    )
    assert spans == set(live.values_list("pk", "person_id"))
    assert set(live.values_list("person_id", flat=True)) <= set(alive.values_list("pk", flat=True))
    for person in alive.filter(consumes=False, cloud_account=None):
        assert not live.filter(person_id=person.pk, consumes=True).exists()
    connection.check_constraints()

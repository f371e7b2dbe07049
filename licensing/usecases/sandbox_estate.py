"""Fill a console with the pretend enterprise: the same deeds an owner would do, in the sandbox's own time.

Pretend GitHub says what there is (`/world.json`) and is put to its stages by its control page.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import requests
from django.conf import settings
from django.db import transaction
from django.utils import timezone

from ghconnect import clock
from ghconnect.models import Enterprise, Membership, Role, Server, User
from ghconnect.usecases import connect, enterprises, features, servers
from licensing.models import DueSync, SyncRun

from . import github_status, runs, schedule, upload

log = logging.getLogger(__name__)
Say = Callable[[str], None]
PEOPLE = (("mona", "Mona Lisa", Role.OWNER), ("finn", "Finn Lee", Role.BILLING_MANAGER))
CONNECTED_ON = datetime(2026, 3, 2, 1, 40, tzinfo=UTC)
PATIENCE = 1800


class NotLoaded(Exception):
    """The estate could not be loaded; says why."""


def load(*, passwords: dict[str, str], say: Say) -> Enterprise:
    """Add people, enterprise and servers of the sandbox, and read them all with the help of a worker.

    Does nothing where the enterprise is there already. Raises NotLoaded.
    """
    world = _ask("world.json")
    mona, _ = people(passwords, world["enterprise"]["slug"])
    known = Enterprise.objects.filter(slug=world["enterprise"]["slug"]).first()
    if known is not None:
        return known
    _control("stage", stage="before")
    enterprise = _add_enterprise(world["enterprise"], mona)
    _read_history(enterprise, world["servers"], mona, say)
    _control("stage", stage="today")
    _read_today(enterprise, say)
    return enterprise


def people(passwords: dict[str, str], slug: str) -> list[User]:
    """Make the owner and the billing manager of the sandbox, with the passwords of this machine."""
    found = []
    for login, name, _ in PEOPLE:
        user = User.objects.filter(login=login).first()
        if user is None:
            user = User.objects.create_user(f"{login}@{slug}.example", login, name=name)
        if not user.check_password(passwords[login]):  # a needless change would sign them out
            user.set_password(passwords[login])
            user.save(update_fields=["password"])
        found.append(user)
    return found


def set_clock(enterprise: Enterprise, ago: timedelta) -> None:
    """Let time be so long ago, here and in pretend GitHub; nothing comes due by that.

    While it is in the past the enterprise is being loaded, and the dispatcher leaves it alone.
    """
    offset = -round(ago.total_seconds())
    if offset:
        _move_clock(enterprise, offset, realign=True)
    _control("clock", offset_seconds=offset)
    if not offset:
        _move_clock(enterprise, offset, realign=True)


def follow_clocks() -> None:
    """Let each pretend enterprise's own time be that of pretend GitHub, where days pass at a button."""
    if not settings.GHCONNECT_SANDBOX_URL:
        return
    for enterprise in Enterprise.objects.filter(sandbox=True, clock_offset__gte=0):
        try:
            offset = int(_ask("clock")["offset_seconds"])
        except requests.RequestException as error:
            log.warning("pretend GitHub does not tell the time: %s", error)
            return
        if offset != enterprise.clock_offset and offset >= 0:
            _move_clock(enterprise, offset, realign=offset < enterprise.clock_offset)


@transaction.atomic
def _move_clock(enterprise: Enterprise, offset: int, *, realign: bool) -> None:
    """Set the offset in seconds; `realign` moves what is due along, else time that passed makes it due."""
    enterprise.clock_offset = offset
    Enterprise.objects.filter(pk=enterprise.pk).update(clock_offset=offset)
    weekly = DueSync.objects.filter(enterprise=enterprise, kind="weekly").select_related("server__enterprise")
    for due in weekly if realign else ():
        assert due.server is not None
        after = schedule.next_due(due.server, due.anchor, clock.now(enterprise))
        DueSync.objects.filter(pk=due.pk).update(at=after.at, period=after.period_key)


def _add_enterprise(facts: dict[str, Any], mona: User) -> Enterprise:
    enterprise = enterprises.add_pretend(
        slug=facts["slug"], host=facts["host"], name=facts["name"], token=facts["token"], by=mona
    )
    finn = User.objects.get(login="finn")
    Membership.objects.create(user=finn, enterprise=enterprise, role=Role.BILLING_MANAGER)
    renews = timezone.now().date() + timedelta(days=facts.get("renews_in_days", 21))
    enterprises.set_contract(enterprise=enterprise, contract=facts["contract"], renews_on=renews, by=mona)
    enterprises.set_price(
        enterprise=enterprise, price_cents=facts["price_cents"], currency=facts["currency"], by=mona
    )
    enterprise.refresh_from_db()
    return enterprise


def _read_history(enterprise: Enterprise, listed: list[dict[str, Any]], mona: User, say: Say) -> None:
    """Connect every server as on the day it was done, and read each as long ago as its last good reading is."""
    _wait(enterprise, say)
    set_clock(enterprise, timezone.now() - CONNECTED_ON)
    for facts in listed:
        say(f"adding {facts['host']}")
        server = servers.add(
            enterprise=enterprise,
            host=facts["host"],
            way_in=facts["way_in"],
            token=facts.get("token"),
            web_url=facts["web_url"],
            by=mona,
        )
        server.enterprise = enterprise
        connect.enable(server=server, by=mona)
        features.switch(server=server, key=runs.KEY, enabled=True, by=mona)
    _wait(enterprise, say)
    _read_at(enterprise, timedelta(days=33), ["ghe-plant"], say)
    _read_at(enterprise, timedelta(days=4), ["ghe-berlin"], say)
    _read_at(enterprise, timedelta(days=3, minutes=20), ["ghe-nagoya"], say)


def _read_today(enterprise: Enterprise, say: Say) -> None:
    _read_at(enterprise, timedelta(days=3), ["ghe-nagoya"], say)
    _read_at(enterprise, timedelta(hours=5), ["ghe-osaka"], say)
    _read_at(enterprise, timedelta(hours=3), ["ghe-tokyo", "ghe-berlin"], say)
    set_clock(enterprise, timedelta())
    github_status.watch(enterprise_id=enterprise.pk)
    runs.request(subject=enterprise, trigger=SyncRun.Trigger.MANUAL)
    _wait(enterprise, say)


def _read_at(enterprise: Enterprise, ago: timedelta, names: list[str], say: Say) -> None:
    set_clock(enterprise, ago)
    for server in Server.objects.filter(enterprise=enterprise).select_related("enterprise"):
        if server.short_name in names:
            _read(server)
    _wait(enterprise, say)


def _read(server: Server) -> None:
    """Read a server as its way in is: ask for a run, or hand its file over."""
    if server.way_in == Server.WayIn.PULL:
        runs.request(subject=server, trigger=SyncRun.Trigger.MANUAL)
        return
    with requests.get(f"{server.web_url}/all_users.csv", stream=True, timeout=60) as answer:
        answer.raise_for_status()
        upload.receive(
            server=server, body=answer.iter_content(1 << 16), file_name="all_users.csv", by=server.created_by
        )


def _wait(enterprise: Enterprise, say: Say) -> None:
    """Wait until no run of the enterprise is open."""
    deadline, told = time.monotonic() + PATIENCE, 0.0
    while run := SyncRun.objects.filter(enterprise=enterprise, state__in=SyncRun.OPEN).order_by("pk").first():
        if time.monotonic() > deadline:
            raise NotLoaded(f"{run} does not end; is a worker running?")
        if time.monotonic() - told > 5:
            told = time.monotonic()
            say(f"{run}: {run.get_state_display()} {run.get_step_display()} {run.fetched}")
        time.sleep(0.2)


def _ask(path: str) -> dict[str, Any]:
    answer = requests.get(f"{settings.GHCONNECT_SANDBOX_URL}/{path}", timeout=60)
    answer.raise_for_status()
    found: dict[str, Any] = answer.json()
    return found


def _control(deed: str, **values: str | int) -> None:
    answer = requests.post(f"{settings.GHCONNECT_SANDBOX_URL}/control/{deed}", json=values, timeout=120)
    answer.raise_for_status()

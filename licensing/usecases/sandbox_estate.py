"""Fill a console with the pretend enterprise: the same deeds an owner would do, in the sandbox's own time.

Pretend GitHub says what there is (`/world.json`) and is put to its stages by its control page.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import requests
from django.conf import settings
from django.utils import timezone

from ghconnect.models import Enterprise, Membership, Role, Server, User
from ghconnect.usecases import connect, enterprises, features, servers
from licensing.models import SyncRun

from . import attention, github_status, removal, runs, sandbox_world, statistics, sync, upload
from .sandbox_clock import set_clock

Say = Callable[[str], None]
PEOPLE = (("mona", "Mona Lisa", Role.OWNER), ("finn", "Finn Lee", Role.BILLING_MANAGER))
CONNECTED_AGO = timedelta(days=267)
PATIENCE = 1800


class NotLoaded(Exception):
    """The estate could not be loaded; says why."""


def load(*, passwords: Mapping[str, str], say: Say, alone: bool = False) -> Enterprise:
    """Add people, enterprise and servers of the sandbox, and read them all with the help of a worker.

    `alone`: without one, by performing the runs here. Does nothing where the enterprise is loaded already; what
    a loading that was cut off has left is removed first. Raises NotLoaded.
    """
    world = sandbox_world.ask("world.json")
    slug = world["enterprise"]["slug"]
    mona, finn = people(passwords, slug)
    known = Enterprise.objects.filter(slug=slug, sandbox=True).first()
    if known is not None and known.clock_offset >= 0:
        return known
    if settings.GHCONNECT_PAUSE_SYNCS:
        raise NotLoaded("syncs are paused (GHCONNECT_PAUSE_SYNCS), and to load it is to read it")
    if known is not None:
        sandbox_world.control("reset")
        removal.forget(enterprise=known)
    return _Loading(say, alone).all(world, mona, {finn: Role.BILLING_MANAGER})


def load_again(*, enterprise_id: int, say: Say) -> None:
    """Reset pretend GitHub, remove its enterprise here, and load it anew for the same people.

    For a worker: it performs the runs itself, so that one process is enough. Raises NotLoaded.
    """
    known = Enterprise.objects.filter(pk=enterprise_id, sandbox=True, clock_offset__lt=0).first()
    if known is None:
        return  # somebody else was faster
    roles = {each.user: Role(each.role) for each in known.memberships.select_related("user").order_by("pk")}
    first = next(user for user, role in roles.items() if role == Role.OWNER)
    sandbox_world.control("reset")
    removal.forget(enterprise=known)
    del roles[first]
    _Loading(say, alone=True).all(sandbox_world.ask("world.json"), first, roles)


def people(passwords: Mapping[str, str], slug: str) -> list[User]:
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


@dataclass(frozen=True, slots=True)
class _Loading:
    """One loading: whom it tells how far it is, and whether it performs the runs itself."""

    say: Say
    alone: bool

    def all(self, world: dict[str, Any], owner: User, others: Mapping[User, Role]) -> Enterprise:
        """Do everything in its order; `world` is `/world.json`."""
        sandbox_world.control("stage", stage="before")
        enterprise = _add_enterprise(world["enterprise"], owner)
        for user, role in others.items():
            Membership.objects.create(user=user, enterprise=enterprise, role=role)
        self.history(enterprise, world["servers"], owner)
        sandbox_world.control("stage", stage="today")
        self.today(enterprise)
        return enterprise

    def history(self, enterprise: Enterprise, listed: list[dict[str, Any]], owner: User) -> None:
        """Connect every server as on the day it was done; read each as long ago as its last good reading is."""
        self.wait(enterprise)
        for facts in listed:
            self.say(f"adding {facts['host']}")
            _add_server(enterprise, facts, owner)
        self.wait(enterprise)
        self.read(enterprise, timedelta(days=33), ["ghe-plant"])
        self.read(enterprise, timedelta(days=4), ["ghe-berlin"])
        self.read(enterprise, timedelta(days=3, minutes=20), ["ghe-nagoya"])

    def today(self, enterprise: Enterprise) -> None:
        """What happened since, to this moment."""
        self.read(enterprise, timedelta(days=3), ["ghe-nagoya"])
        self.read(enterprise, timedelta(hours=5), ["ghe-osaka"])
        self.read(enterprise, timedelta(hours=3), ["ghe-tokyo", "ghe-berlin"])
        set_clock(enterprise, timedelta())
        github_status.watch(enterprise_id=enterprise.pk)
        statistics.read(enterprise_id=enterprise.pk)
        runs.request(subject=enterprise, trigger=SyncRun.Trigger.MANUAL)
        self.wait(enterprise)
        attention.refresh(enterprise=enterprise)

    def read(self, enterprise: Enterprise, ago: timedelta, names: list[str]) -> None:
        """Read these servers so long ago."""
        set_clock(enterprise, ago)
        for server in Server.objects.filter(enterprise=enterprise).select_related("enterprise"):
            if server.short_name in names:
                _read(server)
        self.wait(enterprise)

    def wait(self, enterprise: Enterprise) -> None:
        """Wait until no run of the enterprise is open."""
        deadline, told = time.monotonic() + PATIENCE, 0.0
        opened = SyncRun.objects.filter(enterprise=enterprise, state__in=SyncRun.OPEN).order_by("pk")
        while run := opened.first():
            if time.monotonic() > deadline:
                raise NotLoaded(f"{run} does not end; is a worker running?")
            if time.monotonic() - told > 5:
                told = time.monotonic()
                self.say(f"{run}: {run.get_state_display()} {run.get_step_display()} {run.fetched}")
            if self.alone:
                for run_id in list(opened.values_list("pk", flat=True)):
                    sync.perform(run_id=run_id)
            time.sleep(0.05 if self.alone else 0.2)


def _add_enterprise(facts: dict[str, Any], owner: User) -> Enterprise:
    """Add it as on the day its servers were connected: what is known of it begins there."""
    offset = -round(CONNECTED_AGO.total_seconds())
    sandbox_world.control("clock", offset_seconds=offset)
    enterprise = enterprises.add_pretend(
        slug=facts["slug"],
        host=facts["host"],
        name=facts["name"],
        token=facts["token"],
        clock_offset=offset,
        by=owner,
    )
    renews = timezone.now().date() + timedelta(days=facts.get("renews_in_days", 21))
    enterprises.set_contract(enterprise=enterprise, contract=facts["contract"], renews_on=renews, by=owner)
    enterprises.set_price(
        enterprise=enterprise, price_cents=facts["price_cents"], currency=facts["currency"], by=owner
    )
    enterprise.refresh_from_db()
    return enterprise


def _add_server(enterprise: Enterprise, facts: dict[str, Any], owner: User) -> None:
    server = servers.add(
        enterprise=enterprise,
        host=facts["host"],
        way_in=facts["way_in"],
        token=facts.get("token"),
        web_url=facts["web_url"],
        by=owner,
    )
    server.enterprise = enterprise
    connect.enable(server=server, by=owner)
    features.switch(server=server, key=runs.KEY, enabled=True, by=owner)


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

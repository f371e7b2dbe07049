"""Made-up enterprises: what GitHub and two servers tell, in any combination the documents allow, and how it came.

A world is an enterprise account or a single organization, of a volume or a metered contract, with managed users or
not, with servers and without (cloud only), with a token and without (servers only).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from django.utils import timezone
from hypothesis import strategies as st

from ghconnect.models import Enterprise, Server
from ghconnect.records import (
    IDENTITY_KINDS,
    MANAGED_USER,
    VERIFIED_EMAIL,
    CloudFact,
    Identity,
    LicenseRow,
    ServerAccount,
)
from licensing.models import GitHubSync, SyncRun
from tests.integration.engine import drive
from tests.unit.rules import oracle_licenses as oracle

HOSTS = ("ghe-a.example.com", "ghe-b.example.com", "ghe-unknown.example.com")
EMAILS = ("", "a@x.example", "b@x.example", "c@x.example", "d@x.example")
LOGINS = ("", "ann", "bob", "cat")
# Who is not a member: no account at GitHub, an invitation, a subscriber of Visual Studio, nobody's organization.
NOBODY: dict[str, Any] = {"github_com_user": False, "github_com_member_roles": ()}
PENDING: dict[str, Any] = {"github_com_orgs_with_pending_invites": ("octo",)}
STUDIO: dict[str, Any] = {
    "visual_studio_subscription_user": True,
    "license_type": "Visual Studio subscription",
}
INVITED = (
    drive.row("new@x.example", **NOBODY, **PENDING),
    # By the address of somebody on a server: joined to nobody all the same.
    drive.row("a@x.example", **NOBODY, **PENDING),
    drive.row("ivy", github_com_member_roles=(), **PENDING),
    drive.row("max", **PENDING),  # a member of one organization, invited into another
)
SUBSCRIBERS = (
    drive.row("vic", **STUDIO, visual_studio_license_status="Matched"),
    drive.row("vera", github_com_member_roles=(), **STUDIO),  # in no organization
    # They never came: GitHub lists and does not count them.
    drive.row("", **NOBODY, **STUDIO, visual_studio_subscription_email="val@x.example"),
    drive.row("", **NOBODY, **STUDIO, visual_studio_subscription_email="a@x.example"),
    # Invited, and not yet there.
    drive.row(
        "via@x.example", **NOBODY, **PENDING, **STUDIO, visual_studio_license_status="Pending Invitation"
    ),
)
COLLABORATOR = drive.row("kim", github_com_member_roles=("octo/seeds:Collaborator",))
OTHERS = (*INVITED, *SUBSCRIBERS, COLLABORATOR, drive.row("olga", github_com_member_roles=()))
# Of a single organization GitHub has no report: rows are made of its members, invitations and collaborators.
OF_ORGANIZATION = (*INVITED[:3], COLLABORATOR)
SUSPENDED = CloudFact(MANAGED_USER, "", "a@x.example", "suspended")


@dataclass(frozen=True)
class Instance:
    """A server: its accounts, those of a later report (None: there is none), and GitHub's sync of it."""

    first: list[ServerAccount]
    later: list[ServerAccount] | None
    sync: str  # "": not told, "never", "before" its accounts were seen here, "after"


@dataclass(frozen=True)
class World:
    """What an enterprise is told by GitHub, in turn (nothing: there is no token), and by its servers."""

    kind: str
    contract: str
    managed: bool
    never_active: str
    reports: list[tuple[list[LicenseRow], list[Identity]]]
    suspended: bool
    unread: int
    servers: list[Instance]


@st.composite
def accounts(draw: st.DrawFn) -> list[ServerAccount]:
    """Accounts of one server with distinct numbers; one may be the setup user of SCIM."""
    found = []
    for number in draw(st.lists(st.integers(1, 4), min_size=1, max_size=4, unique=True)):
        flags = {name: draw(st.booleans()) for name in ("suspended", "dormant", "never_active")}
        login = draw(st.sampled_from(["", "", "", "scim-admin"]))
        found.append(drive.account(number, draw(st.sampled_from(EMAILS)), login, **flags))
    return found


@st.composite
def members(draw: st.DrawFn, *, of_servers: bool) -> list[LicenseRow]:
    """Rows with distinct logins and no `host:id` in two rows; whoever is in no organization is listed by servers."""
    ids = st.lists(
        st.builds("{}:{}".format, st.sampled_from(HOSTS), st.integers(1, 4)), max_size=4, unique=True
    )
    free = list(draw(ids)) if of_servers else []
    rows = []
    for login in draw(st.lists(st.sampled_from(LOGINS), max_size=4, unique=True)):
        taken = [free.pop() for _ in range(draw(st.integers(0, len(free))))]
        emails = draw(st.lists(st.sampled_from(EMAILS[1:]), max_size=2, unique=True)) if taken else ()
        if login or taken:
            roles = () if draw(st.booleans()) and taken else ("octo:Member",)
            rows.append(drive.row(login, taken, emails, github_com_member_roles=roles if login else ()))
    return [_known_by(draw, row) if row.github_com_login else row for row in rows]


def _known_by(draw: st.DrawFn, row: LicenseRow) -> LicenseRow:
    """A row with values of its own that an address may equal."""
    verified = draw(st.lists(st.sampled_from(EMAILS[1:]), max_size=1))
    name = draw(st.sampled_from(["", "", *EMAILS[1:]]))
    return replace(row, github_com_verified_domain_emails=tuple(verified), github_com_saml_name_id=name)


values = st.lists(
    st.builds(
        Identity,
        st.sampled_from([*LOGINS[1:], "ivy", "vera", "nobody"]),
        st.sampled_from((*IDENTITY_KINDS, VERIFIED_EMAIL)),
        st.sampled_from(EMAILS[1:]),
    ),
    max_size=4,
)


@st.composite
def worlds(draw: st.DrawFn) -> World:
    """Any world but an empty one: without servers there is a token."""
    kind = draw(st.sampled_from([*["enterprise"] * 3, "organization"]))
    servers = draw(st.lists(_servers(), max_size=2))
    organization = kind == "organization"
    others = st.lists(
        st.sampled_from(OF_ORGANIZATION if organization else OTHERS), max_size=4, unique_by=cloud_key
    )
    reports = [
        ([*draw(members(of_servers=not organization)), *draw(others)], draw(values))
        for _ in range(draw(st.integers(0 if servers else 1, 2)))
    ]
    managed = not organization and draw(st.booleans())
    contract, never = (
        draw(st.sampled_from(["volume", "metered"])),
        draw(st.sampled_from(["github", "always", "never"])),
    )
    unread = draw(st.sampled_from([0, 0, 1, -1]))
    return World(kind, contract, managed, never, reports, managed and draw(st.booleans()), unread, servers)


@st.composite
def _servers(draw: st.DrawFn) -> Instance:
    later = draw(st.none() | accounts())
    return Instance(draw(accounts()), later, draw(st.sampled_from(["", "never", "before", "after"])))


def cloud_key(row: LicenseRow) -> str:
    """What tells rows apart: the login, else whose subscription it is."""
    return row.github_com_login or row.visual_studio_subscription_email


def published(world: World) -> Enterprise:
    """Bring a world in: GitHub's first report, the servers, its later report, and the servers' later ones."""
    facts = {"contract": world.contract, "never_active": world.never_active, "kind": world.kind}
    of = drive.enterprise()
    Enterprise.objects.filter(pk=of.pk).update(**facts)
    of.refresh_from_db()
    servers = [drive.server(of, host) for host, _ in zip(HOSTS, world.servers, strict=False)]
    for server, told in zip(servers, world.servers, strict=True):
        _synced(server, told.sync)
    first, later = world.reports[:1], world.reports[1:]
    for report in first:
        _report(of, world, *report)
    for server, told in zip(servers, world.servers, strict=True):
        good(drive.read_server(server, told.first))
    for report in later:
        _report(of, world, *report)
    for server, told in zip(servers, world.servers, strict=True):
        if told.later is not None:
            good(drive.read_server(server, told.later))
    of.refresh_from_db()
    return of


def _report(of: Enterprise, world: World, rows: list[LicenseRow], told: list[Identity]) -> None:
    """One report; GitHub's total is of the rows it counts, but for `unread` licenses that it does not list."""
    count = sum(oracle.counted(row, known(world)) for row in rows)
    sources = {"managed_users": {"state": "read", "count": 1}} if world.suspended else {}
    facts = [SUSPENDED] if world.suspended else []
    beside = {"managed_rows": world.managed, "sources": sources}
    good(drive.read_cloud(of, rows, told, consumed=max(0, count + world.unread), told=beside, facts=facts))


def _synced(server: Server, how: str) -> None:
    if how:
        now = timezone.now()
        date = None if how == "never" else now + timedelta(days=1 if how == "after" else -1)
        GitHubSync.objects.create(
            enterprise=server.enterprise,
            host=server.host,
            server=server,
            date=date,
            status="success" if date else "",
            newest=True,
            first_seen_at=now,
            checked_at=now,
        )


def good(run: SyncRun) -> None:
    """Assert that a run came to its end."""
    assert run.state in SyncRun.GOOD, (run.state, run.error_key, run.error_params)


def known(world: World) -> oracle.Told:
    """What the world tells at its end, as the oracle asks it."""
    rows, told = world.reports[-1] if world.reports else ([], [])
    accounts, had, synced = {}, {}, set()
    for host, server in zip(HOSTS, world.servers, strict=False):
        before = {one.remote_user_id: one for one in server.first}
        if server.sync == "after":
            synced.add(host)
        for one in server.first if server.later is None else server.later:
            place, old = (host, one.remote_user_id), before.get(one.remote_user_id)
            accounts[place] = oracle.as_known(one, old)
            if old and old.email not in {"", accounts[place].email}:
                had[place] = [old.email]
    return oracle.Told(
        contract=world.contract,
        managed=world.managed and bool(world.reports),
        never_active=world.never_active,
        rows=rows,
        values=told,
        accounts=accounts,
        hosts=frozenset(HOSTS[: len(world.servers)]),
        had=had,
        synced=frozenset(synced),
    )

"""The people of a bench: one server's report and GitHub's rows of it, the same for the same size and seed."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta

from ghconnect.records import SAML_NAME_ID, SAML_USERNAME, Identity, LicenseRow, ServerAccount

HEADER = "created_at,id,login,email,role,suspended?,last_logged_ip,repos,dormant?,last_active"
BEGAN = datetime(2020, 1, 1, tzinfo=UTC)
CHUNK = 1 << 16
FIRST = 3
# Of a hundred accounts: joined by GitHub to a cloud account, listed by GitHub without one, and the rest.
JOINED, LISTED, SUSPENDED, WILL_JOIN, NEW, SHARED, NO_EMAIL = 70, 85, 90, 92, 94, 96, 97


@dataclass(frozen=True, slots=True)
class World:
    """One enterprise as its server and GitHub tell it. `prefix` keeps two enterprises apart."""

    prefix: str
    host: str
    accounts: list[ServerAccount]

    def report(self) -> bytes:
        """The bytes of `all_users.csv` (reference §6.3)."""
        return ("\n".join([HEADER, *map(_line, self.accounts)]) + "\n").encode()

    def rows(self) -> list[LicenseRow]:
        """GitHub's rows: members, members with accounts, accounts alone, and invitations."""
        rows = [row for account in self.accounts if (row := self._row(account))]
        return rows + [self._member(number) for number in range(len(self.accounts) // 10)]

    def identities(self) -> list[Identity]:
        """The SAML identities of members: NameID and the address as username."""
        return [
            Identity(row.github_com_login, kind, value)
            for row in self.rows()
            if row.github_com_login
            for kind, value in (
                (SAML_NAME_ID, row.github_com_saml_name_id),
                (SAML_USERNAME, row.github_com_saml_name_id),
            )
        ]

    def _row(self, account: ServerAccount) -> LicenseRow | None:
        kind = (account.remote_user_id - FIRST) % 100
        ids, login = (f"{self.host}:{account.remote_user_id}",), f"{account.login}_gh"
        if kind < JOINED:
            return _license(login, account.email, ids, (account.email,))
        if kind < LISTED:
            return _license("", "", ids, (account.email,))
        return _license(login, account.email, (), ()) if SUSPENDED <= kind < WILL_JOIN else None

    def _member(self, number: int) -> LicenseRow:
        name = f"{self.prefix}-cloud-{number}"
        return _license(name, f"{name}@{self.prefix}.example.com", (), ())


def world(prefix: str, size: int, seed: int = 1) -> World:
    """Make the people of one enterprise with one server of `size` accounts."""
    chance = random.Random(f"{seed}/{prefix}")  # noqa: S311
    return World(prefix, f"ghe.{prefix}.example.com", [_account(prefix, at, chance) for at in range(size)])


def one_percent(of: World) -> World:
    """Change one account of a hundred: a fifth each gone, new, renamed, moved to another address, suspended."""
    accounts = [changed for at, account in enumerate(of.accounts) if (changed := _changed(of, at, account))]
    top = of.accounts[-1].remote_user_id
    new = [
        replace(of.accounts[at], remote_user_id=top + at + 1, login=f"new-{at}", email=f"new{at}@example.com")
        for at in range(4, len(of.accounts), 500)
    ]
    return replace(of, accounts=[*accounts[:-20], *new, *accounts[-20:]])


def chunks(data: bytes) -> Iterator[bytes]:
    """The bytes as they arrive."""
    return (data[at : at + CHUNK] for at in range(0, len(data), CHUNK))


def cloud_lines(of: World) -> list[bytes]:
    """GitHub's rows and identities as a cloud run keeps them."""
    rows = [["row", asdict(row)] for row in of.rows()]
    told = [["identity", asdict(identity)] for identity in of.identities()]
    return [json.dumps(one, separators=(",", ":")).encode() + b"\n" for one in (*rows, *told)]


def _account(prefix: str, at: int, chance: random.Random) -> ServerAccount:
    kind = at % 100
    shares = at - 1 if kind == SHARED - 1 else at
    email = "" if kind == NO_EMAIL - 1 else f"user.{shares}@{prefix}.example.com"
    return ServerAccount(
        remote_user_id=at + FIRST,
        login=f"{prefix}-user-{at}",
        email=email,
        suspended=LISTED <= kind < SUSPENDED,
        site_admin=at % 500 == 0,
        dormant=kind >= NO_EMAIL,
        never_active=False,
        created_at=BEGAN + timedelta(seconds=chance.randrange(10**8)),
    )


def _changed(of: World, at: int, account: ServerAccount) -> ServerAccount | None:
    deed = at % 500
    if deed == 0:
        return None
    if deed == 1:
        return replace(account, login=f"{account.login}-renamed")
    if deed == 2:
        return replace(account, email=f"moved.{at}@{of.prefix}.example.com")
    return replace(account, suspended=True) if deed == 3 else account


def _line(account: ServerAccount) -> str:
    made = f"{account.created_at:%Y-%m-%dT%H:%M:%SZ}" if account.created_at else ""
    role, flags = "admin" if account.site_admin else "user", (account.suspended, account.dormant)
    suspended, dormant = (str(flag).lower() for flag in flags)
    who = f"{account.remote_user_id},{account.login},{account.email},{role},{suspended}"
    return f"{made},{who},10.0.0.1,3,{dormant},2026-11-01T00:00:00Z"


def _license(login: str, name_id: str, ids: tuple[str, ...], emails: tuple[str, ...]) -> LicenseRow:
    return LicenseRow(
        github_com_login=login,
        github_com_name=login.replace("-", " ").title(),
        enterprise_server_user_ids=ids,
        github_com_user=bool(login),
        enterprise_server_user=bool(ids),
        visual_studio_subscription_user=False,
        license_type="enterprise",
        github_com_profile=f"https://github.com/{login}" if login else "",
        github_com_member_roles=("octo:Member",) if login else (),
        github_com_saml_name_id=name_id,
        enterprise_server_emails=emails,
        total_user_accounts=len(ids) + bool(login),
    )

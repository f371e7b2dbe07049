"""Enterprises, servers and people for tests of pages, made by the deeds that make them; nobody is called."""

from dataclasses import dataclass

from ghconnect.models import Enterprise, Role, Server, User
from ghconnect.usecases import access, connect, enterprises, features, servers

KEY = "license_usage_sync"


@dataclass
class Estate:
    """An enterprise with one server, its owner and its billing manager."""

    enterprise: Enterprise
    server: Server
    owner: User
    biller: User


def person(login: str, *, operator: bool = False) -> User:
    """Return somebody who can sign in."""
    return User.objects.create_user(
        f"{login}@octo-corp.example", login, name=login.title(), is_staff=operator
    )


def estate(slug: str = "octo-corp", host: str = "ghe-tokyo.octo-corp.example") -> Estate:
    """Return an enterprise without a token, whose server's file an owner uploads."""
    enterprise = enterprises.add(slug=slug, host="github.com", token="", by=None)
    owner, biller = person(f"owner-of-{slug}"), person(f"biller-of-{slug}")
    access.grant(enterprise=enterprise, email=owner.email, role=Role.OWNER, by=None)
    access.grant(enterprise=enterprise, email=biller.email, role=Role.BILLING_MANAGER, by=None)
    return Estate(enterprise, add_server(enterprise, host), owner, biller)


def add_server(enterprise: Enterprise, host: str) -> Server:
    """Return another server of the enterprise."""
    return servers.add(enterprise=enterprise, host=host, way_in=Server.WayIn.UPLOAD, by=None)


def connected(server: Server, *, enabled: bool = True) -> Server:
    """Enable GitHub Connect for the server, and license sync too unless `enabled` is False."""
    connect.enable(server=server, by=None)
    if enabled:
        features.switch(server=server, key=KEY, enabled=True, by=None)
    return server

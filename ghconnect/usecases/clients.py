"""Clients of GitHub and of servers, made from rows: token opened, egress and trusted CAs from settings."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.conf import settings

from ghconnect.github import ghec, ghes, organization
from ghconnect.github.addresses import Egress
from ghconnect.github.errors import GitHubError
from ghconnect.github.http import GitHubSession, Timeouts
from ghconnect.models import Enterprise, Server
from ghconnect.seal import SealBroken, unseal

# Somebody waits before a page while a connection is checked.
CHECKING = Timeouts(connect=5.0, read=15.0, answer=30.0, download=30.0)


def egress() -> Egress:
    """How the operator lets this console out."""
    return Egress(
        resolve=settings.GHCONNECT_RESOLVE,
        allowed_networks=tuple(settings.GHCONNECT_ALLOWED_NETWORKS),
        proxy=settings.GHCONNECT_PROXY,
        no_proxy=tuple(settings.GHCONNECT_NO_PROXY),
    )


@contextmanager
def session(*, ca_bundle: str = "", timeouts: Timeouts | None = None) -> Iterator[GitHubSession]:
    """A session whose pooled connections end with the block; raises GitHubError `bad_ca`."""
    trusted = "\n".join(filter(None, (settings.GHCONNECT_CA_BUNDLE, ca_bundle)))
    opened = GitHubSession(egress(), ca_bundle=trusted, timeouts=timeouts)
    try:
        yield opened
    finally:
        opened.close()


@contextmanager
def of_server(server: Server, timeouts: Timeouts | None = None) -> Iterator[ghes.Server]:
    """Read `server` with its token; raises GitHubError, also `no_token` and `sealed`."""
    token = token_of(server)
    with session(ca_bundle=server.ca_bundle, timeouts=timeouts) as opened:
        yield ghes.Server(opened, server.host, token, server.token_login)


@contextmanager
def of_enterprise(enterprise: Enterprise, timeouts: Timeouts | None = None) -> Iterator[ghec.Enterprise]:
    """Read `enterprise` with its token; raises GitHubError, also `no_token` and `sealed`."""
    token = token_of(enterprise)
    with session(timeouts=timeouts) as opened:
        yield account(enterprise.kind)(opened, enterprise.host, enterprise.account_name, token)


def account(kind: str) -> type[ghec.Enterprise]:
    """The client of a kind of account on GitHub."""
    return organization.Organization if kind == Enterprise.Kind.ORGANIZATION else ghec.Enterprise


def token_of(row: Server | Enterprise) -> str:
    """The token of a row, opened; raises GitHubError `no_token` or `sealed`."""
    try:
        token = unseal(row.token)
    except SealBroken as error:
        raise GitHubError(error.key, {"host": row.host}) from None
    if not token:
        raise GitHubError("no_token", {"host": row.host})
    return token

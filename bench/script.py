"""What a script would do instead: pages of a hundred, and update_or_create for each account."""

from __future__ import annotations

import json
from dataclasses import asdict

from django.utils import timezone

from bench import databases
from bench.measure import timed
from bench.world import World
from ghconnect.models import Server
from licensing.models import Account
from licensing.rules.normalise import email_key

SAMPLE, PAGE = 2000, 100


def first(world: World) -> float:
    """Seconds for all accounts of a server that was never read, from a sample of them."""
    with databases.copied("script"):
        return _take(world)


def again(world: World) -> float:
    """Seconds for all of them in a database that has them."""
    with databases.copied("again"):
        return _take(world)


def _take(world: World) -> float:
    accounts = world.accounts[:SAMPLE]
    pages = [
        json.dumps([asdict(account) for account in accounts[at : at + PAGE]], default=str)
        for at in range(0, len(accounts), PAGE)
    ]
    server = Server.objects.select_related("enterprise").get(host=world.host)
    return timed(lambda: _write(server, pages)) * len(world.accounts) / len(accounts)


def _write(server: Server, pages: list[str]) -> None:
    """One look and one write an account, each its own transaction, as scripts have it."""
    for page in pages:
        for told in json.loads(page):
            facts = {
                "enterprise": server.enterprise,
                "login": told["login"],
                "email": told["email"],
                "key": email_key(told["email"]),
                "suspended": told["suspended"],
                "dormant": told["dormant"],
            }
            Account.objects.update_or_create(
                server=server,
                remote_user_id=told["remote_user_id"],
                ended_edition=None,
                defaults=facts,
                create_defaults={**facts, "first_seen_at": timezone.now(), "since_edition": 1},
            )

"""A server's accounts as a file for this console (`rules.json_usage`), streamed from one moment of the database.

GitHub does not accept it; the file says so itself, and "Add server usage" of this console does.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from django.utils import translation
from django.utils.translation import gettext as _

from ghconnect.models import Server
from licensing.models import Account, ServerPicture
from licensing.models.bulk.snapshot import snapshot

BATCH = 2000


def lines(server: Server) -> Iterator[str]:
    """Yield one JSON object in pieces: the facts of the file, then one account a line."""
    with snapshot():
        picture = ServerPicture.objects.filter(server=server).first()
        accounts = Account.objects.filter(server=server, ended_edition=None)
        head = _head(server, picture, accounts.count())
        yield json.dumps(head, ensure_ascii=False, indent=1)[:-2] + ',\n "users": ['
        comma = ""
        for account in accounts.order_by("login", "id").iterator(chunk_size=BATCH):
            yield f"{comma}\n  {json.dumps(user(account), ensure_ascii=False)}"
            comma = ","
        yield "\n ]\n}\n"


def _head(server: Server, picture: ServerPicture | None, count: int) -> dict[str, Any]:
    """The note is in English whoever exports: a file goes from hand to hand."""
    with translation.override("en"):
        note = _("This file is made for this console. GitHub does not accept it.")
    facts = {
        "note": note,
        "hostName": server.host,
        "serverId": server.server_id,
        "version": server.version,
        "observedAt": picture.observed_at.isoformat() if picture and picture.observed_at else None,
        "totalCount": count,
    }
    return {name: value for name, value in facts.items() if value not in (None, "")}


def user(account: Account) -> dict[str, Any]:
    """Return an account by the field names of GitHub's GraphQL API; what no source told is left out."""
    facts = {
        "remoteUserId": account.remote_user_id,
        "login": account.login,
        "isSiteAdmin": account.site_admin,
        "emails": [{"email": account.email, "isPrimary": True}] if account.email else [],
        "suspended": account.suspended,
        "dormant": account.dormant,
        "neverActive": account.never_active,
        "remoteCreatedAt": account.remote_created_at.isoformat() if account.remote_created_at else None,
    }
    return {name: value for name, value in facts.items() if value is not None}

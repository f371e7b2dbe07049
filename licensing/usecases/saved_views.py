"""Searches under a name: one's own, and those an owner shares with everybody of the enterprise."""

from __future__ import annotations

from urllib.parse import parse_qsl, urlencode

from django.db import transaction
from django.db.models import Q, QuerySet

from ghconnect.models import Enterprise, User
from ghconnect.usecases import audit
from licensing.models import SavedView

# What of the list's address is kept.
PARTS = ("view", "q", "sort", "as_of")
# A menu of more is no help.
MOST = 50
LONGEST = 1000


class Refused(Exception):
    """It has no name, asks for everything, there are too many, or another of them has this name."""


def visible(enterprise: Enterprise, user: User) -> QuerySet[SavedView]:
    """Return one's own and the shared ones, by name."""
    mine = Q(user=user) | Q(user=None)
    return SavedView.objects.filter(mine, enterprise=enterprise).order_by("name", "pk")


def kept(query: str) -> str:
    """Return what is kept of a query of the list's address, "" where it asks for everything."""
    given = dict(parse_qsl(query.lstrip("?").replace("\0", "")[:LONGEST]))
    return urlencode({name: value for name in PARTS if (value := given.get(name, "").strip())})


@transaction.atomic
def save(*, enterprise: Enterprise, name: str, query: str, shared: bool, by: User | None) -> SavedView:
    """Keep a search under a name; of an equal name it takes the place. One that is not shared is `by`'s own.

    Raises Refused.
    """
    name, query, user = _name(name), kept(query), None if shared else by
    others = SavedView.objects.filter(enterprise=enterprise, user=user).exclude(name=name)
    if not name or not query or len(query) > LONGEST or others.count() >= MOST:
        raise Refused
    view, _made = SavedView.objects.update_or_create(
        enterprise=enterprise, user=user, name=name, defaults={"query": query}
    )
    _record("saved", view, by)
    return view


@transaction.atomic
def rename(*, view: SavedView, name: str, by: User | None) -> None:
    """Give it another name. Raises Refused."""
    name = _name(name)
    same = SavedView.objects.filter(enterprise=view.enterprise, user=view.user, name=name)
    if not name or same.exclude(pk=view.pk).exists():
        raise Refused
    view.name = name
    view.save(update_fields=["name"])
    _record("renamed", view, by)


@transaction.atomic
def delete(*, view: SavedView, by: User | None) -> None:
    """Forget it."""
    _record("deleted", view, by)
    view.delete()


def _name(text: str) -> str:
    return " ".join(text.replace("\0", "").split())[:80]


def _record(deed: str, view: SavedView, by: User | None) -> None:
    """Names and searches may hold addresses, which an audit log keeps for ever: it is told by number."""
    number, shared = f"view {view.pk}", view.user_id is None
    audit.record(f"saved_view.{deed}", by=by, enterprise=view.enterprise, subject=number, shared=shared)

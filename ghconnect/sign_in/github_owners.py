"""Which enterprises of this console somebody who signed in with GitHub owns there."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from allauth.socialaccount.models import SocialLogin
from django.conf import settings
from django.db.models import Q

from ghconnect.models import Enterprise, Role, Source
from ghconnect.outgoing import OperatorSession

from .github_places import graphql_url

# Enterprises asked about in one query.
MOST = 50


@dataclass(frozen=True, slots=True)
class Said:
    """What a provider says: the slugs it decides on, and the role in each of those it gives one in."""

    source: Source
    decides: Collection[str]
    roles: Mapping[str, Role]


def of(sociallogin: SocialLogin) -> Said:
    """Ask GitHub; raises requests.RequestException, which ends the sign-in with words.

    On a GHES host the site administrators are the enterprise owners, and `/user` says so; on GitHub.com and
    SUBDOMAIN.ghe.com `Enterprise.viewerIsAdmin` does (reference §12). Only enterprises whose account or server is at
    that place are decided on.
    """
    host = (urlsplit(settings.GHCONNECT_GITHUB_URL).hostname or "").lower()
    site_admin = bool(sociallogin.account.extra_data.get("site_admin"))
    on_server = set(Enterprise.objects.filter(servers__host=host).values_list("slug", flat=True))
    # An organization may be called as somebody else's enterprise is: its owners are no business of that one.
    known = Enterprise.objects.filter(_at(host)).exclude(
        Q(kind=Enterprise.Kind.ORGANIZATION) & ~Q(slug__in=on_server)
    )
    rows = list(known.distinct().order_by("pk")[:MOST])
    asked = {row.account_name: row.slug for row in rows if row.slug not in on_server}
    owned = {asked[name] for name in owned_at_github(list(asked), sociallogin.token.token)}
    owned |= on_server if site_admin else set()
    return Said(Source.GITHUB, [row.slug for row in rows], dict.fromkeys(owned, Role.OWNER))


def _at(host: str) -> Q:
    """Which enterprises live at that GitHub; the pretend one has its pages elsewhere than its machines."""
    pretend = settings.GHCONNECT_SANDBOX_URL
    if pretend and settings.GHCONNECT_GITHUB_URL.startswith(f"{pretend}/"):
        return Q(sandbox=True)
    return Q(host=host, sandbox=False) | Q(servers__host=host, sandbox=False)


def owned_at_github(slugs: list[str], token: str) -> set[str]:
    """Return those whose `viewerIsAdmin` is true; one that the viewer cannot see is null."""
    if not slugs:
        return set()
    named = {f"e{number}": slug for number, slug in enumerate(slugs)}
    parts = " ".join(f"{name}: enterprise(slug: ${name}) {{ viewerIsAdmin }}" for name in named)
    query = f"query({', '.join(f'${name}: String!' for name in named)}) {{ {parts} }}"
    with OperatorSession() as session:
        answer = session.post(
            graphql_url(settings.GHCONNECT_GITHUB_URL),
            json={"query": query, "variables": named},
            headers={"Authorization": f"Bearer {token}"},
        )
        answer.raise_for_status()
        data = answer.json().get("data") or {}
    return {slug for name, slug in named.items() if (data.get(name) or {}).get("viewerIsAdmin") is True}

"""Tab bars: each app registers its own tabs at start, so that `ghconnect` need not know `licensing`."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, replace

from django.urls import NoReverseMatch, reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from .access import OVERSEERS, READERS, Place

Counter = Callable[[Place], int | None]


@dataclass(frozen=True, slots=True)
class Tab:
    """One tab as registered; `roles` are those that can open it, lower `order` stands further left."""

    key: str
    icon: str
    label: str | Promise
    url_name: str
    order: int
    roles: Collection[str]
    counter: Counter | None = None


@dataclass(frozen=True, slots=True)
class Link:
    """One tab as shown; `count` is the number in its bubble, None for no bubble."""

    key: str
    icon: str
    label: str | Promise
    url: str
    current: bool = False
    count: int | None = None


_enterprise: dict[str, Tab] = {}
_server: dict[str, Tab] = {}
_settings: dict[str, Tab] = {}


def register_enterprise_tab(
    key: str,
    icon: str,
    label: str | Promise,
    url_name: str,
    order: int,
    roles: Collection[str],
    counter: Counter | None = None,
) -> None:
    """Add a tab to the bar of an enterprise; its URL takes `slug`."""
    _enterprise[key] = Tab(key, icon, label, url_name, order, roles, counter)


def register_server_tab(
    key: str,
    icon: str,
    label: str | Promise,
    url_name: str,
    order: int,
    roles: Collection[str],
    counter: Counter | None = None,
) -> None:
    """Add a tab to the bar of a server; its URL takes `slug` and `host`."""
    _server[key] = Tab(key, icon, label, url_name, order, roles, counter)


def register_settings_page(
    key: str, icon: str, label: str | Promise, url_name: str, order: int, roles: Collection[str] = OVERSEERS
) -> None:
    """Add a page to the left list of an enterprise's settings; its URL takes `slug`."""
    _settings[key] = Tab(key, icon, label, url_name, order, roles)


def bar(place: Place, path: str) -> list[Link]:
    """Return the one tab bar of this place: the server's inside a server, else the enterprise's."""
    if place.server is None:
        return _links(_enterprise, place, path, {"slug": place.enterprise.slug})
    return _links(_server, place, path, {"slug": place.enterprise.slug, "host": place.server.host})


def settings_pages(place: Place, path: str) -> list[Link]:
    """Return the left list of an enterprise's settings."""
    return _links(_settings, place, path, {"slug": place.enterprise.slug})


def mark_current(links: list[Link], path: str) -> list[Link]:
    """Mark the link that leads to `path` or to its closest parent."""
    above = [link.url for link in links if path == link.url or path.startswith(link.url.rstrip("/") + "/")]
    closest = max(above, key=len, default=None)
    return [replace(link, current=link.url == closest) for link in links]


def _links(tabs: dict[str, Tab], place: Place, path: str, where: dict[str, str]) -> list[Link]:
    """Return the tabs this viewer can open; one whose page is not installed is left out."""
    links = []
    for tab in sorted(tabs.values(), key=lambda tab: tab.order):
        if place.role not in tab.roles:
            continue
        try:
            url = reverse(tab.url_name, kwargs=where)
        except NoReverseMatch:
            continue
        count = tab.counter(place) if tab.counter else None
        links.append(Link(tab.key, tab.icon, tab.label, url, count=count))
    return mark_current(links, path)


register_enterprise_tab("settings", "gear", _("Settings"), "enterprise_settings", 90, OVERSEERS)
register_server_tab("connect", "plug", _("GitHub Connect"), "server_connect", 10, READERS)
register_server_tab("settings", "gear", _("Settings"), "server_settings", 90, OVERSEERS)
register_settings_page("profile", "organization", _("Profile"), "enterprise_settings", 10)
register_settings_page("github", "cloud", _("GitHub account"), "settings_github", 20)
register_settings_page("people", "people", _("People and roles"), "settings_people", 30)
register_settings_page("security", "shield-lock", _("Authentication security"), "settings_security", 40)
register_settings_page("tokens", "key", _("Access tokens"), "settings_tokens", 70)
register_settings_page("audit_log", "log", _("Audit log"), "settings_audit_log", 80)

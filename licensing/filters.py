"""Filters of consumed licenses as menus: a choice is a link that puts a qualifier into the search, or takes it out."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from difflib import get_close_matches

from django.core.cache import cache
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from ghconnect import wording
from ghconnect.models import Enterprise
from licensing.models import SavedView, SearchTerm
from licensing.rules import terms

from . import bridge, search

KEPT_SECONDS = 24 * 3600
# A menu of more is no help; the search takes any.
MOST = 100
STATES: dict[str, str | Promise] = {
    "dormant": gettext_lazy("Dormant"),
    "suspended": gettext_lazy("Suspended"),
    "never_active": gettext_lazy("Never signed in"),
}
ROLES: dict[str, str | Promise] = {
    "owner": gettext_lazy("Owner"),
    "member": gettext_lazy("Member"),
    "outside_collaborator": gettext_lazy("Outside collaborator"),
    "repository_collaborator": gettext_lazy("Repository collaborator"),
}
TYPES: dict[str, str | Promise] = {
    "enterprise": gettext_lazy("Enterprise"),
    "visual_studio": gettext_lazy("Visual Studio subscription"),
}


@dataclass(frozen=True, slots=True)
class Option:
    """One choice: its words, where it leads, and whether it holds now."""

    label: str
    href: str
    current: bool


@dataclass(frozen=True, slots=True)
class Menu:
    """A menu; `chosen` are the words of what holds now, "" for nothing."""

    id: str
    label: str
    options: list[Option]

    @property
    def chosen(self) -> str:
        """What of this menu the search asks for."""
        return next((option.label for option in self.options if option.current), "")


def menus(enterprise: Enterprise, typed: str, address: Callable[[str], str]) -> list[Menu]:
    """Return the menus for what is typed; `address` gives the list's address for another search."""
    rules = [*search.FAMILIES, *search.RULES]
    parts: list[tuple[str, str, str, Iterable[tuple[str, str | Promise]]]] = [
        ("accounts", _("Accounts"), "is", bridge.DEPLOYMENTS.items()),
        ("state", _("State"), "is", STATES.items()),
        ("server", _("Server"), "server", [(host.partition(".")[0], host) for host in hosts(enterprise)]),
        ("organization", _("Organization"), "org", [(name, name) for name in organizations(enterprise)]),
        ("role", _("Role"), "role", ROLES.items()),
        ("type", _("License type"), "type", TYPES.items()),
        ("rule", _("Matched by"), "matched-by", [(key, _rule(key)) for key in rules]),
        (
            "verdict",
            _("Verdict"),
            "verdict",
            [(key, wording.verdict(key)) for key in search.QUALIFIERS["verdict"]],
        ),
    ]
    return [
        Menu(
            f"filter-{key}",
            label,
            _options(typed, name, list(found), address),
        )
        for key, label, name, found in parts
        if found
    ]


def saved(views: Iterable[SavedView], list_url: str, manage_url: str, query: str) -> Menu:
    """Return the menu of saved views; its last choice saves what is shown, or leads to where they are kept."""
    options = [Option(view.name, f"{list_url}?{view.query}", view.query == query) for view in views]
    words = _("Save this view…") if query and not any(one.current for one in options) else _("Manage views…")
    return Menu("filter-saved", _("Saved views"), [*options, Option(words, f"{manage_url}?{query}", False)])


def _options(
    typed: str, name: str, found: list[tuple[str, str | Promise]], address: Callable[[str], str]
) -> list[Option]:
    """The choices of one menu; each takes the place of another of the same menu."""
    among = {value for value, _words in found} if search.QUALIFIERS[name] else ()
    return [
        Option(
            str(words),
            address(search.with_term(typed, name, value.replace("_", "-") if among else value, among)),
            search.asks(typed, name, value),
        )
        for value, words in found
    ]


def _rule(key: str) -> str:
    families = {"saml": _("Any SAML attribute"), "scim": _("Any SCIM attribute")}
    return families.get(key) or wording.rule(key)


def near(enterprise: Enterprise, typed: str) -> str:
    """Return the search with servers and organizations that are probably meant by those nobody has, "" for none."""
    known = {"org": organizations(enterprise), "server": []}
    for host in hosts(enterprise):
        known["server"] += [host.partition(".")[0], host]
    told = [_near(token, known) for token in search.tokens(typed)]
    return " ".join(told) if told != search.tokens(typed) else ""


def _near(token: str, known: dict[str, list[str]]) -> str:
    name, _colon, value = token.lower().partition(":")
    names = known.get(name.removeprefix("-"), [])
    begins = name.endswith("server") and any(one.startswith(value) for one in names)
    if not value or value in names or begins:
        return token
    return next((f"{name}:{one}" for one in get_close_matches(value, names, n=1, cutoff=0.75)), token)


def hosts(enterprise: Enterprise) -> list[str]:
    """Return the host names of servers."""
    return list(enterprise.servers.order_by("host").values_list("host", flat=True)[:MOST])


def organizations(enterprise: Enterprise) -> list[str]:
    """Return the organizations GitHub's report names, in lower case; read once for an edition."""
    key = f"organizations:{enterprise.pk}:{enterprise.created_at.timestamp()}:{enterprise.edition}"
    found: list[str] | None = cache.get(key)
    if found is None:
        start = terms.organization_term("")
        rows = SearchTerm.objects.filter(
            enterprise=enterprise, term__gte=start, term__lt=start + "\U0010ffff"
        )
        named = rows.order_by("term").values_list("term", flat=True).distinct()[:MOST]
        found = [terms.organization(term) for term in named]
        cache.set(key, found, KEPT_SECONDS)
    return found

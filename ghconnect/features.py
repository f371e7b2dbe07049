"""The registry through which a feature of GitHub Connect brings its consequences and its panels.

`ghconnect` knows that features are switched; what follows from a switch is registered by the app that
performs it (ENGINEERING §1). Callbacks run inside the use case's transaction with the server row locked.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.http import HttpRequest
from django.utils.functional import Promise

from .models import Server, User

Callback = Callable[..., None]
# A panel gives the template to include and its context, for a named slot of a page.
Shown = tuple[str, dict[str, Any]]
Panel = Callable[[HttpRequest, Server], Shown]


def nothing(**_: Any) -> None:
    """Follow a switch with nothing."""


@dataclass(frozen=True, slots=True)
class Feature:
    """A row of the GitHub Connect tab that this console performs.

    Callbacks take `server`, `by` (a User or None) and `now`. Slots of panels, all optional:

    - `feature_row`: words and links beside the dropdown, inside one muted span;
    - `account_box`: what GitHub says of the instance, inside one paragraph that a link to it ends;
    - `server_settings`: boxes of Server settings, below the token;
    - `switch_on`, `switch_off`: what the question before the switch says: `title`, `body`, `verb` and `help`
      (the line in the menu) in the context; the template, "" for none, stands below the body;
    - `disconnect`: `stays`, a sentence on what becomes of what was read; no template.
    """

    key: str
    label: str | Promise
    on_enable: Callback = nothing
    on_disable: Callback = nothing
    on_disconnect: Callback = nothing
    on_token_replaced: Callback = nothing
    on_server_leaving: Callback = nothing
    on_server_removed: Callback = nothing
    on_enterprise_token: Callback = nothing
    on_contract: Callback = nothing
    on_setting: Callback = nothing
    panels: Mapping[str, Panel] = field(default_factory=dict)

    def panel(self, slot: str, request: HttpRequest, server: Server) -> Shown | None:
        """Return what this feature shows in `slot`, if anything."""
        found = self.panels.get(slot)
        return found(request, server) if found else None


_registry: dict[str, Feature] = {}


def register(feature: Feature) -> None:
    """Add `feature`; called once per feature at start."""
    _registry[feature.key] = feature


def get(key: str) -> Feature | None:
    """Return the feature registered under `key`, if any."""
    return _registry.get(key)


def registered() -> list[Feature]:
    """Return the features this console performs, in the order they were registered."""
    return list(_registry.values())


def panels(slot: str, request: HttpRequest, server: Server) -> list[Shown]:
    """Return what every feature shows in `slot`."""
    return [shown for feature in registered() if (shown := feature.panel(slot, request, server))]


def token_replaced(*, server: Server, by: User | None) -> None:
    """Tell every feature that the server's token was replaced."""
    for feature in _registry.values():
        feature.on_token_replaced(server=server, by=by)


def enterprise_token_replaced(*, enterprise: Any, by: User | None) -> None:
    """Tell every feature that the enterprise got a token, its first or another."""
    for feature in _registry.values():
        feature.on_enterprise_token(enterprise=enterprise, by=by)


def contract_changed(*, enterprise: Any, by: User | None) -> None:
    """Tell every feature that another contract holds."""
    for feature in _registry.values():
        feature.on_contract(enterprise=enterprise, by=by)


def setting_changed(*, enterprise: Any, by: User | None) -> None:
    """Tell every feature that a setting which decides who consumes is another."""
    for feature in _registry.values():
        feature.on_setting(enterprise=enterprise, by=by)


def server_leaving(*, server: Server, by: User | None) -> None:
    """Tell every feature that the server is to go: one of them removes it when its accounts are counted out."""
    for feature in _registry.values():
        feature.on_server_leaving(server=server, by=by)


def server_removed(*, server: Server, by: User | None) -> None:
    """Tell every feature, before its rows go, that the server is removed from this console."""
    for feature in _registry.values():
        feature.on_server_removed(server=server, by=by)

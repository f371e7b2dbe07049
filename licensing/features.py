"""The feature this app performs, and the tabs it adds to the console's frame."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from ghconnect import features, summaries, tabs
from ghconnect.access import OVERSEERS, READERS, Place
from ghconnect.usecases import doctor

KEY = "license_usage_sync"


def register() -> None:
    """Fill the registries; called once at start."""
    from . import given_up, panels, questions
    from .usecases import recounts, schedule

    features.register(
        features.Feature(
            key=KEY,
            label=_("Server can sync user license count and usage"),
            on_enable=schedule.on_enable,
            on_disable=schedule.on_disable,
            on_disconnect=schedule.on_disable,
            on_token_replaced=schedule.on_token_replaced,
            on_server_leaving=recounts.on_server_leaving,
            on_server_removed=schedule.on_server_removed,
            on_enterprise_token=schedule.on_enterprise_token,
            on_contract=recounts.on_contract,
            on_setting=recounts.on_setting,
            panels={
                "feature_row": panels.feature_row,
                "account_box": panels.account_box,
                "server_settings": panels.server_settings,
                "switch_on": questions.switch_on,
                "switch_off": questions.switch_off,
                "disconnect": questions.disconnect,
            },
        )
    )
    summaries.register(panels.summarise)
    doctor.also(given_up.findings)
    register_tabs()


def register_tabs() -> None:
    """Add the tabs of an enterprise and of a server."""
    tabs.register_enterprise_tab("overview", "globe", _("Overview"), "overview", 10, READERS)
    tabs.register_enterprise_tab("fleet", "plug", _("GitHub Connect"), "fleet", 20, READERS, count_servers)
    tabs.register_enterprise_tab("licensing", "credit-card", _("Licensing"), "licensing", 30, READERS)
    tabs.register_settings_page("sources", "cloud", _("Read from GitHub"), "settings_sources", 22)
    tabs.register_settings_page("domains", "globe", _("Verified & approved domains"), "settings_domains", 24)
    tabs.register_settings_page("alerts", "bell", _("Alerts"), "settings_alerts", 40)
    tabs.register_server_tab("license", "credit-card", _("License"), "server_license", 20, READERS)
    tabs.register_server_tab("users", "people", _("Users"), "server_users", 30, OVERSEERS)


def count_servers(place: Place) -> int | None:
    """Return the number of servers for the tab's bubble, none for none."""
    return place.enterprise.servers.count() or None

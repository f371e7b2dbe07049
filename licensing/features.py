"""The feature this app performs, and the tabs it adds to the console's frame."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from ghconnect import features

KEY = "license_usage_sync"


def register() -> None:
    """Fill the registries; called once at start."""
    from . import questions
    from .usecases import recount, schedule

    features.register(
        features.Feature(
            key=KEY,
            label=_("Server can sync user license count and usage"),
            on_enable=schedule.on_enable,
            on_disable=schedule.on_disable,
            on_disconnect=schedule.on_disable,
            on_token_replaced=schedule.on_token_replaced,
            on_server_removed=schedule.on_server_removed,
            on_enterprise_token=schedule.on_enterprise_token,
            on_contract=recount.on_contract,
            panels={
                "switch_on": questions.switch_on,
                "switch_off": questions.switch_off,
                "disconnect": questions.disconnect,
            },
        )
    )

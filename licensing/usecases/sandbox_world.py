"""What pretend GitHub tells and takes: `/world.json`, `/clock`, and its control page's doors."""

from __future__ import annotations

from typing import Any

import requests
from django.conf import settings


def ask(path: str) -> dict[str, Any]:
    """Return a JSON document of pretend GitHub; raises requests.RequestException."""
    answer = requests.get(f"{settings.GHCONNECT_SANDBOX_URL}/{path}", timeout=60)
    answer.raise_for_status()
    found: dict[str, Any] = answer.json()
    return found


def control(deed: str, **values: str | int) -> None:
    """Do something to pretend GitHub, as a button of its control page does; raises requests.RequestException."""
    answer = requests.post(f"{settings.GHCONNECT_SANDBOX_URL}/control/{deed}", json=values, timeout=120)
    answer.raise_for_status()

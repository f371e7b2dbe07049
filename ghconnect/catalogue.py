"""The features of GitHub Connect as GitHub lists them, with its labels (reference §1.7)."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils import translation
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

# Keys are GitHub's own where they are public (`license_usage_sync`), else ours.
LABELS: dict[str, Promise] = {
    "license_usage_sync": _("Server can sync user license count and usage"),
    "dependabot_alerts": _("Users can receive vulnerability alerts for open source code dependencies"),
    "dependabot_updates": _("Users can easily upgrade to non-vulnerable open source code dependencies"),
    "dotcom_actions": _("Users can utilize actions from GitHub.com in workflow runs"),
    "server_statistics": _("Share server statistics with GitHub.com"),
    "unified_search": _("Users can search GitHub.com"),
    "unified_private_search": _("Users can search private repositories on GitHub.com"),
    "unified_contributions": _("Users can share contribution counts to GitHub.com"),
}


@dataclass(frozen=True, slots=True)
class Listed:
    """A row of the GitHub Connect page; `original` is GitHub's label, "" where `label` is that already."""

    key: str
    label: str
    original: str


def listed() -> list[Listed]:
    """Return the rows in GitHub's order, in the current language and with the label found on the instance."""
    labels = {key: str(label) for key, label in LABELS.items()}
    with translation.override("en"):
        originals = {key: str(label) for key, label in LABELS.items()}
    return [
        Listed(key, label, originals[key] if originals[key] != label else "") for key, label in labels.items()
    ]

"""Fills the registries of `ghconnect` at start."""

from django.apps import AppConfig


class LicensingConfig(AppConfig):
    """What licensing adds to the house: a feature with its callbacks, tabs and panels."""

    name = "licensing"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Register the feature, the tabs and the checks."""
        from . import checks, features  # noqa: F401 (checks register themselves)

        features.register()

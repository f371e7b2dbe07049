"""The project as an app."""

from django.apps import AppConfig


class GhconnectConfig(AppConfig):
    """Models and pages of enterprises, servers and connections."""

    name = "ghconnect"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Load Celery's application, so that every door of Django sends to the right broker; listen to others."""
        from . import celery, database, system_checks  # noqa: F401 (checks register themselves)
        from .sign_in import passwords, second_factor

        database.compile_no_queries()
        second_factor.note_changes()
        passwords.note_changes()

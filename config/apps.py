"""The project itself as an app, so that its system checks are registered."""

from django.apps import AppConfig


class ConfigConfig(AppConfig):
    """Registers the system checks of the settings."""

    name = "config"
    verbose_name = "Unitscope"

    def ready(self) -> None:
        """Load the checks."""
        from config import checks  # noqa: F401

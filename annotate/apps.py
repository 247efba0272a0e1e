"""The annotate app."""

from django.apps import AppConfig


class AnnotateConfig(AppConfig):
    """Whom we asked."""

    name = "annotate"
    verbose_name = "Annotate"

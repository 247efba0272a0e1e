"""The analysis app."""

from django.apps import AppConfig


class AnalysisConfig(AppConfig):
    """What is known about units."""

    name = "analysis"
    verbose_name = "Analysis"

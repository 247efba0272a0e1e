"""The admin site of what is known, and of the people who may know it."""

from analysis.admin import networks, people, runs

__all__ = ["networks", "people", "runs"]

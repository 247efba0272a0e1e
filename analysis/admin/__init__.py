"""The admin site of what is known, and of the people who may know it."""

from analysis.admin import people, runs

__all__ = ["people", "runs"]

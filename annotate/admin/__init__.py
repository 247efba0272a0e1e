"""The admin site of whom we asked. Answers and leases are read there, never written."""

from annotate.admin import answers, campaigns

__all__ = ["answers", "campaigns"]

"""Rows that the admin site shows and nobody edits."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest


class ReadOnlyAdmin(admin.ModelAdmin):  # type: ignore[type-arg]  # no generic at run time
    """Looks, lists and searches; neither adds, changes nor deletes."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Refuse: such a row is made by the service that checks it."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Refuse: what was said stays as it was said."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Refuse: counts and labels rest on these rows."""
        return False

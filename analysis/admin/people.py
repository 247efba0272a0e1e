"""Users, groups, tokens and sign-in attempts: staff may look, only an admin changes people."""

from typing import Any

from django.contrib import admin
from django.contrib.auth.admin import GroupAdmin, UserAdmin
from django.contrib.auth.models import Group, User
from django.db.models import Model
from django.http import HttpRequest

from analysis.models import ApiToken, SignInAttempts
from analysis.services.access import is_admin


class AdminsOnly:
    """Whatever rights somebody was given, only an admin adds, changes and deletes.

    Else staff with the right to change users could make itself superuser.
    """

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Return whether an admin asks."""
        return is_admin(request.user)

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Return whether an admin asks."""
        return is_admin(request.user)

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Return whether an admin asks."""
        return is_admin(request.user)


class PeopleAdmin(AdminsOnly, UserAdmin):  # type: ignore[type-arg]  # no generic at run time
    """Users, with the role that their group and flags make."""

    list_display = ("username", "role", "is_active", "last_login", "date_joined")
    list_filter = ("is_superuser", "is_active", "groups")

    @admin.display(description="role")
    def role(self, user: User) -> str:
        """Return what the user is here; the groups are fetched for the whole list."""
        if user.is_superuser:
            return "admin"
        return "researcher" if user.groups.all() else "worker"

    def get_queryset(self, request: HttpRequest) -> Any:
        """Fetch the groups along."""
        return super().get_queryset(request).prefetch_related("groups")

    def get_fieldsets(self, request: HttpRequest, obj: User | None = None) -> Any:
        """Show who only looks neither the password's hash nor single rights."""
        if is_admin(request.user):
            return super().get_fieldsets(request, obj)
        return [(None, {"fields": ("username", "is_active", "groups", "last_login")})]


class GroupsAdmin(AdminsOnly, GroupAdmin):
    """Groups."""


@admin.register(ApiToken)
class TokenAdmin(AdminsOnly, admin.ModelAdmin):  # type: ignore[type-arg]  # no generic at run time
    """Tokens: an admin may revoke any, nobody makes one for somebody else."""

    list_display = ("user", "name", "prefix", "created_at", "last_used_at")
    list_select_related = ("user",)
    fields = readonly_fields = list_display

    def has_view_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Return whether an admin asks."""
        return is_admin(request.user)

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Nobody: a token is shown to its owner only, once."""
        return False


@admin.register(SignInAttempts)
class AttemptsAdmin(AdminsOnly, admin.ModelAdmin):  # type: ignore[type-arg]  # no generic at run time
    """Attempts to sign in: deleting a row lets its person try again at once."""

    list_display = ("key", "count", "last_at", "blocked_until")
    fields = readonly_fields = list_display

    def has_view_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Return whether an admin asks."""
        return is_admin(request.user)

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Nobody: they are counted."""
        return False


admin.site.unregister(User)
admin.site.unregister(Group)
admin.site.register(User, PeopleAdmin)
admin.site.register(Group, GroupsAdmin)

admin.site.site_header = "Unitscope"
admin.site.site_title = "Unitscope admin"
admin.site.index_title = "Everything that is kept"

"""Networks, layers and image sets: notes may be edited, what was computed may not."""

from typing import Any

from django.contrib import admin, messages
from django.db.models import Model, QuerySet
from django.http import HttpRequest

from analysis import tasks
from analysis.models import ImageSet, Layer, Network
from analysis.services import image_sets, networks
from analysis.services.access import may_change
from analysis.services.registering import RegistrationRefused


class RegisteredAdmin(admin.ModelAdmin):  # type: ignore[type-arg]  # no generic at run time
    """Rows that services make and delete, for they have files."""

    ordering = ("-created_at",)

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Refuse: a page and a command register, and a worker inspects."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Return whether it is one's own, or an admin asks."""
        allowed = super().has_change_permission(request, obj)
        return allowed and (obj is None or may_change(request.user, obj))

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Refuse with the site's own way, which would leave the files; the page deletes."""
        return False


class LayersInline(admin.TabularInline):  # type: ignore[type-arg]  # no generic at run time
    """The layers of a network, to look at."""

    model = Layer
    extra = 0
    can_delete = False
    fields = readonly_fields = (
        "name",
        "module",
        "channels",
        "height",
        "width",
        "field_size",
        "field_stride",
        "field_offset",
    )

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Refuse: they are found."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Refuse: they are computed."""
        return False


@admin.register(Network)
class NetworkAdmin(RegisteredAdmin):
    """Networks."""

    list_display = ("slug", "arch", "state", "public", "synthetic", "created_by", "created_at")
    list_filter = ("state", "public", "synthetic")
    list_select_related = ("created_by",)
    search_fields = ("slug", "arch", "note")
    fields = (
        *("slug", "note", "public", "synthetic", "arch", "state", "error", "fingerprint"),
        *("weights", "preprocessing", "classes", "created_by", "created_at"),
    )
    # `public` has a switch of its own, which asks whether people are still asked about it.
    readonly_fields = tuple({*fields} - {"note", "synthetic"})
    inlines = [LayersInline]
    actions = ["inspect_again"]

    @admin.action(description="Inspect again what failed", permissions=["change"])
    def inspect_again(self, request: HttpRequest, rows: QuerySet[Network]) -> None:
        """Have a worker look once more, at those that one may change."""
        mine = [row for row in rows if may_change(request.user, row)]
        for row in [row for row in mine if networks.inspect_again(row)]:
            tasks.inspect_network.delay_on_commit(row.pk)
        messages.success(request, "What was not inspected waits for a worker.")


@admin.register(Layer)
class LayerAdmin(admin.ModelAdmin):  # type: ignore[type-arg]  # no generic at run time
    """Layers, to look at."""

    list_display = ("name", "network", "channels", "height", "width", "field_size", "field_stride")
    list_filter = ("network",)
    list_select_related = ("network",)
    search_fields = ("name", "module")

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Refuse: they are found."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Refuse: they are computed."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Refuse: they go with their network."""
        return False


@admin.register(ImageSet)
class ImageSetAdmin(RegisteredAdmin):
    """Image sets."""

    list_display = ("slug", "count", "refused", "state", "synthetic", "created_by", "created_at")
    list_filter = ("state", "synthetic")
    list_select_related = ("created_by",)
    search_fields = ("slug", "root", "note")
    fields = (
        *("slug", "note", "synthetic", "root", "count", "refused", "state", "error"),
        *("fingerprint", "scenes", "labels", "created_by", "created_at"),
    )
    readonly_fields = tuple({*fields} - {"note", "synthetic"})
    actions = ["import_again", "remove"]

    @admin.action(description="Import again what failed", permissions=["change"])
    def import_again(self, request: HttpRequest, rows: QuerySet[ImageSet]) -> None:
        """Have a worker read the folder once more, of those that one may change."""
        mine = [row for row in rows if may_change(request.user, row)]
        for row in [row for row in mine if image_sets.import_again(row)]:
            tasks.import_images.delay_on_commit(row.pk)
        messages.success(request, "What was not imported waits for a worker.")

    @admin.action(description="Delete, unless runs rest on it", permissions=["change"])
    def remove(self, request: HttpRequest, rows: QuerySet[ImageSet]) -> None:
        """Delete with the files, of those that one may change."""
        for row in [row for row in rows if may_change(request.user, row)]:
            try:
                image_sets.delete(row)
            except RegistrationRefused as refused:
                messages.error(request, str(refused))

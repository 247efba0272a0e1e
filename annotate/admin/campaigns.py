"""Campaigns and tasks in the admin site: to be opened elsewhere, paused and closed here."""

from typing import Any

from django.contrib import admin, messages
from django.contrib.auth.models import User
from django.db.models import QuerySet
from django.http import HttpRequest

from annotate.admin.read_only import ReadOnlyAdmin
from annotate.models import Campaign, Task
from annotate.services import campaigns


@admin.register(Campaign)
class CampaignAdmin(admin.ModelAdmin):  # type: ignore[type-arg]  # no generic at run time
    """Wording may be changed here; what its answers rest on may not."""

    list_display = (
        "slug",
        "title",
        "run",
        "state",
        "access",
        "simulated",
        "published",
        "created_at",
    )
    list_filter = ("state", "access", "simulated", "published")
    list_select_related = ("run",)
    search_fields = ("slug", "title")
    actions = ("pause", "close", "reopen")
    fields = (
        "slug", "title", "purpose", "guidelines", "network", "run", "state", "access",
        "answers_per_unit", "adaptive", "answers_least", "answers_most", "target_group",
        "target_concept_share", "target_width", "forecast", "images_per_task", "controls",
        "control_rule", "control_attempts", "minimum_kept", "control_band", "gold_first",
        "gold_least", "gold_units", "repeat_rate", "repeat_after", "lease_minutes",
        "practice_bar", "seed", "left_out", "synthetic", "simulated", "published",
        "pay_per_answer", "pay_per_hour", "currency", "fee",
        "created_by", "created_at",
    )  # fmt: skip
    changeable = {
        "title", "purpose", "guidelines", "control_rule", "control_attempts", "lease_minutes",
        "gold_first", "gold_least", "repeat_rate", "repeat_after",
    }  # fmt: skip

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        """Leave the wording and the patience open."""
        return [name for name in self.fields if name not in self.changeable]

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Refuse: a campaign without tasks asks nothing; its page and the command make both."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Refuse while it has answers: they would be lost."""
        if obj is not None and obj.tasks.filter(answers__isnull=False).exists():
            return False
        return super().has_delete_permission(request, obj)

    @admin.action(description="Pause", permissions=["change"])
    def pause(self, request: HttpRequest, queryset: QuerySet[Campaign]) -> None:
        """Pause the open ones."""
        self._turn(request, queryset, "paused")

    @admin.action(description="Close", permissions=["change"])
    def close(self, request: HttpRequest, queryset: QuerySet[Campaign]) -> None:
        """Close those that are not closed."""
        self._turn(request, queryset, "closed")

    @admin.action(description="Reopen", permissions=["change"])
    def reopen(self, request: HttpRequest, queryset: QuerySet[Campaign]) -> None:
        """Reopen the others."""
        self._turn(request, queryset, "open")

    def _turn(self, request: HttpRequest, queryset: QuerySet[Campaign], to: str) -> None:
        """Turn each by its service, and say how many turned."""
        turn = {"paused": campaigns.pause, "closed": campaigns.close, "open": campaigns.reopen}[to]
        by = request.user if isinstance(request.user, User) else None
        turned = 0
        for campaign in queryset.select_related("network"):
            try:
                turned += turn(campaign, by)
            except campaigns.CannotOpen as reason:
                self.message_user(request, str(reason), messages.ERROR)
        self.message_user(request, f"Campaigns {to} now: {turned}.")


@admin.register(Task)
class TaskAdmin(ReadOnlyAdmin):
    """One unit asked about, and how many answers it has."""

    list_display = ("unit", "campaign", "purpose", "answers_given", "answers_wanted")
    list_filter = ("purpose", "campaign")
    list_select_related = ("campaign", "unit__layer__network")

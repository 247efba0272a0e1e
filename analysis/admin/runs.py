"""Runs in the admin site: looked at, cancelled, resumed and woken; never edited."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.html import format_html

from analysis import tasks
from analysis.models import Job, Listener, LogLine, Run, Shard
from analysis.services import runs
from analysis.services.access import is_admin, is_researcher


class ReadOnly(admin.ModelAdmin):  # type: ignore[type-arg]  # no generic at run time
    """Looks, lists and searches; neither adds, changes nor deletes."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Refuse: such a row is made by the service that checks it."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Refuse: a run is what its recipe says."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Refuse: the run's page deletes it with its files."""
        return False


@admin.register(Run)
class RunAdmin(ReadOnly):
    """All runs; admins may act on several at once."""

    list_display = ("short_key", "network", "image_set", "state", "device", "created_by", "page")
    list_filter = ("state", "network", "image_set")
    search_fields = ("key", "network__slug", "image_set__slug")
    list_select_related = ("network", "image_set", "created_by")
    actions = ("cancel", "resume", "wake")

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Let researchers launch a run."""
        return is_researcher(request.user)

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """Launch on the page made for it, which knows what goes together."""
        return redirect("analysis:run_new")

    @admin.display(description="page")
    def page(self, run: Run) -> str:
        """Link to the page that shows its progress."""
        return format_html('<a href="/runs/{}/">watch</a>', run.short_key)

    @admin.action(description="Cancel", permissions=["act"])
    def cancel(self, request: HttpRequest, chosen: QuerySet[Run]) -> None:
        """Cancel what is not finished."""
        done = sum(runs.cancel(run) for run in chosen)
        self.message_user(request, f"{done} cancelled; what is finished is kept.")

    @admin.action(description="Resume", permissions=["act"])
    def resume(self, request: HttpRequest, chosen: QuerySet[Run]) -> None:
        """Go on with cancelled and failed runs."""
        freed = 0
        for run in chosen:
            freed += runs.resume(run)
            tasks.wake_run(run)
        self.message_user(request, f"{freed} shards are to do again.")

    @admin.action(description="Launch: wake the workers", permissions=["act"])
    def wake(self, request: HttpRequest, chosen: QuerySet[Run]) -> None:
        """Send wake-ups once more; this is done by itself every fifteen seconds."""
        for run in chosen:
            tasks.wake_run(run)
        self.message_user(request, "The workers are told.")

    def has_act_permission(self, request: HttpRequest) -> bool:
        """Let admins act on anybody's runs; others act on their own, on the run's page."""
        return is_admin(request.user)


@admin.register(Job)
class JobAdmin(ReadOnly):
    """The steps of runs."""

    list_display = ("run", "step", "state", "total", "attempt", "worker", "beat_at")
    list_filter = ("state", "step", "queue")
    search_fields = ("run__key",)
    list_select_related = ("run",)


@admin.register(Shard)
class ShardAdmin(ReadOnly):
    """The pieces of jobs: who has them, which attempt, what went wrong."""

    list_display = ("job", "number", "first", "last", "state", "done", "attempt", "worker", "error")
    list_filter = ("state", "job__step")
    search_fields = ("job__run__key", "error", "worker")
    list_select_related = ("job__run",)


@admin.register(LogLine)
class LogLineAdmin(ReadOnly):
    """The log of all runs."""

    list_display = ("at", "run", "level", "text")
    list_filter = ("level",)
    search_fields = ("run__key", "text")
    list_select_related = ("run",)
    ordering = ("-pk",)


@admin.register(Listener)
class ListenerAdmin(ReadOnly):
    """Worker processes that are alive."""

    list_display = ("name", "queues", "device", "started_at", "beat_at")

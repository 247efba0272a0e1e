"""Workers, leases, answers, decisions on words and the audit log in the admin site: to be read."""

from django.contrib import admin
from django.http import HttpRequest

from annotate.admin.read_only import ReadOnlyAdmin
from annotate.models import Answer, Assignment, AuditEntry, ConceptDecision, Review, Ruling, Worker


@admin.register(Worker)
class WorkerAdmin(ReadOnlyAdmin):
    """Who answers, by pseudonym; the hash of a link worker's secret is not shown."""

    list_display = ("pseudonym", "kind", "created_at")
    list_filter = ("kind",)
    search_fields = ("pseudonym",)
    fields = ("pseudonym", "kind", "created_at")
    readonly_fields = ("created_at",)

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:
        """Allow the list's own filters: by user, staff could look up whose pseudonym this is."""
        return lookup.partition("__")[0] in self.list_filter


@admin.register(Assignment)
class AssignmentAdmin(ReadOnlyAdmin):
    """Who holds, held or gave back which unit."""

    list_display = ("task", "worker", "state", "leased_at", "due_at", "attempts")
    list_filter = ("state", "task__campaign")
    list_select_related = ("task__campaign", "task__unit__layer__network", "worker")
    search_fields = ("worker__pseudonym",)


@admin.register(Answer)
class AnswerAdmin(ReadOnlyAdmin):
    """What was said; never changed."""

    list_display = (
        "task", "worker", "concept", "category", "controls_missed", "counts", "created_at",
    )  # fmt: skip
    list_filter = ("counts", "category", "task__campaign")
    list_select_related = ("task__campaign", "task__unit__layer__network", "worker")
    search_fields = ("concept", "worker__pseudonym")


@admin.register(Review)
class ReviewAdmin(ReadOnlyAdmin):
    """What researchers made of single answers; never changed."""

    list_display = ("answer", "verdict", "reviewer", "at", "end")
    list_filter = ("verdict", "end", "answer__task__campaign")
    list_select_related = ("answer__worker", "reviewer")
    search_fields = ("comment", "answer__worker__pseudonym")


@admin.register(ConceptDecision)
class ConceptDecisionAdmin(ReadOnlyAdmin):
    """What researchers decided about words; never changed, undone by another decision."""

    list_display = ("campaign", "sentence", "decided_by", "decided_at")
    list_filter = ("act", "campaign")
    list_select_related = ("campaign", "decided_by", "undoes")
    search_fields = ("concept", "name")


@admin.register(Ruling)
class RulingAdmin(ReadOnlyAdmin):
    """What was ruled of workers; never changed, followed by another ruling."""

    list_display = ("campaign", "worker", "state", "rule", "by_user", "at")
    list_filter = ("state", "campaign")
    list_select_related = ("campaign", "worker", "by_user")
    search_fields = ("worker__pseudonym",)


@admin.register(AuditEntry)
class AuditEntryAdmin(ReadOnlyAdmin):
    """Who did what to answers and workers; never changed."""

    list_display = ("campaign", "act", "by_user", "by_worker", "worker", "reason", "at")
    list_filter = ("act", "campaign")
    list_select_related = ("campaign", "by_user", "by_worker", "worker")
    search_fields = ("reason", "worker__pseudonym")

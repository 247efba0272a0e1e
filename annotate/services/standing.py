"""How a campaign stands: the numbers and the table of its page."""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Avg, Count, Exists, F, OuterRef, Q, QuerySet, Sum

from analysis.models import UnitSemantics
from annotate.models import Answer, Assignment, Campaign, Task

# At most half of the answers agree: somebody should look.
LITTLE = 0.5


@dataclass(frozen=True)
class LayerStanding:
    """How far one layer is."""

    name: str
    units: int
    complete: int
    given: int
    wanted: int

    @property
    def state(self) -> str:
        """Return the word that colours the bar."""
        return "done" if self.given >= self.wanted else ""


@dataclass(frozen=True)
class Standing:
    """How far a campaign is, and how well its workers agree."""

    layers: list[LayerStanding]
    units: int
    complete: int
    given: int
    wanted: int
    workers: int
    held: int
    labelled: int
    agreement: float | None
    disputed: int

    @property
    def is_complete(self) -> bool:
        """Tell whether every answer asked for is there."""
        return self.given >= self.wanted


@dataclass(frozen=True)
class UnitRow:
    """One line of the campaign's table: a unit, and what was made of its answers so far."""

    task: Task
    label: UnitSemantics | None

    @property
    def mark(self) -> str:
        """Say in a word or two why the label is not to be trusted yet; nothing if it may be."""
        if self.label is None:
            return ""
        if self.label.answers == 1:
            return "single answer"
        tied = [what for what in ("concept", "category") if self.label.details.get(what) == "tie"]
        if tied:
            return f"tie of {'concepts' if tied[0] == 'concept' else 'groups'}"
        return "disputed" if (self.label.agreement or 0) <= LITTLE else ""


def standing(campaign: Campaign, now: datetime) -> Standing:
    """Count everything the head of the page shows, in a handful of grouped queries."""
    rows = (
        campaign.tasks.asked()
        .order_by("unit__layer__position")
        .values(name=F("unit__layer__name"))
        .annotate(
            units=Count("pk"),
            complete=Count("pk", filter=Q(answers_given=F("answers_wanted"))),
            given=Sum("answers_given"),
            wanted=Sum("answers_wanted"),
        )
    )
    layers = [LayerStanding(**row) for row in rows]
    labels = labels_of(campaign)
    several = labels.filter(answers__gte=2)
    return Standing(
        layers=layers,
        units=sum(layer.units for layer in layers),
        complete=sum(layer.complete for layer in layers),
        given=sum(layer.given for layer in layers),
        wanted=sum(layer.wanted for layer in layers),
        workers=Answer.objects.counted(campaign).values("worker").distinct().count(),
        held=Assignment.objects.filter(task__campaign=campaign).live(now).count(),
        labelled=labels.count(),
        agreement=several.aggregate(mean=Avg("agreement"))["mean"],
        disputed=several.filter(agreement__lte=LITTLE).count(),
    )


def labels_of(campaign: Campaign) -> QuerySet[UnitSemantics]:
    """Return the labels that this campaign gave."""
    return UnitSemantics.objects.filter(source=campaign.source, origin=campaign.slug)


def tasks_to_show(campaign: Campaign, show: str = "", layer: str = "") -> QuerySet[Task]:
    """Return the campaign's tasks in the order of the network.

    ``show`` keeps the ``disputed`` (at most half of two or more answers agree), the ``labelled``
    or the ``waiting`` (not all answers there); anything else keeps all.
    """
    tasks = campaign.tasks.shown().select_related("unit__layer__network", "lesson")
    if layer:
        tasks = tasks.filter(unit__layer__name=layer)
    labels = labels_of(campaign).filter(unit=OuterRef("unit"))
    if show == "disputed":
        tasks = tasks.filter(Exists(labels.filter(answers__gte=2, agreement__lte=LITTLE)))
    elif show == "labelled":
        tasks = tasks.filter(Exists(labels))
    elif show == "waiting":
        tasks = tasks.filter(answers_given__lt=F("answers_wanted"))
    return tasks.order_by("unit__layer__position", "unit__channel")


def with_labels(campaign: Campaign, tasks: list[Task]) -> list[UnitRow]:
    """Return the tasks of one page of the table, each with its label."""
    units = [task.unit_id for task in tasks]
    labels = {label.unit_id: label for label in labels_of(campaign).filter(unit__in=units)}
    return [UnitRow(task, labels.get(task.unit_id)) for task in tasks]

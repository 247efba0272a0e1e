"""What the researcher's console shows: each network, image set, run and campaign as a card."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import Count, F, IntegerField, OuterRef, Q, QuerySet, Subquery, Sum
from django.db.models.functions import Coalesce

from analysis.models import OPEN, ImageSet, Network, Run, State, Unit
from analysis.services import labelled
from analysis.services.progress import RunProgress, StepProgress, progress
from annotate.models import Campaign, Task

# So many cards stand in a column; the admin site lists the rest.
NEWEST = 20


@dataclass(frozen=True)
class NetworkCard:
    """A network with how many of its units have a label."""

    network: Network
    layers: int
    units: int
    labelled: int
    runs: int

    @property
    def wants_run(self) -> bool:
        """Tell whether launching an analysis is what comes next."""
        ready = self.network.state == State.DONE and self.network.can_run
        return ready and self.layers > 0 and not self.runs


@dataclass(frozen=True)
class RunCard:
    """A run with the step it is at."""

    run: Run
    campaigns: int
    progress: RunProgress | None  # of unfinished runs only: it takes several queries

    @property
    def step(self) -> StepProgress | None:
        """Return the step that is worked on or waits."""
        steps = self.progress.steps if self.progress else ()
        return next((step for step in steps if step.state != State.DONE), None)

    @property
    def wants_campaign(self) -> bool:
        """Tell whether asking people is what comes next: about a run that has pictures."""
        drawn = "segment" in self.run.recipe.get("steps", ())
        return drawn and self.run.state == State.DONE and not self.campaigns


@dataclass(frozen=True)
class CampaignCard:
    """A campaign with how many answers it has."""

    campaign: Campaign
    units: int
    complete: int
    wanted: int
    given: int

    @property
    def is_complete(self) -> bool:
        """Tell whether every answer asked for is there."""
        return self.given >= self.wanted


@dataclass(frozen=True)
class Console:
    """The three columns."""

    networks: Sequence[NetworkCard]
    image_sets: Sequence[ImageSet]
    runs: Sequence[RunCard]
    campaigns: Sequence[CampaignCard]
    more: dict[str, int]  # how many are not shown, by column

    @property
    def seconds_to_next_look(self) -> int:
        """Return how soon the page should ask again: soon while a job runs, 0 for never."""
        states = [card.network.state for card in self.networks]
        states += [image_set.state for image_set in self.image_sets]
        states += [card.run.state for card in self.runs]
        if any(state in OPEN for state in states):
            return 3
        asked = [card for card in self.campaigns if card.campaign.state == Campaign.State.OPEN]
        return 15 if any(not card.is_complete for card in asked) else 0


def console() -> Console:
    """Read the console."""
    networks, runs = Network.objects.order_by("-created_at"), Run.objects.order_by("-created_at")
    image_sets = ImageSet.objects.order_by("-created_at")
    campaigns = Campaign.objects.order_by("-created_at")
    columns: dict[str, QuerySet[Network] | QuerySet[ImageSet] | QuerySet[Run] | QuerySet[Campaign]]
    columns = {"network": networks, "imageset": image_sets, "run": runs, "campaign": campaigns}
    return Console(
        networks=_networks(networks),
        image_sets=list(image_sets[:NEWEST]),
        runs=_runs(runs),
        campaigns=_campaigns(campaigns),
        more={name: max(0, rows.count() - NEWEST) for name, rows in columns.items()},
    )


def _count_of(rows: QuerySet[Unit] | QuerySet[Run] | QuerySet[Campaign], of: str) -> Coalesce:
    """Return a subquery that counts the rows of each thing named by ``of``."""
    counted = rows.filter(**{of: OuterRef("pk")}).order_by().values(of)
    counted = counted.annotate(count=Count("pk", distinct=True)).values("count")
    return Coalesce(Subquery(counted, output_field=IntegerField()), 0)


def _networks(rows: QuerySet[Network]) -> list[NetworkCard]:
    """Return the newest networks, counted in one query."""
    counted = rows.annotate(
        number_of_layers=Count("layers"),
        number_of_units=Coalesce(Sum("layers__channels"), 0),
        number_labelled=_count_of(labelled.units(), "layer__network"),
        number_of_runs=_count_of(Run.objects.exclude(state=State.CANCELLED), "network"),
    )
    return [
        NetworkCard(
            network=row,
            layers=row.number_of_layers,
            units=row.number_of_units,
            labelled=row.number_labelled,
            runs=row.number_of_runs,
        )
        for row in counted[:NEWEST]
    ]


def _runs(rows: QuerySet[Run]) -> list[RunCard]:
    """Return the newest runs; how far they are is read for those under way only."""
    counted = rows.select_related("network", "image_set").annotate(
        number_of_campaigns=_count_of(Campaign.objects.all(), "run")
    )
    return [
        RunCard(
            run=row,
            campaigns=row.number_of_campaigns,
            progress=progress(row) if row.state in OPEN else None,
        )
        for row in counted[:NEWEST]
    ]


def _campaigns(rows: QuerySet[Campaign]) -> list[CampaignCard]:
    """Return the newest campaigns, counted in one query."""
    newest = list(rows.select_related("network")[:NEWEST])
    counted = {
        row["campaign"]: row
        for row in Task.objects.asked()
        .filter(campaign__in=newest)
        .order_by()
        .values("campaign")
        .annotate(
            units=Count("pk"),
            complete=Count("pk", filter=Q(answers_given=F("answers_wanted"))),
            wanted=Sum("answers_wanted"),
            given=Sum("answers_given"),
        )
    }
    return [
        CampaignCard(
            campaign=campaign,
            units=row["units"] if (row := counted.get(campaign.pk)) else 0,
            complete=row["complete"] if row else 0,
            wanted=row["wanted"] or 0 if row else 0,
            given=row["given"] or 0 if row else 0,
        )
        for campaign in newest
    ]

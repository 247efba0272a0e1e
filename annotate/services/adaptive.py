"""How an adaptive campaign stands: how many units are sure, and what that saved."""

from collections.abc import Mapping
from dataclasses import dataclass

from django.db.models import Count, Sum

from annotate.core.planning import Outcome
from annotate.models import Campaign
from annotate.services.forecasting import Foreseen, compared, read


@dataclass(frozen=True)
class Asked:
    """Units by how they stand, and answers; ``by_answers`` is {answers: units} of what is settled.

    ``unmet`` counts the units that ended at the most answers, by the target that they missed.
    """

    units: int
    sure: int
    at_maximum: int
    given: int
    by_answers: Mapping[int, int]
    unmet: Mapping[str, int]

    @property
    def waiting(self) -> int:
        """How many units are asked about, or wait to be judged."""
        return self.units - self.sure - self.at_maximum

    @property
    def settled_answers(self) -> int:
        """How many answers the settled units took."""
        return sum(answers * units for answers, units in self.by_answers.items())

    @property
    def mean(self) -> float | None:
        """How many answers a settled unit took."""
        units = sum(self.by_answers.values())
        return self.settled_answers / units if units else None


@dataclass(frozen=True)
class Forecasted:
    """What was foreseen beside what came, and whether that is all of it."""

    foreseen: Foreseen
    outcomes: Mapping[str, Outcome]
    ended: bool


def asked(campaign: Campaign) -> Asked:
    """Count the units of an adaptive campaign."""
    tasks = campaign.tasks
    settled = tasks.sure() | tasks.at_maximum()
    rows = settled.order_by().values_list("answers_given").annotate(units=Count("pk"))
    every = tasks.asked().aggregate(units=Count("pk"), given=Sum("answers_given"))
    ended: dict[str, int] = {}
    for verdict in tasks.at_maximum().values_list("verdict", flat=True):
        for name in verdict["open"]:
            ended[name] = ended.get(name, 0) + 1
    return Asked(
        units=every["units"],
        sure=tasks.sure().count(),
        at_maximum=tasks.at_maximum().count(),
        given=every["given"] or 0,
        by_answers=dict(sorted(rows)),
        unmet=ended,
    )


def forecasted(campaign: Campaign) -> Forecasted | None:
    """Return a campaign's forecast beside what came; None where it was opened without one."""
    foreseen = read(campaign.forecast)
    if foreseen is None:
        return None
    open_ones = campaign.tasks.unsettled() if campaign.adaptive else campaign.tasks.unfinished()
    return Forecasted(foreseen, compared(campaign), not open_ones.exists())

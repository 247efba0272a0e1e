"""Who may be given units: where there is a practice round, whoever has passed it.

A campaign without a practice unit lets everybody work whom it admits. Simulated workers are
exempt: they answer campaigns of their own, and nobody teaches a program. Above all stands what was
ruled of a worker last: paused or ended he is given nothing, asked to practise again one more round.
"""

from dataclasses import dataclass, replace
from enum import StrEnum

from annotate.core.practice import ATTEMPTS
from annotate.models import Campaign, PracticeRound, Ruling, Worker
from annotate.services import questions


class Stage(StrEnum):
    """How far a worker is on the way to the first unit."""

    FREE = "free"  # nothing has to be passed
    NEW = "new"
    PRACTISING = "practising"
    AGAIN = "again"  # failed once, may try again
    PASSED = "passed"
    FAILED = "failed"
    ASKED = "asked"  # to practise once more
    STOPPED = "stopped"  # paused or ended


@dataclass(frozen=True)
class Standing:
    """A worker's stage, the round it rests on (the newest), and what was ruled of him last."""

    stage: Stage
    round: PracticeRound | None = None
    ruling: Ruling | None = None

    @property
    def may_work(self) -> bool:
        """Tell whether units may be given to him."""
        return self.stage in (Stage.FREE, Stage.PASSED)

    @property
    def may_begin(self) -> bool:
        """Tell whether a round may begin now."""
        return self.stage in (Stage.NEW, Stage.AGAIN, Stage.ASKED)

    @property
    def is_held_back(self) -> bool:
        """Tell whether a ruling keeps new units from him."""
        return self.ruling is not None and self.ruling.holds_back


def has_practice(campaign: Campaign) -> bool:
    """Tell whether the campaign has a practice round."""
    return questions.has_practice(campaign)


def standing_of(worker: Worker, campaign: Campaign) -> Standing:
    """Return how far this worker is."""
    ruling = questions.newest_ruling(worker, campaign)
    if ruling is None or not ruling.holds_back:
        return replace(_practised(worker, campaign), ruling=ruling)
    # Where the practice round was taken out since, nothing is left but to wait.
    if ruling.state != Ruling.State.PRACTISE or not has_practice(campaign):
        return Standing(Stage.STOPPED, ruling=ruling)
    under_way = PracticeRound.objects.filter(asked_by=ruling).first()
    stage = Stage.PRACTISING if under_way else Stage.ASKED
    return Standing(stage, under_way, ruling)


def _practised(worker: Worker, campaign: Campaign) -> Standing:
    """Return how far he is by the practice round alone."""
    if worker.kind == Worker.Kind.SIMULATED or not has_practice(campaign):
        return Standing(Stage.FREE)
    mine = PracticeRound.objects.filter(worker=worker, campaign=campaign)
    rounds = list(mine.order_by("attempt"))
    if not rounds:
        return Standing(Stage.NEW)
    if passed := next((one for one in rounds if one.passed), None):
        return Standing(Stage.PASSED, passed)
    newest = rounds[-1]
    if newest.finished_at is None:
        return Standing(Stage.PRACTISING, newest)
    return Standing(Stage.AGAIN if len(rounds) < ATTEMPTS else Stage.FAILED, newest)


def may_work(worker: Worker, campaign: Campaign) -> bool:
    """Tell whether units may be given to this worker."""
    return standing_of(worker, campaign).may_work

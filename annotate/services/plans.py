"""What is asked for when a campaign is opened: the plan that pages, command and API fill in."""

from collections.abc import Sequence
from dataclasses import dataclass, field, fields

from annotate.core.stopping import Targets
from annotate.models import Campaign
from annotate.models.asking import until_sure
from annotate.services.forecasting import Question, Stated


@dataclass(frozen=True)
class Plan:
    """What a campaign asks, of whom, and how strictly. The defaults are the paper's."""

    title: str = ""
    layers: Sequence[str] = ()  # names; none means every layer of the run
    units: Sequence[str] = ()  # "conv5/7" or "conv5/0-19"; none means every unit of the layers
    answers: int = 3
    images_per_task: int = 60
    controls: int = 3
    guidelines: str = ""
    purpose: str = ""
    access: str = Campaign.Access.MEMBERS
    control_rule: str = Campaign.ControlRule.LENIENT
    control_attempts: int = 3
    control_band: str = Campaign.ControlBand.ANY
    gold_first: int = 5
    gold_least: int = 25
    repeat_rate: int = 0
    repeat_after: int = 20
    minimum_kept: int = 10
    lease_minutes: int = 20
    method: str = Campaign.Method.MAJORITY
    tied: bool = False
    adaptive: bool = False  # then ``answers`` counts for nothing
    answers_least: int = 2
    answers_most: int = 5
    target_group: float | None = 0.9
    target_concept_share: float | None = None
    target_width: float | None = None
    stated: Stated = field(default_factory=Stated)
    seed: int = 0
    simulated: bool = False

    @property
    def question(self) -> Question:
        """How often each unit is asked about; raises ValueError for targets that cannot be."""
        if not self.adaptive:
            return self.answers
        return until_sure(
            Targets(
                minimum=self.answers_least,
                maximum=self.answers_most,
                group=self.target_group,
                concept_share=self.target_concept_share,
                width=self.target_width,
            )
        )


# What a plan and its campaign call by the same name.
SAME = tuple(one.name for one in fields(Plan) if hasattr(Campaign, one.name))

"""How often a campaign asks about each unit: so many times, or until it is sure enough."""

from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models

from annotate.core.stopping import Targets

MOST_ANSWERS = 1000
ONE_OR_MORE = [MinValueValidator(1), MaxValueValidator(MOST_ANSWERS)]


def until_sure(targets: Targets) -> Targets:
    """Return targets that a campaign can ask by.

    Raises:
        ValueError: none is set, so that every unit would stop at the least answers.
    """
    if not targets.limits:
        raise ValueError(
            f"no target is set, so that every unit would stop at {targets.minimum} answers: set "
            "one, or ask for a fixed number"
        )
    return targets


class Asking(models.Model):
    """What a campaign has of it. An empty target asks for nothing; see `core.stopping.Targets`."""

    adaptive = models.BooleanField(
        default=False, help_text="each unit is asked about until it is sure enough"
    )
    answers_least = models.PositiveIntegerField(default=2, validators=ONE_OR_MORE)
    answers_most = models.PositiveIntegerField(default=5, validators=ONE_OR_MORE)
    target_group = models.FloatField(
        null=True, blank=True, help_text="least probability of the group"
    )
    target_concept_share = models.FloatField(
        null=True, blank=True, help_text="least share of the answers with one concept"
    )
    target_width = models.FloatField(
        null=True, blank=True, help_text="greatest width of the precision's interval"
    )
    # What it was expected to take when it was opened: see `services.forecasting`.
    forecast = models.JSONField(default=dict, blank=True)

    class Meta:
        abstract = True

    @property
    def targets(self) -> Targets:
        """When a unit is sure enough; raises ValueError where that contradicts itself."""
        return Targets(
            minimum=self.answers_least,
            maximum=self.answers_most,
            group=self.target_group,
            concept_share=self.target_concept_share,
            width=self.target_width,
        )

    def clean(self) -> None:
        """Refuse targets that contradict each other, and asking until sure of nothing."""
        try:
            targets = self.targets
            if self.adaptive:
                until_sure(targets)
        except ValueError as error:
            raise ValidationError({"target_group": f"{error}."}) from error

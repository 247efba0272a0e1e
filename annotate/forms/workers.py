"""The researcher's forms about workers: the rules of a campaign, and what is ruled by hand."""

from typing import Any

from django import forms

from annotate.models import CampaignRules, Ruling
from annotate.services.rulings import LONGEST

_LIMITS = ("missed_above", "agreement_below", "pace_below")


class RulesForm(forms.ModelForm):  # type: ignore[type-arg]  # no generic at run time
    """Which limits hold, over which answers, and what follows; an empty limit is off."""

    class Meta:
        model = CampaignRules
        fields = [
            "missed_above", "missed_then", "agreement_below", "agreement_then",
            "pace_below", "pace_then", "minimum_answers", "window", "when_sure",
        ]  # fmt: skip
        labels = {
            "missed_above": "Misses more than … % of planted negatives",
            "missed_then": "then",
            "agreement_below": "Chooses the group of the others in less than … % of units",
            "agreement_then": "then",
            "pace_below": "Takes less than … % of the others’ middle time",
            "pace_then": "then",
            "minimum_answers": "From how many answers on",
            "window": "Over how many last answers",
            "when_sure": "Only when sure: the whole 95% interval is beyond the limit",
        }

    @property
    def limits(self) -> list[tuple[forms.BoundField, forms.BoundField]]:
        """Return each limit with its consequence."""
        return [(self[name], self[f"{name.partition('_')[0]}_then"]) for name in _LIMITS]

    def clean(self) -> dict[str, Any]:
        """Refuse a window that can never hold enough answers."""
        data: dict[str, Any] = super().clean() or self.cleaned_data
        least, window = data.get("minimum_answers"), data.get("window")
        if least and window and least > window:
            self.add_error(
                "window",
                f"The last {window} answers never are {least}: make this {least} or more.",
            )
        return data


class RulingForm(forms.Form):
    """What is to hold of a worker from now on, and why; the service says what is wrong with why."""

    state = forms.ChoiceField(
        choices=Ruling.State.choices,
        error_messages={
            "required": "Say what is to hold: active, practise, paused or ended.",
            "invalid_choice": "“%(value)s” is no state: active, practise, paused or ended.",
        },
    )
    # The service counts what is left after cleaning.
    reason = forms.CharField(required=False, max_length=4 * LONGEST)


class AnswerForm(forms.Form):
    """A researcher's answer to an appeal."""

    verdict = forms.ChoiceField(
        choices=[("uphold", "uphold"), ("go", "go")],
        error_messages={
            "required": "Say whether the ruling stays (uphold) or the worker may go on (go).",
            "invalid_choice": "“%(value)s” is no verdict: uphold or go.",
        },
    )
    reason = forms.CharField(required=False, max_length=4 * LONGEST)

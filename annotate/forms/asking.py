"""How often each unit is asked about, and what that will take: parts of two forms."""

from typing import Any

from django import forms

from annotate.core.planning import Pay
from annotate.core.stopping import Targets
from annotate.services.forecasting import SECONDS, Stated, shares
from annotate.services.plans import Plan

DEFAULT = Plan()
STEP = {"step": "any"}
MOST_MONEY = 100_000


class TargetsForm(forms.Form):
    """When a unit is sure enough. An empty target asks for nothing."""

    answers_least = forms.IntegerField(
        min_value=1,
        max_value=100,
        required=False,
        initial=DEFAULT.answers_least,
        label="Answers, at least",
        help_text="A unit is never sure before.",
    )
    answers_most = forms.IntegerField(
        min_value=1,
        max_value=100,
        required=False,
        initial=DEFAULT.answers_most,
        label="Answers, at most",
        help_text="Then asking ends, sure or not.",
    )
    target_group = forms.FloatField(
        required=False,
        initial=DEFAULT.target_group,
        label="Its group is this probable",
        help_text="From 0 to 1, by what the last count knows of who answered.",
        widget=forms.NumberInput(attrs=STEP),
    )
    target_concept_share = forms.FloatField(
        required=False,
        label="This share of answers has one concept",
        help_text="0.6 is met by two of three answers.",
        widget=forms.NumberInput(attrs=STEP),
    )
    target_width = forms.FloatField(
        required=False,
        label="Precision’s interval is this narrow",
        help_text="0.3 is .7 to 1. It never gets narrower than as many votes as images make it.",
        widget=forms.NumberInput(attrs=STEP),
    )

    def targets(self) -> Targets:
        """Return what was asked for; raises ValueError where that contradicts itself."""
        data = self.cleaned_data
        return Targets(
            minimum=data["answers_least"] or DEFAULT.answers_least,
            maximum=data["answers_most"] or DEFAULT.answers_most,
            group=data["target_group"],
            concept_share=data["target_concept_share"],
            width=data["target_width"],
        )


class ForecastForm(forms.Form):
    """What a forecast rests on where the past says too little, and what is paid."""

    seconds_from = forms.FloatField(
        min_value=0,
        max_value=86_400,
        required=False,
        initial=int(SECONDS[0]),
        label="Seconds an answer, from",
        help_text="The mean may lie anywhere between the two.",
    )
    seconds_to = forms.FloatField(
        min_value=0, max_value=86_400, required=False, initial=int(SECONDS[1]), label="to"
    )
    needed = forms.CharField(
        required=False,
        max_length=400,
        label="Shares of units by answers, %",
        help_text=(
            "2: 50, 3: 30, 5: 20. Left empty, half of the units are done after the least answers, "
            "half of the others after one more, and so on."
        ),
    )
    pay_per_answer = forms.FloatField(
        min_value=0, max_value=MOST_MONEY, required=False, initial=0, label="Paid for an answer"
    )
    pay_per_hour = forms.FloatField(
        min_value=0, max_value=MOST_MONEY, required=False, initial=0, label="Paid for an hour"
    )
    fee = forms.FloatField(
        min_value=0, max_value=300, required=False, initial=0, label="Platform’s fee, %"
    )
    currency = forms.RegexField(
        "^[A-Z]{3}$", required=False, initial="USD", help_text="Three capitals."
    )

    def clean_needed(self) -> dict[int, float]:
        """Return the shares that are stated."""
        try:
            return shares(self.cleaned_data["needed"])
        except ValueError as error:
            raise forms.ValidationError(f"{str(error)[:1].upper()}{str(error)[1:]}.") from error

    def clean(self) -> dict[str, Any]:
        """Refuse seconds of which the greater comes first."""
        data: dict[str, Any] = super().clean() or self.cleaned_data
        low, high = self._seconds(data)
        if low > high:
            self.add_error("seconds_to", f"Give {low:g} or more: it is the greater of the two.")
        return data

    def stated(self) -> Stated:
        """Return what was stated; call it on a valid form."""
        data = self.cleaned_data
        pay = Pay(
            per_answer=data["pay_per_answer"] or 0.0,
            per_hour=data["pay_per_hour"] or 0.0,
            fee=(data["fee"] or 0.0) / 100,
        )
        return Stated(self._seconds(data), data["needed"], pay, data["currency"] or "USD")

    @staticmethod
    def _seconds(data: dict[str, Any]) -> tuple[float, float]:
        low, high = data.get("seconds_from"), data.get("seconds_to")
        return (SECONDS[0] if low is None else low, SECONDS[1] if high is None else high)

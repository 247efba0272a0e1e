"""The forms of a campaign that runs: what it pays, more of it, the same again."""

from typing import Any

from django import forms

from annotate.models import Campaign
from annotate.services.extending import MOST_ANSWERS, More
from annotate.services.pay import Terms


class PayForm(forms.Form):
    """What an answer and an hour bring; both 0 where nobody is paid."""

    pay_per_answer = forms.DecimalField(
        min_value=0, max_digits=8, decimal_places=3, label="For an answer"
    )
    pay_per_hour = forms.DecimalField(
        min_value=0, max_digits=8, decimal_places=3, label="For an hour of work"
    )
    currency = forms.RegexField("^[A-Z]{3}$", label="Currency", help_text="Three capitals: USD.")
    fee = forms.DecimalField(
        min_value=0, max_value=300, max_digits=5, decimal_places=2, label="Platform’s fee, %"
    )

    @classmethod
    def of(cls, campaign: Campaign, data: Any = None) -> "PayForm":
        """Return the form filled with what the campaign pays now."""
        return cls(
            data, initial={name: getattr(campaign, name) for name in Terms.__dataclass_fields__}
        )

    def terms(self) -> Terms:
        """Return what was given; call it on a valid form."""
        return Terms(**self.cleaned_data)


class ExtendForm(forms.Form):
    """More answers for each unit, or further layers and units of the run."""

    answers = forms.IntegerField(
        max_value=MOST_ANSWERS,
        label="Answers per unit",
        help_text="In all. Units that have fewer are asked about again, of other workers.",
    )
    layers = forms.MultipleChoiceField(
        required=False,
        widget=forms.CheckboxSelectMultiple,
        label="Further layers",
    )
    units = forms.CharField(
        required=False,
        max_length=2000,
        label="Further units",
        help_text="conv5/7, conv5/20-39. Units that are asked about already stay as they are.",
    )

    def __init__(self, campaign: Campaign, data: Any = None) -> None:
        """Offer the layers of the run, and no fewer answers than now."""
        super().__init__(data, initial={"answers": campaign.answers_per_unit})
        self.fields["answers"].widget.attrs["min"] = campaign.answers_per_unit
        layers = self.fields["layers"]
        if isinstance(layers, forms.MultipleChoiceField) and campaign.run:
            layers.choices = [(one.name, one.name) for one in campaign.run.layers.all()]

    def more(self) -> More:
        """Return what was asked for; call it on a valid form."""
        data = self.cleaned_data
        units = [unit.strip() for unit in data["units"].split(",") if unit.strip()]
        return More(data["answers"], data["layers"], units)


class CloneForm(forms.Form):
    """The name of the copy, and whether its lessons come too."""

    slug = forms.SlugField(
        max_length=80, label="Name in addresses", help_text="Letters, digits, - and _."
    )
    lessons = forms.BooleanField(
        required=False, label="With its tutorial and practice round", initial=True
    )

    def clean_slug(self) -> str:
        """Say at its place that a name is taken."""
        slug: str = self.cleaned_data["slug"]
        if Campaign.objects.filter(slug=slug).exists():
            raise forms.ValidationError(f"A campaign {slug} exists already: choose another name.")
        return slug

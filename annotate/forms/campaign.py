"""The form that opens a campaign over a finished run."""

from typing import Any

from django import forms

from analysis.models import Run
from annotate.forms.asking import DEFAULT, ForecastForm, TargetsForm
from annotate.models import Campaign
from annotate.models.asking import until_sure
from annotate.services.plans import Plan

NUMBERS: dict[str, tuple[str, int, int, str]] = {
    # field: label, least, most, hint
    "answers": ("Answers per unit", 1, 100, "The paper asked three people about each unit."),
    "images_per_task": ("Images per unit", 12, 120, "60 fit on one screen."),
    "controls": (
        "Planted negatives",
        0,
        20,
        "Images that drive the unit least, hidden among the others to find careless answers.",
    ),
    "gold_first": (
        "Known units at first: 1 in",
        0,
        1000,
        "Units that you answer yourself, mixed in unseen: from the table of units, later. 0: none.",
    ),
    "gold_least": ("Known units at least: 1 in", 0, 1000, "For a worker who is always right."),
    "repeat_rate": (
        "Repeated units: 1 in",
        0,
        1000,
        "Asked of the same worker again, to compare him with himself. 0: none.",
    ),
    "repeat_after": ("Repeated after", 15, 10_000, "So many units at least lie between the two."),
    "control_attempts": ("Attempts", 1, 50, "After so many refusals a lenient campaign gives in."),
    "minimum_kept": ("Images to keep at least", 1, 120, "Fewer share no concept."),
    "lease_minutes": ("Minutes to hold a unit", 1, 1440, "Counted anew while a worker is active."),
}


class CampaignForm(TargetsForm, ForecastForm):
    """What to ask, of whom, how often and how strictly, and what a forecast rests on."""

    slug = forms.SlugField(
        max_length=80, label="Name in addresses", help_text="Letters, digits, - and _."
    )
    title = forms.CharField(max_length=200, required=False, help_text="As workers see it.")
    layers = forms.MultipleChoiceField(widget=forms.CheckboxSelectMultiple)
    units = forms.CharField(
        required=False,
        max_length=2000,
        label="Only these units",
        help_text="conv5/7, conv5/20-39; all units of the layers if left empty.",
    )
    adaptive = forms.BooleanField(
        required=False,
        label="Ask about each unit until it is sure enough",
        help_text=(
            "Instead of the same number for each. Unsure units go to those first who are right "
            "most often."
        ),
    )
    control_rule = forms.ChoiceField(
        choices=Campaign.ControlRule.choices, label="If a planted negative is left in"
    )
    control_band = forms.ChoiceField(
        choices=Campaign.ControlBand.choices,
        label="Planted from",
        help_text="All of them drive the unit less than nearly every other image of the set.",
    )
    method = forms.ChoiceField(
        choices=Campaign.Method.choices,
        required=False,
        label="Answers become labels by",
        help_text="May be changed at any time, on the page of agreement.",
    )
    tied = forms.BooleanField(
        required=False, label="Members are one kind of worker, link workers another"
    )
    access = forms.ChoiceField(
        choices=Campaign.Access.choices, widget=forms.RadioSelect, label="Who may work"
    )
    purpose = forms.CharField(
        max_length=300,
        required=False,
        label="What it pays, or why it matters",
        help_text="One sentence that workers read before they choose a campaign.",
    )
    guidelines = forms.CharField(
        required=False,
        max_length=20_000,
        widget=forms.Textarea(attrs={"rows": 8}),
        help_text="Markdown. Workers read it before they begin.",
    )

    def __init__(self, run: Run, data: Any = None) -> None:
        """Offer the layers of the run, all of them to begin with.

        Who only wants to know what it takes needs no name for it yet.
        """
        super().__init__(data)
        self.works_out = bool(data) and "work_out" in data
        self.fields["slug"].required = not self.works_out
        names = [layer.name for layer in run.layers.all()]
        for name, (label, least, most, hint) in NUMBERS.items():
            self.fields[name] = forms.IntegerField(
                label=label,
                min_value=least,
                max_value=most,
                help_text=hint,
                initial=getattr(DEFAULT, name),
            )
        layers = self.fields["layers"]
        if isinstance(layers, forms.MultipleChoiceField):
            layers.choices = [(name, name) for name in names]
        layers.initial = names
        self.fields["control_rule"].initial = DEFAULT.control_rule
        self.fields["control_band"].initial = DEFAULT.control_band
        self.fields["access"].initial = DEFAULT.access

    def clean_slug(self) -> str:
        """Say at its place that a name is taken."""
        slug: str = self.cleaned_data["slug"]
        if not self.works_out and Campaign.objects.filter(slug=slug).exists():
            raise forms.ValidationError(f"A campaign {slug} exists already: choose another name.")
        return slug

    def focus_first_fault(self) -> None:
        """Put the cursor into the first field that was refused."""
        for name in self.fields:
            if name in self.errors:
                self.fields[name].widget.attrs["autofocus"] = True
                return

    def clean(self) -> dict[str, Any]:
        """Refuse targets that contradict each other, at their place."""
        data = super().clean()
        self.fields["slug"].required = True  # shown again, the page asks for it
        if not self.errors:
            try:
                targets = self.targets()
                if data["adaptive"]:
                    until_sure(targets)
            except ValueError as error:
                self.add_error("target_group", f"{str(error)[:1].upper()}{str(error)[1:]}.")
        return data

    def plan(self) -> Plan:
        """Return what was asked for; call it on a valid form."""
        rests_on = ForecastForm.base_fields
        apart = {"slug", *rests_on}
        data = {name: value for name, value in self.cleaned_data.items() if name not in apart}
        data["method"] = data["method"] or DEFAULT.method
        for name in ("answers_least", "answers_most"):
            data[name] = data[name] or getattr(DEFAULT, name)
        units = [unit.strip() for unit in data.pop("units").split(",") if unit.strip()]
        return Plan(units=units, stated=self.stated(), **data)

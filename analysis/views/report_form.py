"""What is asked for with a report: to compare with, whose labels, above what, which licence."""

from collections.abc import Iterable, Mapping
from typing import Any

from django import forms
from django.db.models import QuerySet

from analysis.models import ImageSet, Network, Source
from analysis.services.meanings import THRESHOLD
from analysis.services.report_runs import Shown, there_are


class ReportForm(forms.Form):
    """The form on the page of a network's reports."""

    against = forms.ModelChoiceField(
        Network.objects.none(),
        required=False,
        to_field_name="slug",
        error_messages={"invalid_choice": "There is no such network that you may read."},
    )
    source = forms.ChoiceField(
        required=False,
        choices=[("", ""), *Source.choices],
        error_messages={"invalid_choice": "%(value)s is no source of labels."},
    )
    threshold = forms.FloatField(
        required=False,
        min_value=0,
        max_value=1,
        error_messages={"invalid": "The threshold must be a number from 0 to 1."},
    )
    images = forms.ChoiceField(
        required=False,
        error_messages={"invalid_choice": "%(value)s is no image set that a report may speak of."},
    )
    run = forms.ChoiceField(required=False)
    other_run = forms.CharField(required=False)
    licence = forms.CharField(required=False, max_length=300)

    def __init__(
        self,
        *args: Any,
        others: QuerySet[Network],
        sets: Iterable[ImageSet],
        runs: list[Shown],
        other_runs: Mapping[Network, list[Shown]],
        **kwargs: Any,
    ) -> None:
        """Offer networks to compare with, image sets to take objects from, and runs of each."""
        super().__init__(*args, **kwargs)
        self.other_runs = other_runs
        field, images, run = (self.fields[name] for name in ("against", "images", "run"))
        assert isinstance(field, forms.ModelChoiceField)  # for types
        assert isinstance(images, forms.ChoiceField)
        assert isinstance(run, forms.ChoiceField)
        field.queryset = others
        images.choices = [("", ""), *((one.slug, one.slug) for one in sets)]
        run.choices = [("", ""), *((one.run.short_key, one.words) for one in runs)]
        run.error_messages["invalid_choice"] = (
            f"%(value)s is no run of this network that has results. {there_are(runs)}"
        )

    def clean_other_run(self) -> str:
        """Insist that the run named is one of the network that is compared with."""
        key: str = self.cleaned_data["other_run"]
        against = self.cleaned_data.get("against")
        if not key or "against" in self.errors:
            return key
        if against is None:
            raise forms.ValidationError(
                f"{key} is to be the run of the network to compare with: choose that one too."
            )
        runs = self.other_runs.get(against, [])
        if key not in [one.run.short_key for one in runs]:
            raise forms.ValidationError(
                f"{key} is no run of {against} that has results. {there_are(runs)}"
            )
        return key

    def asked(self) -> dict[str, str]:
        """Return what is asked of the figures, as an address of findings has it."""
        data = self.cleaned_data
        share = data["threshold"]
        words = {
            prefix + name: data[name] for prefix in ("", "other_") for name in ("source", "images")
        }
        words |= {name: data[name] for name in ("run", "other_run")}
        if share is not None and share != THRESHOLD:
            words["threshold"] = f"{share:g}"
        return {name: value for name, value in words.items() if value}

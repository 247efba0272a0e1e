"""What is asked for with a report: to compare with, whose labels, above what, which licence."""

from typing import Any

from django import forms
from django.db.models import QuerySet

from analysis.models import Network, Source
from analysis.services.meanings import THRESHOLD


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
    licence = forms.CharField(required=False, max_length=300)

    def __init__(self, *args: Any, others: QuerySet[Network], **kwargs: Any) -> None:
        """Offer these networks to compare with."""
        super().__init__(*args, **kwargs)
        field = self.fields["against"]
        assert isinstance(field, forms.ModelChoiceField)  # for types
        field.queryset = others

    def asked(self) -> dict[str, str]:
        """Return what is asked of the figures, as an address of findings has it."""
        data = self.cleaned_data
        share = data["threshold"]
        words = {"source": data["source"], "other_source": data["source"]}
        if share is not None and share != THRESHOLD:
            words["threshold"] = f"{share:g}"
        return {name: value for name, value in words.items() if value}

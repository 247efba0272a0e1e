"""The form that chooses by which method a campaign's answers become labels."""

from django import forms

from annotate.models import Campaign


class MethodForm(forms.Form):
    """A method by its name, and whether kinds of workers are tied in it."""

    method = forms.ChoiceField(
        choices=Campaign.Method.choices,
        error_messages={
            "required": "Say which method to use.",
            "invalid_choice": "“%(value)s” is no method.",
        },
    )
    tied = forms.BooleanField(
        required=False, label="Members are one kind of worker, link workers another"
    )

"""The form behind every button of the concepts' page: which act, on which words."""

from django import forms
from django.contrib.auth.models import User

from annotate.models import Campaign, ConceptDecision
from annotate.services import concepts

Act = ConceptDecision.Act
NEEDED = {
    Act.MERGE: ("word", "concept"),
    Act.SPLIT: ("word", "concept"),
    Act.RENAME: ("concept", "name"),
    Act.UNDO: ("decision",),
}
ASKED = {
    "word": "Say which word it is about.",
    "concept": "Say which concept it is about.",
    "name": "Write the name to show.",
    "decision": "Say which decision to undo.",
}


class DecisionForm(forms.Form):
    """One act of a researcher on the words of a campaign."""

    act = forms.ChoiceField(
        choices=Act.choices,
        error_messages={
            "required": "Say what to do: merge, split, rename or undo.",
            "invalid_choice": "“%(value)s” is no act: merge, split, rename or undo.",
        },
    )
    word = forms.CharField(required=False, max_length=200)
    concept = forms.CharField(required=False, max_length=200)
    name = forms.CharField(required=False, max_length=200)
    decision = forms.IntegerField(required=False, min_value=1, max_value=2**62)

    def clean(self) -> None:
        """Ask for what the act needs."""
        for field in NEEDED.get(self.cleaned_data.get("act", ""), ()):
            if field not in self.errors and not self.cleaned_data.get(field):
                self.add_error(field, ASKED[field])

    def decide(self, campaign: Campaign, user: User) -> ConceptDecision:
        """Do what the form says.

        Raises
        ------
        concepts.DecisionRefused
            the form is not filled in rightly, or the decision cannot be; in a sentence.
        """
        if not self.is_valid():
            faults = (str(error) for errors in self.errors.values() for error in errors)
            raise concepts.DecisionRefused(next(faults))
        act, data = self.cleaned_data["act"], self.cleaned_data
        word, concept = data["word"], data["concept"]
        if act == Act.MERGE:
            return concepts.merge(campaign=campaign, word=word, into=concept, user=user)
        if act == Act.SPLIT:
            return concepts.split(campaign=campaign, word=word, concept=concept, user=user)
        if act == Act.RENAME:
            name = data["name"]
            return concepts.rename(campaign=campaign, concept=concept, name=name, user=user)
        return concepts.undo(campaign=campaign, decision=data["decision"], user=user)

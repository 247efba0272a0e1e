"""The form behind every button of the review queue: which verdict, and in which words."""

from datetime import datetime

from django import forms
from django.contrib.auth.models import User

from annotate.models import Answer, Review
from annotate.services import reviews

Verdict = Review.Verdict


class VerdictForm(forms.Form):
    """One act of a researcher on one answer."""

    verdict = forms.ChoiceField(
        choices=Verdict.choices,
        error_messages={
            "required": "Say what to do: accept, reject, restore or send back.",
            "invalid_choice": "“%(value)s” is no verdict: accept, reject, restore or send back.",
        },
    )
    comment = forms.CharField(required=False)

    def decide(self, answer: Answer, now: datetime, user: User) -> Review:
        """Do what the form says.

        Raises
        ------
        reviews.CannotReview
            the form is not filled in rightly, or the act cannot be; in a sentence.
        """
        if not self.is_valid():
            faults = (str(error) for errors in self.errors.values() for error in errors)
            raise reviews.CannotReview(next(faults))
        verdict, comment = self.cleaned_data["verdict"], self.cleaned_data["comment"]
        if verdict == Verdict.ACCEPT:
            return reviews.accept(answer, now, user)
        if verdict == Verdict.RESTORE:
            return reviews.restore(answer, now, user)
        act = reviews.reject if verdict == Verdict.REJECT else reviews.send_back
        return act(answer, comment, now, user)

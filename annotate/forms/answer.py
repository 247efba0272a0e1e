"""The worker's answer as a browser sends it: by script, or as a plain form with checkboxes."""

from collections.abc import Callable
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.http import QueryDict
from django.utils.translation import gettext as _

from annotate.services.submission import Given, Refused

# No task shows more than 120 images; a longer list is not from our page.
MOST_PLACES = 200
MOST_DIGITS = 4
# A browser's clock in milliseconds stays below this for ten thousand years.
NEWEST = 2**53


def values_of(posted: QueryDict) -> dict[str, Any]:
    """Return the form's values; without scripts the rejected images come as checkboxes."""
    values: dict[str, Any] = posted.dict()
    if boxes := posted.getlist("reject"):
        values["rejected"] = ",".join([values.get("rejected", ""), *map(str, boxes)])
    return values


class PlacesField(forms.Field):
    """Places in the task's items: ``3,17,41`` in one value, or a checkbox for each."""

    def __init__(self, what: str) -> None:
        """Remember what the list is called in a sentence."""
        super().__init__(required=False, widget=forms.MultipleHiddenInput)
        self.what = what

    def to_python(self, value: object) -> list[int]:
        """Return the numbers, in the order they came, once each."""
        values = value if isinstance(value, list) else [value or ""]
        words = [word.strip() for part in values for word in str(part).split(",") if word.strip()]
        if len(words) > MOST_PLACES:
            sentence = _("The list “%(list)s” names %(number)s images: reload the page.")
            raise ValidationError(sentence % {"list": self.what, "number": len(words)})
        for word in words:
            if not (word.isascii() and word.isdigit() and len(word) <= MOST_DIGITS):
                sentence = _(
                    "The list “%(list)s” holds %(word)s, which is no number of an image: "
                    "reload the page and try again."
                )
                raise ValidationError(sentence % {"list": self.what, "word": repr(word[:20])})
        return list(dict.fromkeys(int(word) for word in words))


class CountField(forms.Field):
    """A number that our script counts; what cannot be read counts as nothing, without an error."""

    def to_python(self, value: object) -> int:
        """Return the number between 0 and NEWEST."""
        text = str(value or "").split(".")[0]
        readable = text.isascii() and text.isdigit() and len(text) < len(str(NEWEST))
        return int(text) if readable else 0


class AnswerForm(forms.Form):
    """Reads an answer, or the draft of one. Whether it is a good answer, the service says."""

    concept = forms.CharField(required=False)
    category = forms.CharField(required=False, max_length=20)
    rejected = PlacesField("rejected")
    all_fit = forms.BooleanField(required=False)
    unseen = PlacesField("unseen")
    focused_seconds = CountField(required=False)
    version = CountField(required=False)

    def given(self) -> Given:
        """Return what was handed in; call it on a valid form."""
        data = self.cleaned_data
        return Given(
            concept=data["concept"],
            category=data["category"],
            rejected=data["rejected"],
            all_fit=data["all_fit"],
            unseen=data["unseen"],
            focused_seconds=data["focused_seconds"],
        )

    def hand_in(self, take: Callable[[Given], object]) -> dict[str, str]:
        """Have a service take the answer in; return what is wrong with it, by place of the page."""
        if not self.is_valid():
            return self.faults()
        try:
            take(self.given())
        except Refused as refusal:
            return refusal.errors
        return {}

    def draft(self) -> dict[str, Any]:
        """Return whatever could be read, for a draft or for showing the page again."""
        data = self.cleaned_data
        return {
            "concept": data.get("concept", str(self.data.get("concept", ""))),
            "category": data.get("category", ""),
            "rejected": data.get("rejected", []),
            "all_fit": data.get("all_fit", False),
            "unseen": data.get("unseen", []),
            "focused_seconds": data.get("focused_seconds", 0),
        }

    def faults(self) -> dict[str, str]:
        """Return one sentence for each place of the page that could not be read."""
        places = {"concept": "concept", "category": "category"}
        return {places.get(name, "images"): str(errors[0]) for name, errors in self.errors.items()}

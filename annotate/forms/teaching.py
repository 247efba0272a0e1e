"""The researcher's forms of teaching: guidelines, why an answer is right, the bar."""

import re

from django import forms

from annotate.services.lessons import LONGEST_GUIDELINES, LONGEST_WHY, MOST_PRACTISED, MOST_WORDS

BETWEEN = re.compile(r"[,;\n]")


class GuidelinesForm(forms.Form):
    """What workers read before they begin."""

    guidelines = forms.CharField(
        required=False,
        max_length=LONGEST_GUIDELINES,
        widget=forms.Textarea(attrs={"rows": 16}),
        help_text="Markdown: # heading, **bold**, - list, [words](https://…). "
        "HTML, pictures and scripts are left out.",
    )


class WhyForm(forms.Form):
    """Why the expert's answer is right, and which other words are as good."""

    why = forms.CharField(
        required=False,
        max_length=LONGEST_WHY,
        label="Why this answer is right",
        widget=forms.Textarea(attrs={"rows": 8}),
        help_text="Markdown. Workers read it beside the marked images.",
    )
    other_words = forms.CharField(
        required=False,
        max_length=MOST_WORDS * 100,
        label="Other words that are as good",
        help_text="couch, settee. Plurals, articles and slips of the pen are the same word anyway.",
    )

    def clean_other_words(self) -> list[str]:
        """Return the words between the commas."""
        text: str = self.cleaned_data["other_words"]
        return [word.strip() for word in BETWEEN.split(text) if word.strip()]


class BarForm(forms.Form):
    """How many points the practice round takes, and how many units it draws."""

    bar = forms.IntegerField(min_value=1, max_value=100, label="Points of 100 that pass")
    units = forms.IntegerField(
        min_value=0,
        max_value=MOST_PRACTISED,
        required=False,
        label="Units of a round",
        help_text="0: all. With twice as many ready, a second attempt asks others.",
    )

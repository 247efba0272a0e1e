"""English sentences that remember how they were made, so that an edge may say them otherwise."""

from typing import Self


class Sentence(str):
    """An English sentence: its template with %-places, and what stands in them.

    It is plain text for whoever asks no more of it. `annotate.services.languages.say` looks the
    template up in another language and fills in the same values.
    """

    template: str
    values: dict[str, object]

    def __new__(cls, template: str, **values: object) -> Self:
        """Make the sentence; without values the template is the sentence."""
        made = super().__new__(cls, template % values if values else template)
        made.template, made.values = template, values
        return made

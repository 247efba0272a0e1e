"""What an answer must be: the rules that the server checks, whatever a browser let through."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from annotate.core.sentences import Sentence
from annotate.core.words import clean_concept

CATEGORIES = ("simple", "texture", "region", "part", "object", "scene")
# Above this share of pictures that did not load, an answer says little about the unit.
MOST_UNSEEN = 0.25


@dataclass(frozen=True)
class Given:
    """What a worker hands in; indexes are places in the task's items, not places on the screen."""

    concept: str
    category: str
    rejected: list[int] = field(default_factory=list)
    all_fit: bool = False
    unseen: list[int] = field(default_factory=list)
    focused_seconds: int = 0

    def as_draft(self) -> dict[str, Any]:
        """Return it as a draft keeps it, so that nothing typed is lost when it is refused."""
        return {
            "concept": self.concept,
            "category": self.category,
            "rejected": list(self.rejected),
            "unseen": list(self.unseen),
            "all_fit": self.all_fit,
        }


@dataclass(frozen=True)
class Terms:
    """What one task asks of an answer to it."""

    shown: int
    controls: frozenset[int]
    minimum_kept: int
    controls_must_be_found: bool


def controls_missed(given: Given, controls: frozenset[int]) -> int:
    """Count planted negatives left in; one whose picture failed to load is not held against him."""
    return len(controls - set(given.rejected) - set(given.unseen))


def faults(given: Given, terms: Terms) -> dict[str, str]:
    """Return one sentence for each place of the page where the answer breaks a rule.

    Keys are ``concept``, ``category`` and ``images``. No sentence tells which image is planted,
    or how many are.
    """
    found: dict[str, str] = {}
    try:
        clean_concept(given.concept)
    except ValueError as error:
        found["concept"] = error.args[0]
    if given.category not in CATEGORIES:
        found["category"] = Sentence("Choose one of the six groups.")
    if images := _image_fault(given, terms):
        found["images"] = images
    return found


def _image_fault(given: Given, terms: Terms) -> str:
    """Return the first sentence about the images, or nothing."""
    for sentence in (
        _index_fault("rejected", given.rejected, terms.shown),
        _index_fault("unseen", given.unseen, terms.shown),
    ):
        if sentence:
            return sentence
    return _choice_fault(given) or _count_fault(given, terms)


def _index_fault(name: str, places: Sequence[int], shown: int) -> str:
    """Say which index is no place of the task; a boolean is no index either."""
    for place in places:
        if isinstance(place, bool) or not isinstance(place, int) or not 0 <= place < shown:
            return Sentence(
                "The list “%(list)s” names %(place)s: this unit has images 0 to %(last)s.",
                list=name,
                place=repr(place),
                last=shown - 1,
            )
    if len(set(places)) != len(places):
        return Sentence("The list “%(list)s” names an image twice.", list=name)
    return ""


def _choice_fault(given: Given) -> str:
    """Say when the marks and “all fit” contradict each other, or neither is there."""
    if given.all_fit and given.rejected:
        if len(given.rejected) == 1:
            return Sentence(
                "You said that all fit, but 1 image is marked as not fitting: undo one of the two."
            )
        return Sentence(
            "You said that all fit, but %(number)s images are marked as not fitting: "
            "undo one of the two.",
            number=len(given.rejected),
        )
    if not given.all_fit and not given.rejected:
        return Sentence("Mark the images that do not fit, or say that all fit.")
    return ""


def _count_fault(given: Given, terms: Terms) -> str:
    """Say when too few images were seen or kept, or a planted negative was left in."""
    unseen = len(set(given.unseen) - set(given.rejected))
    if unseen > MOST_UNSEEN * terms.shown:
        return Sentence(
            "%(unseen)s of %(shown)s pictures failed to load, too many for a fair answer: "
            "reload the page, or give the unit back.",
            unseen=unseen,
            shown=terms.shown,
        )
    kept = terms.shown - len(given.rejected) - unseen
    if kept < terms.minimum_kept:
        return Sentence(
            "You kept %(kept)s of %(shown)s images: keep at least %(least)s, "
            "or give the unit back if nothing joins that many.",
            kept=kept,
            shown=terms.shown,
            least=terms.minimum_kept,
        )
    if terms.controls_must_be_found and controls_missed(given, terms.controls):
        return Sentence(
            "At least one image that clearly does not fit is still in: look at all of them again."
        )
    return ""

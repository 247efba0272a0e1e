"""Which class of an image set's masks each concept means, as words alone say: found and kept."""

from collections.abc import Iterable

from analysis.core.matching import match
from analysis.core.wordnet import installed
from analysis.models import ConceptMatch, ImageSet
from analysis.services.dissection import class_names

How = ConceptMatch.How


class MatchRefused(ValueError):
    """A match that cannot be; the sentence says why."""


def matches(image_set: ImageSet, concepts: Iterable[str]) -> dict[str, ConceptMatch]:
    """Return the match of each concept; those not asked for before are found and kept."""
    wanted = sorted(set(concepts))
    known = _known(image_set, wanted)
    new = [found(image_set, concept) for concept in wanted if concept not in known]
    # A second request may write the same rows at this moment: the first to come stays.
    ConceptMatch.objects.bulk_create(new, ignore_conflicts=True)
    return _known(image_set, wanted) if new else known


def match_of(image_set: ImageSet, concept: str) -> ConceptMatch:
    """Return the match of one concept, however many blanks it was typed with.

    Raises:
        MatchRefused: an image set without masks, an empty concept or one that is too long.
    """
    if not class_names(image_set):
        raise MatchRefused(f"Image set {image_set} has no masks: there is no class to choose.")
    words = " ".join(concept.split())
    if not 0 < len(words) <= 80:
        raise MatchRefused("A concept has 1 to 80 letters.")
    return matches(image_set, [words])[words]


def _known(image_set: ImageSet, concepts: list[str]) -> dict[str, ConceptMatch]:
    rows = ConceptMatch.objects.filter(image_set=image_set, concept__in=concepts)
    return {row.concept: row for row in rows}


def found(image_set: ImageSet, concept: str) -> ConceptMatch:
    """Return what the words alone say about a concept, as a row that is not stored."""
    said = match(concept, dict(class_names(image_set)), installed())
    row = ConceptMatch(image_set=image_set, concept=concept, how=How.NONE)
    if said is not None:
        row.label, row.how, row.why = said.index, said.how, said.why[:300]
    return row

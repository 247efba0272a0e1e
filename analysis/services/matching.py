"""Which class of an image set's masks each concept means: found once, shown, and editable."""

from collections.abc import Iterable

from django.db import transaction

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
    new = [_found(image_set, concept) for concept in wanted if concept not in known]
    # A second request may write the same rows at this moment: the first to come stays.
    ConceptMatch.objects.bulk_create(new, ignore_conflicts=True)
    return _known(image_set, wanted) if new else known


def _known(image_set: ImageSet, concepts: list[str]) -> dict[str, ConceptMatch]:
    rows = ConceptMatch.objects.filter(image_set=image_set, concept__in=concepts)
    return {row.concept: row for row in rows}


def _found(image_set: ImageSet, concept: str) -> ConceptMatch:
    """Return what the words alone say about a concept."""
    found = match(concept, dict(class_names(image_set)), installed())
    row = ConceptMatch(image_set=image_set, concept=concept, how=How.NONE)
    if found is not None:
        row.label, row.how, row.why = found.index, found.how, found.why[:300]
    return row


@transaction.atomic
def decide(*, image_set: ImageSet, concept: str, label: int | None, who: str) -> ConceptMatch:
    """Write what a person says that a concept means; None: none of the classes.

    Raises:
        MatchRefused: an empty concept, or a class that the masks do not have.
    """
    words = " ".join(concept.split())
    if not 0 < len(words) <= 80:
        raise MatchRefused("A concept has 1 to 80 letters.")
    names = dict(class_names(image_set))
    if label is not None and label not in names:
        raise MatchRefused(f"The masks of {image_set} have no class {label}.")
    row, _ = ConceptMatch.objects.update_or_create(
        image_set=image_set,
        concept=words,
        defaults={"label": label, "how": How.PERSON, "why": f"{who} says so"},
    )
    return row


def forget(image_set: ImageSet, concept: str) -> bool:
    """Let the words speak again: what a person said about a concept is taken back."""
    row = ConceptMatch.objects.filter(image_set=image_set, concept=concept, how=How.PERSON).first()
    if row is None:
        return False
    row.delete()
    matches(image_set, [concept])
    return True

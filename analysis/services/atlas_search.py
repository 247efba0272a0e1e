"""Searching the atlas: in concepts, in what workers wrote, in the classes that machines found.

Every word of the search must stand in one and the same of these texts, in any case, anywhere.
What workers wrote is the researchers' own: for anybody else it is not looked at, or a search
would tell what the page hides.
"""

import json
from collections.abc import Iterable, Sequence
from typing import Any

from django.db.models import Count, Exists, OuterRef, Q, QuerySet, TextField
from django.db.models.functions import Cast

from analysis.core import wordnet
from analysis.models import ClassScore, Layer, State, Unit, UnitSemantics

MOST_WORDS = 8
CHOICES = 200  # concepts offered, the most frequent first
FAMILIES = 6
IN_FAMILIES = 100  # concepts looked at for them: each costs a process a millisecond, once


def has(
    units: QuerySet[Unit], text: str, *, sources: Sequence[str], reads_words: bool = False
) -> Q:
    """Return the condition that a unit has these words; `units` are those that may be found.

    Labels of these sources are looked at, and the best classes of finished runs whatever they are.
    """
    words = text.split()[:MOST_WORDS]
    labels = UnitSemantics.objects.filter(unit=OuterRef("pk"), source__in=sources)
    classes = ClassScore.objects.filter(unit=OuterRef("pk"), run__state=State.DONE)
    found = Q(Exists(labels.filter(_each("concept", words)))) | Q(
        Exists(classes.filter(_each("name", words)))
    )
    return found | Q(pk__in=_by_words(units, words, sources)) if reads_words else found


def _each(column: str, words: Iterable[str]) -> Q:
    """Return the condition that a text has all words."""
    found = Q()
    for word in words:
        found &= Q(**{f"{column}__icontains": word})
    return found


def _by_words(units: QuerySet[Unit], words: Sequence[str], sources: Sequence[str]) -> list[int]:
    """Return the keys of units of which a worker wrote these words.

    The database leaves out what cannot be it; pseudonyms and other details, which lie in the same
    column, are told from words here. Letters beyond ASCII are stored escaped by one database and
    plain by the other, so that only the others leave anything out.
    """
    rows = UnitSemantics.objects.filter(unit__in=units.order_by(), source__in=sources)
    rows = rows.annotate(told=Cast("details", TextField()))
    plain = [json.dumps(word)[1:-1] for word in words if word.isascii()]
    asked = rows.filter(_each("told", plain)).values_list("unit", "details__words")
    wanted = [word.casefold() for word in words]
    return [unit for unit, told in asked if any(_has_all(one, wanted) for one in _written(told))]


def _written(told: Any) -> Iterable[str]:
    """Return the words that workers wrote, of a label's details of whatever make."""
    if isinstance(told, list):
        return (str(one.get("concept", "")) for one in told if isinstance(one, dict))
    return ()


def _has_all(text: str, words: Sequence[str]) -> bool:
    folded = text.casefold()
    return all(word in folded for word in words)


def concepts_of(layers: Sequence[Layer]) -> list[str]:
    """Return the concepts that labels of these layers have, the most frequent first."""
    return concepts_in(UnitSemantics.objects.filter(unit__layer__in=layers))


def concepts_in(labels: QuerySet[UnitSemantics]) -> list[str]:
    """Return the concepts of these labels, the most frequent first."""
    counted = labels.order_by().values("concept").annotate(n=Count("pk"))
    return list(counted.order_by("-n", "concept").values_list("concept", flat=True))


def kinds_of(concept: str, concepts: Sequence[str]) -> list[str] | None:
    """Return which of the concepts are kinds of one; None where WordNet knows no such word."""
    words = wordnet.installed()
    return wordnet.kinds_among(concept, concepts, words) if words else None


def families_of(concepts: Sequence[str]) -> list[tuple[str, int]]:
    """Return a few families that several of these concepts belong to, with how many do."""
    words = wordnet.installed()
    return wordnet.families(concepts[:IN_FAMILIES], words, FAMILIES) if words else []

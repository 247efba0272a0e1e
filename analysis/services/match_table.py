"""The table of matches: which sets, which concepts, how each is matched, and its history."""

from collections import Counter
from collections.abc import Collection, Sequence
from typing import Any, NamedTuple

from django.db.models import Exists, OuterRef, Prefetch, QuerySet

from analysis.models import ConceptMatch, ImageSet, MatchDecision, Network, State, UnitSemantics
from analysis.services.access import Anybody, is_researcher
from analysis.services.atlas import readable_networks
from analysis.services.dissection import class_names
from analysis.services.localisation import named_units
from analysis.services.matching import How, found, matches

# The filters of the page: its word in the address, its words on the page.
FILTERS: dict[str, str] = {
    "": "all",
    How.NONE: "unmatched",
    How.NAME: "by name",
    How.WORDNET: "by WordNet",
    How.PERSON: "by a person",
}


class Entry(NamedTuple):
    """One decision in words: class names in place of indexes, None where there was no class."""

    decision: MatchDecision
    before: str | None
    after: str | None


class Row(NamedTuple):
    """A concept as the page shows it."""

    match: ConceptMatch
    units: int  # of the network, that have this name
    name: str | None  # of the class
    machine: str | None  # name of the class that the words alone say
    history: list[Entry]  # newest first
    may_undo: bool


def with_masks() -> QuerySet[ImageSet]:
    """Return the image sets whose masks have classes."""
    sets = ImageSet.objects.filter(state=State.DONE, labels__has_key="classes")
    return sets.exclude(labels__classes=[])


def image_sets(user: Anybody, shared: Collection[int] = ()) -> QuerySet[ImageSet]:
    """Return the sets with masks whose matches somebody may read; ``shared`` as in the atlas.

    Sets are researchers' own; others see those that a network was shown which they may read.
    """
    sets = with_masks()
    if is_researcher(user):
        return sets
    return sets.filter(runs__network__in=readable_networks(user, shared)).distinct()


def sets_of(network: Network, user: Anybody, shared: Collection[int] = ()) -> list[ImageSet]:
    """Return the sets to choose from on a network's page, those it was shown first."""
    shown = set(network.runs.values_list("image_set", flat=True))
    found_sets = [one for one in image_sets(user, shared) if one.pk in shown or is_researcher(user)]
    return sorted(found_sets, key=lambda one: (one.pk not in shown, one.slug))


def readable(
    image_set: ImageSet, user: Anybody, shared: Collection[int] = ()
) -> QuerySet[ConceptMatch]:
    """Return the matches of a set that somebody may read, with their histories.

    A concept tells what people said about some network: only those of networks that he may read.
    """
    history = MatchDecision.objects.select_related("user", "undoes").order_by("number")
    rows = ConceptMatch.objects.filter(image_set=image_set).select_related("image_set")
    rows = rows.prefetch_related(Prefetch("decisions", history))
    if is_researcher(user):
        return rows
    said = UnitSemantics.objects.filter(
        unit__layer__network__in=readable_networks(user, shared), concept=OuterRef("concept")
    )
    return rows.filter(Exists(said))


def concepts_of(network: Network) -> Counter[str]:
    """Return the names that units of a network have, and how many units have each."""
    layers = network.layers.order_by("position")
    return Counter(unit.concept for _, unit in named_units(network, layers))


def matches_of(network: Network, image_set: ImageSet) -> list[tuple[ConceptMatch, int]]:
    """Return the match of every concept of a network, by letter, with how many units it has."""
    units = concepts_of(network)
    found_matches = matches(image_set, units)
    by_letter = sorted(found_matches, key=lambda concept: (concept.casefold(), concept))
    return [(found_matches[concept], units[concept]) for concept in by_letter]


def rows(shown: Sequence[tuple[ConceptMatch, int]], image_set: ImageSet) -> list[Row]:
    """Return what the page shows of these matches of one set."""
    names = dict(class_names(image_set))
    of: dict[int, list[MatchDecision]] = {match.pk: [] for match, _ in shown}
    decisions = MatchDecision.objects.filter(match__in=of).select_related("user", "undoes")
    for decision in decisions.order_by("-number"):
        of[decision.match_id].append(decision)
    made = []
    for match, units in shown:
        by_person = match.how == How.PERSON
        machine = found(image_set, match.concept).label if by_person else match.label
        made.append(_row((match, units), names, machine, of[match.pk]))
    return made


def _row(
    shown: tuple[ConceptMatch, int],
    names: dict[int, str],
    machine: int | None,
    history: list[MatchDecision],
) -> Row:
    match, units = shown
    return Row(
        match,
        units,
        _name(names, match.label),
        _name(names, machine),
        [
            Entry(one, _name(names, one.before_label), _name(names, one.after_label))
            for one in history
        ],
        _may_undo(history),
    )


def _may_undo(history: list[MatchDecision]) -> bool:
    """Tell whether a decision stands that was not undone."""
    undone = {one.undoes_id for one in history}
    return any(one.undoes_id is None and one.pk not in undone for one in history)


def _name(names: dict[int, str], label: int | None) -> str | None:
    return None if label is None else names.get(label, f"class {label}")


def counts(shown: Sequence[tuple[ConceptMatch, int]]) -> list[dict[str, Any]]:
    """Return each filter with how many matches it keeps."""
    of = Counter(match.how for match, _ in shown)
    return [
        {"value": value, "words": words, "count": of[value] if value else len(shown)}
        for value, words in FILTERS.items()
    ]

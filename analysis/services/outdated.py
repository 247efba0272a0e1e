"""Whether a run of the step `localise` still has the matches as they are now."""

from collections.abc import Mapping
from typing import NamedTuple

from analysis.models import ConceptMatch, ImageSet, Network, Run, State
from analysis.services.localisation import named_units, things_of

LOOKED_AT = 20


class Outdated(NamedTuple):
    """A run, the concepts that mean another class by now, and a run that has them right."""

    run: Run
    concepts: list[str]
    instead: Run | None

    @property
    def is_done(self) -> bool:
        """Return whether the other run can be shown already."""
        return self.instead is not None and self.instead.state == State.DONE


def newest(network: Network, image_set: ImageSet) -> Run | None:
    """Return the run whose localisation was asked for last."""
    return next(iter(_runs(network, image_set)), None)


def outdated(run: Run) -> Outdated | None:
    """Return what has changed since a run was asked for; None where nothing has."""
    concepts = changed(run)
    if not concepts:
        return None
    others = (one for one in _runs(run.network, run.image_set) if one.pk != run.pk)
    layers = run.recipe.get("layers")
    same = (one for one in others if one.recipe.get("layers") == layers)
    return Outdated(run, concepts, next((one for one in same if not changed(one)), None))


def changed(run: Run) -> list[str]:
    """Return the concepts of a run that mean another class by now than when it was asked for.

    Units that got another name since are another matter, and not told here.
    """
    if "localise" not in run.recipe.get("options", {}):
        return []
    try:
        then = {thing.concept: thing.label for thing in things_of(run)}
    except ValueError:
        return []  # its names are gone or broken: nothing to compare with
    layers = run.layers.order_by("position")
    concepts = {unit.concept for _, unit in named_units(run.network, layers)}
    rows = ConceptMatch.objects.filter(image_set=run.image_set, concept__in=concepts)
    return sorted(row.concept for row in rows if _has_changed(row, then, run))


def _has_changed(row: ConceptMatch, then: Mapping[str, int], run: Run) -> bool:
    """Tell whether a match is not what it was.

    A concept that the run does not have was unmatched, or no unit had that name yet: only in the
    first case has somebody decided since.
    """
    if row.label == then.get(row.concept):
        return False
    return row.concept in then or (row.version > 0 and row.changed_at > run.created_at)


def _runs(network: Network, image_set: ImageSet) -> list[Run]:
    asked = Run.objects.filter(network=network, image_set=image_set, jobs__step="localise")
    asked = asked.exclude(state__in=(State.FAILED, State.CANCELLED))
    return list(asked.select_related("network", "image_set").order_by("-created_at")[:LOOKED_AT])

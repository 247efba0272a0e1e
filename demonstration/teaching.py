"""Lessons of the demonstration: worked units and a practice round whose answers come from masks.

Nobody has labelled these units: a program read the classes in the visible parts of their images
from the masks of the synthetic world. Every lesson is marked as machine-made and says so.
"""

from collections.abc import Callable
from dataclasses import dataclass

from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone

from annotate.core.rules import Given
from annotate.core.simulation import NOTICED, SHOWN, SURFACES, SYNONYMS, Seen, commonest
from annotate.models import Assignment, Campaign, Lesson, Task
from annotate.services import lessons
from annotate.services.simulation import Looks

WORKED, PRACTISED = 3, 2
LEFT = 3  # a campaign that keeps fewer units to ask about is too small to teach in
LOOKED_AT = 24  # units: looking at one takes sixty pictures and their masks
FEWEST_MARKS, FEWEST_KEPT = 3, 0.5


@dataclass(frozen=True)
class Clear:
    """A unit whose concept the masks tell, and how clearly: the share of images beyond doubt."""

    task: Task
    name: str
    given: Given
    clearness: float


def teach(campaign: Campaign, user: User, say: Callable[[str], None]) -> None:
    """Make the lessons of a campaign that nobody has touched; what stands is left alone."""
    taught = Lesson.objects.filter(task__campaign=campaign).exists()
    if taught or Assignment.objects.filter(task__campaign=campaign).exists():
        return
    if campaign.tasks.count() < WORKED + PRACTISED + LEFT:
        return
    chosen = choose(_clear(campaign))
    if len(chosen) < WORKED + PRACTISED:
        say(f"Of {LOOKED_AT} units only {len(chosen)} are clear by the masks: nothing is taught.")
        return
    with transaction.atomic():
        for place, one in enumerate(chosen):
            kind = Lesson.Kind.TUTORIAL if place < WORKED else Lesson.Kind.PRACTICE
            made = lessons.make_lesson(one.task, kind, timezone.now(), user)
            lessons.label(made, one.given, timezone.now(), machine_made=True)
            lessons.explain(made, why(one), SYNONYMS.get(one.name, ()))
    say(f"Made {WORKED} worked units and a practice round of {PRACTISED} from the masks.")


def choose(found: list[Clear]) -> list[Clear]:
    """Return the clearest units, as many as are taught: of as many concepts as there are."""
    by_clearness = sorted(found, key=lambda one: -one.clearness)
    first: dict[str, Clear] = {}
    for one in by_clearness:
        first.setdefault(one.name, one)
    others = [one for one in by_clearness if first[one.name] is not one]
    return [*first.values(), *others][: WORKED + PRACTISED]


def expert(seen: Seen) -> tuple[str, Given, float] | None:
    """Return class, answer and clearness that the masks give; None where they give no concept."""
    named = commonest(seen)
    if not named:
        return None
    name, share = seen.names[named[0]], seen.shares[:, named[0]]
    rejected = [place for place, filled in enumerate(share) if filled < SHOWN]
    kept = 1 - len(rejected) / len(share)
    if len(rejected) < FEWEST_MARKS or kept < FEWEST_KEPT:
        return None
    category = "region" if name in SURFACES else "object"
    doubtful = ((share >= SHOWN / 2) & (share < NOTICED)).mean()
    return name, Given(name, category, rejected), float(1 - doubtful)


def why(one: Clear) -> str:
    """Return the reason in words, with the numbers that it rests on."""
    shown, marked = len(one.task.items), len(one.given.rejected)
    is_surface = one.given.category == "region"
    what = f"a {'surface' if is_surface else 'whole thing'}, so its group is *{one.given.category}*"
    return (
        f"**{one.name.capitalize()}**: the bright parts of {shown - marked} of {shown} images show "
        f"it. It is {what}.\n\n"
        f"The {marked} marked images show none, or so little that it fills less than {SHOWN:.0%} "
        "of the bright part.\n\n"
        "*Nobody labelled this unit: the answer is computed from the masks of this synthetic "
        "world. A person would now and then decide otherwise.*"
    )


def _clear(campaign: Campaign) -> list[Clear]:
    """Look at the first units of a campaign, and return those that the masks explain."""
    looks = Looks(campaign)
    tasks = campaign.tasks.order_by("pk")[:LOOKED_AT]
    return [Clear(task, *said) for task in tasks if (said := expert(looks.at(task)))]

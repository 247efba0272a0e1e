"""Simulated workers: they look at the same pictures as people, and answer through the same door.

They lease and submit as people do, so whatever is tested on them holds for people. Their answers
stay in campaigns that are marked as simulated, and become labels of the source "simulated".
"""

import io
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
from django.db import transaction
from django.utils import timezone
from jaxtyping import Bool
from PIL import Image

from analysis.core.images import Preprocessing, below, open_mask
from analysis.models import ImageSet, TopImage
from analysis.services import files
from analysis.services.pictures import picture_file
from annotate.core.rules import Given
from annotate.core.simulation import Seen, Temper, answer, temper_of
from annotate.models import Answer, Assignment, Campaign, Task, Worker
from annotate.services import consensus, stopping, truth
from annotate.services.assignments import claim, give_back
from annotate.services.submission import Refused, submit
from annotate.services.workers import new_simulated_worker

# Darkened places have a fifth of their light: whatever has more than half of it is visible.
VISIBLE = 0.5
DARK = 12  # of 255: a place as dark as this cannot be judged
TRIES = 6


class CannotSimulate(ValueError):
    """A campaign that simulated workers may not or cannot answer, with the reason."""


@dataclass(frozen=True)
class Simulated:
    """What a simulation did."""

    workers: int
    answers: int
    given_back: int
    labelled: int


def simulate(campaign: Campaign, *, workers: int = 6, seed: int = 0) -> Simulated:
    """Let simulated workers answer a campaign to its end, then publish it.

    A simulation that was broken off goes on with its workers. The same seed gives the same
    answers to the same rows.

    Raises:
        CannotSimulate: it is a people's campaign with work in it, it is not open, fewer workers
            than answers for each unit, or the image set has no masks to look at.
    """
    _insist_on(campaign, workers)
    answers = given_back = 0
    if campaign.tasks.unfinished().exists():
        crowd = _crowd(campaign, workers)
        looks = Looks(campaign)
        crew = [
            Simulant(crowd[number], temper_of(number, workers), (seed, number))
            for number in range(workers)
        ]
        answers, given_back = _work(campaign, crew, looks)
        # Judged by what these workers are worth, units may want more; each round adds answers.
        while campaign.adaptive and _count(campaign):
            more, back = _work(campaign, crew, looks)
            answers, given_back = answers + more, given_back + back
            if not more:
                break
    labelled = consensus.publish(campaign)
    return Simulated(workers, answers, given_back, labelled)


def _work(campaign: Campaign, crew: Sequence["Simulant"], looks: "Looks") -> tuple[int, int]:
    """Let everybody work in turn until nobody gets a unit; return answers, and units given back."""
    answers = given_back = 0
    at_work = list(crew)
    while at_work:
        for worker in list(at_work):
            outcome = worker.work(campaign, looks)
            if outcome is None:
                at_work.remove(worker)
            else:
                answers += outcome
                given_back += not outcome
    return answers, given_back


def _count(campaign: Campaign) -> bool:
    """Learn what the workers are worth, judge all units by it, and tell whether any wants more."""
    truth.renew(campaign, timezone.now())
    return campaign.tasks.unfinished().exists()


class Looks:
    """What the visible parts of a task's pictures show; each task is looked at once."""

    def __init__(self, campaign: Campaign) -> None:
        """Prepare to look at the pictures of a campaign's run."""
        run = campaign.run_shown
        self.image_set: ImageSet = run.image_set
        self.preparation = Preprocessing.from_json(run.network.preprocessing)
        classes = self.image_set.labels["classes"]
        self.names = [str(one["name"]) for one in classes]
        self.column = {int(one["index"]): column for column, one in enumerate(classes)}
        self.void = self.image_set.labels.get("void_index")
        self.known: dict[int, Seen] = {}

    def at(self, task: Task) -> Seen:
        """Return what is to be seen in a task's items."""
        if task.pk not in self.known:
            rows = TopImage.objects.select_related("image", "segment").in_bulk(task.items)
            shares = np.stack([self._shares(rows[pk]) for pk in task.items])
            self.known[task.pk] = Seen(shares, self.names)
        return self.known[task.pk]

    def _shares(self, top: TopImage) -> np.ndarray:
        """Return the share of each class in the visible part of one picture."""
        shares = np.zeros(len(self.names))
        if not top.image.mask:
            return shares
        visible = visible_part(top.segment.token)
        mask = open_mask(below(self._root, top.image.mask))
        height, width = visible.shape
        box = self.preparation.box(mask.shape[1], mask.shape[0])
        shown = Image.fromarray(mask.astype(np.int32)).resize(
            (width, height), Image.Resampling.NEAREST, box=box
        )
        values, counts = np.unique(np.asarray(shown)[visible], return_counts=True)
        for value, count in zip(values.tolist(), counts.tolist(), strict=True):
            if value in self.column and value != self.void:
                shares[self.column[value]] = count
        return shares / max(int(visible.sum()), 1)

    @property
    def _root(self) -> Path:
        return Path(self.image_set.root)


def visible_part(token: str) -> Bool[np.ndarray, "height width"]:
    """Return which pixels of a segmented picture are left as they are, by comparing the two."""
    plain, cut = (
        np.asarray(
            Image.open(io.BytesIO(files.read(picture_file(token, kind, "tile")))).convert("L")
        )
        for kind in ("plain", "segmented")
    )
    return (cut > VISIBLE * plain) & (plain > DARK)


@dataclass(frozen=True)
class Simulant:
    """One simulated worker at one campaign."""

    worker: Worker
    temper: Temper
    seed: tuple[int, int]

    def work(self, campaign: Campaign, looks: Looks) -> bool | None:
        """Lease and answer one unit: True if it was taken in, False if given back, None if none."""
        now = timezone.now()
        assignment = claim(self.worker, campaign, now)
        if assignment is None:
            return None
        seen = looks.at(assignment.task)
        unit = assignment.task.unit
        rng = np.random.default_rng([*self.seed, unit.layer.position, unit.channel])
        for attempt in range(TRIES):
            given = answer(seen, self.temper, attempt, rng)
            # He says how long it took; the clock of the server cannot be put forward.
            if self._hand_in(assignment, given, now):
                # People's answers are judged by a worker process, after they are taken in.
                stopping.judge_task(assignment.task, timezone.now())
                return True
        give_back(assignment, timezone.now())
        return False

    def _hand_in(self, assignment: Assignment, given: Given, now: datetime) -> bool:
        try:
            submit(assignment, given, now + timedelta(seconds=given.focused_seconds))
        except Refused as refused:
            if "assignment" in refused.errors:
                raise
            return False
        return True


def _crowd(campaign: Campaign, workers: int) -> list[Worker]:
    """Return the workers of a broken-off simulation, and new ones to make up the number."""
    before = Worker.objects.filter(kind=Worker.Kind.SIMULATED, assignments__task__campaign=campaign)
    crowd = list(before.distinct().order_by("pk")[:workers])
    return crowd + [new_simulated_worker() for _ in range(workers - len(crowd))]


def _insist_on(campaign: Campaign, workers: int) -> None:
    """Refuse what must not or cannot be simulated; mark an untouched campaign as simulated."""
    if campaign.published:
        raise CannotSimulate(f"{campaign.slug} holds published answers: nobody is asked there.")
    most = campaign.answers_most if campaign.adaptive else campaign.answers_per_unit
    if workers < most:
        raise CannotSimulate(
            f"{campaign.slug} asks for {'up to ' if campaign.adaptive else ''}{most} answers for "
            f"each unit, each by another worker: {workers} workers are too few."
        )
    image_set = campaign.run_shown.image_set
    if not image_set.labels.get("classes"):
        raise CannotSimulate(
            f"The image set {image_set.slug} has no masks: simulated workers know what a picture"
            " shows from its mask only."
        )
    if campaign.state != Campaign.State.OPEN:
        raise CannotSimulate(f"{campaign.slug} is {campaign.state}: reopen it first.")
    if not campaign.simulated:
        _mark(campaign)


@transaction.atomic
def _mark(campaign: Campaign) -> None:
    """Mark a campaign that nobody has touched as simulated.

    Raises:
        CannotSimulate: people have worked in it.
    """
    locked = Campaign.objects.select_for_update().get(pk=campaign.pk)
    touched = Answer.objects.filter(task__campaign=locked).exists()
    if touched or Assignment.objects.filter(task__campaign=locked).exists():
        raise CannotSimulate(
            f"People work in {campaign.slug}: simulated answers are never mixed with theirs. "
            "Open another campaign with --simulated."
        )
    Campaign.objects.filter(pk=locked.pk).update(simulated=True)
    campaign.refresh_from_db(fields=["simulated"])

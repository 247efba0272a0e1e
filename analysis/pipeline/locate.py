"""The step `locate`: every unit's own receptive field, by occlusion of its strongest images.

Rounds (core/refinement.py) follow one another: coarse lattices before fine ones, a few images
before many. A shard is a part of a round: some of its images, each with all the units, of all
layers, that want a map of it; for in deep layers one occluded pass serves them all, and cut by
units every shard would repeat it. Several workers share a round; the next begins when it is
whole, for it depends on what has converged. `finish` lays the maps over one another.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial

import numpy as np
import torch
from torch import Tensor, nn

from analysis.core.images import Preprocessing, prepare
from analysis.core.manifest import Manifest
from analysis.core.occlusion import Occlusion, Target
from analysis.core.refinement import Changes, Indices, Part, refined
from analysis.models import Job, Run, Shard, State
from analysis.pipeline.cost import tell_cost, tell_round
from analysis.pipeline.forward import Forward, Numbered
from analysis.pipeline.overlay import lay_layer
from analysis.pipeline.survey import Found, Look, Survey, Want, as_share, write_part
from analysis.services.image_sets import open_manifest
from analysis.services.journal import log
from analysis.services.locating import parts_of
from analysis.services.shards import Interrupted

# Multiply-adds of one call: a few seconds of a processor, so that beats come in time.
AT_ONCE = 2e11
# Places of one call where whole images are run: their work is not known beforehand.
WHOLE_AT_ONCE = 256
# How long a part waits for the round before, until others get their turn: seconds.
PATIENCE, LOOK_EVERY = 5.0, 0.5
MEGABYTE = 2**20
USUAL_MEMORY = 1024  # MB
Beat = Callable[[], None]


def work(shard: Shard, beat: Callable[[int], None]) -> None:
    """Measure the maps of one part of a round; a repetition writes the same bytes.

    ``beat(done)`` is called after every few occluders and may raise to stop the work. An image
    that cannot be read any more is passed over with a line in the log.

    Raises:
        Interrupted: the round before is not whole yet; the shard is put back for later.
        ValueError: a part of the round before has failed.
    """
    run = shard.job.run
    part = parts_of(run)[shard.number]
    await_round(shard, part, partial(beat, 0))
    survey = Survey.of(run)
    looks = survey.looks(part.round)
    mine = looks[part.slice(len(looks))]
    found: list[Found] = []
    if mine:
        eyes = Eyes.of(run, survey)
        if part.number == 0:
            tell(eyes, part, looks)
        for done, look in enumerate(mine):
            at = done * (shard.last - shard.first) // len(mine)
            found += eyes.seen(look, partial(beat, at))
    write_part(run, shard.number, found)


def finish(job: Job) -> None:
    """Lay the maps over one another: a file and the rows of every layer. May run twice."""
    survey = Survey.of(job.run)
    courses = survey.courses(len(survey.rounds))
    for place in range(len(survey.layers)):
        lay_layer(survey, place, courses)


def await_round(shard: Shard, part: Part, beat: Beat) -> None:
    """Wait a little until the rounds before are whole; see `work`."""
    earlier = Shard.objects.filter(job=shard.job, number__lt=part.start)
    open_ones = earlier.exclude(state=State.DONE)
    until = time.monotonic() + PATIENCE
    while open_ones.exists():
        if failed := open_ones.filter(state=State.FAILED).order_by("number").first():
            raise ValueError(
                f"round {part.round + 1} needs all of the rounds before, and shard"
                f" {failed.number} of these has failed: resume the run to try both again."
            )
        if time.monotonic() >= until:
            raise Interrupted(f"round {part.round + 1} waits for the round before")
        time.sleep(LOOK_EVERY)
        beat()


@dataclass(frozen=True)
class Eyes:
    """A run's network and images, ready to see what changes under the occluder."""

    forward: Forward
    survey: Survey
    occlusion: Occlusion
    manifest: Manifest

    @classmethod
    def of(cls, run: Run, survey: Survey) -> "Eyes":
        """Load what the run names.

        Raises:
            RuntimeError: the run's device is not here.
        """
        forward = Forward.of(run)
        modules = tuple(layer.module for layer in survey.layers)
        memory = (run.memory or USUAL_MEMORY) * MEGABYTE
        occlusion = _followed(forward.model, forward.preparation, modules, memory)
        return cls(forward, survey, occlusion, open_manifest(run.image_set))

    def seen(self, look: Look, beat: Beat) -> list[Found]:
        """Return the maps of all units that want one of an image; none if it cannot be read."""
        try:
            image = self._image(look.image)
        except ValueError as error:
            log(self.survey.run, f"locate: {error} Its fields go without it.", "warning")
            return []
        return [
            found
            for (every, known), wants in look.lattices.items()
            for found in self._mapped(image, wants, self.survey.way(every, known=known), beat)
        ]

    def work(self, look: Look) -> float:
        """Return the multiply-adds of a look; layers that need whole images do not count."""
        occluder = self.survey.occluder
        return sum(
            self.occlusion.work(self._targets(wants), occluder, rows, columns)
            for (every, known), wants in look.lattices.items()
            for rows, columns in self.survey.grids_of(every, known=known)
        )

    def _mapped(
        self,
        image: Tensor,
        wants: Sequence[Want],
        way: Sequence[int],
        beat: Beat,
    ) -> Iterator[Found]:
        """Yield the maps of one image on the last lattice of a way, what was known filled in."""
        targets, occluder = self._targets(wants), self.survey.occluder
        tops = [self.survey.units[want.unit].top[want.rank] for want in wants]
        activations = np.array([activation for _, activation, _, _ in tops])
        finite = np.ones(len(wants), bool)

        def look(rows: Indices, columns: Indices) -> Changes:
            found = []
            for some in self._blocks(targets, rows, columns):
                found.append(self.occlusion.changes(image, targets, occluder, some, columns))
                beat()
            changes = np.concatenate(found, axis=1)
            finite[:] &= np.isfinite(changes).all(axis=(1, 2))
            return as_share(np.nan_to_num(changes), activations[:, None, None])

        maps = [want.known for want in wants if want.known is not None]
        shares = refined(np.stack(maps) if maps else None, way, self.survey.count, look)
        for want, own, sound in zip(wants, shares, finite, strict=True):
            if sound:
                yield Found(want.unit, want.rank, want.every, own)
            else:
                self._tell_infinite(want)

    def _blocks(
        self, targets: Sequence[Target], rows: Indices, columns: Indices
    ) -> Iterator[Indices]:
        """Yield the rows of places in blocks that take a few seconds each."""
        work = self.occlusion.work(targets, self.survey.occluder, rows, columns)
        blocks = work / AT_ONCE
        if any(target.module in self.occlusion.fallback for target in targets):
            blocks = max(blocks, len(rows) * len(columns) / WHOLE_AT_ONCE)
        yield from np.array_split(rows, min(len(rows), max(1, round(blocks))))

    def _targets(self, wants: Sequence[Want]) -> list[Target]:
        """Return where the units of these wishes won on the image."""
        targets = []
        for want in wants:
            unit = self.survey.units[want.unit]
            _, _, row, column = unit.top[want.rank]
            module = self.survey.layers[unit.layer].module
            targets.append(Target(module, unit.channel, row, column))
        return targets

    def _image(self, number: int) -> Tensor:
        path = self.manifest[number].path
        picture = self.forward.open(Numbered(number, path))
        return torch.from_numpy(prepare(picture, self.forward.preparation))

    def _tell_infinite(self, want: Want) -> None:
        unit = self.survey.units[want.unit]
        name = f"{self.survey.layers[unit.layer].name}/{unit.channel}"
        image = unit.top[want.rank][0]
        line = f"locate: {name} is not finite on image {image} under the occluder; left out."
        log(self.survey.run, line, "warning")


def tell(eyes: Eyes, part: Part, looks: Sequence[Look]) -> None:
    """Log what begins: before the first round its cost, and which layers run whole images."""
    survey = eyes.survey
    if part.round == 0:
        for layer in survey.layers:
            if why := eyes.occlusion.fallback.get(layer.module):
                line = f"locate: {layer.name} runs whole occluded images, which is slow: {why}"
                log(survey.run, line, "warning")
        tell_cost(survey, eyes.work, lambda look: eyes.seen(look, lambda: None))
    tell_round(survey, part.round, looks)


@lru_cache(maxsize=1)
def _followed(
    model: nn.Module, preparation: Preprocessing, modules: tuple[str, ...], memory: int
) -> Occlusion:
    """Return a network ready for occlusion; kept for the next shard. A model equals only itself."""
    device = next((one.device for one in model.parameters()), torch.device("cpu"))
    return Occlusion(model, preparation, modules, device=device, memory=memory)

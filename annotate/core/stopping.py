"""Whether a unit has been answered often enough: asking no more than needed.

A unit is sure enough when every target that is set is met: the probability of its group, the
probability and the share of its concept, the width of its precision's interval. Before
``minimum`` answers it never is, at ``maximum`` asking ends, whatever is still unsure.

What the workers are worth comes from elsewhere: from the last fit of a method of
`annotate.core.truth` over the whole campaign, with planted negatives and gold as known truth.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64

from annotate.core.agreement import Votes, precision_interval
from annotate.core.dawid_skene import from_logs
from annotate.core.votes import FLOOR

Matrices = Float64[np.ndarray, "answers truth said"]
PerAnswer = Float64[np.ndarray, " answers"]
# So many concepts a mistaken worker chooses among, as far as two mistaken ones ever meet.
VOCABULARY = 50


@dataclass(frozen=True)
class Targets:
    """When a unit is sure enough; None leaves a target out.

    ``group`` and ``concept`` are least probabilities, ``concept_share`` the least share of answers
    with the commonest concept, ``width`` the greatest width of the precision's interval. That
    interval never gets narrower than as many independent votes as there are images would make it
    (.2 at precision .8 and 57 images), however many people are asked: a target below is met by
    none.
    """

    minimum: int = 2
    maximum: int = 5
    group: float | None = 0.9
    concept: float | None = None
    concept_share: float | None = None
    width: float | None = None

    @property
    def limits(self) -> dict[str, float]:
        """Return the targets that are set, by name."""
        return {name: getattr(self, name) for name in _set(self)}

    def __post_init__(self) -> None:
        """Raise ValueError for targets that contradict each other or cannot be met."""
        if not 1 <= self.minimum <= self.maximum:
            raise ValueError(
                f"between {self.minimum} and {self.maximum} answers: give at least 1, and a "
                "maximum that is no smaller"
            )
        for name in ("group", "concept", "concept_share", "width"):
            value = getattr(self, name)
            if value is not None and not 0 < value <= 1:
                raise ValueError(f"the target for {name} is {value}: give more than 0, at most 1")


@dataclass(frozen=True)
class SoFar:
    """The answers to one unit until now; entry i of each is answer i.

    ``groups`` are numbers of semantic groups, ``matrices`` their authors' confusion matrices,
    ``priors`` how common each group is. ``concepts`` are numbers of merged concepts
    (`annotate.core.words.merge`), ``accuracies`` how often their authors name the right one.
    ``votes`` has a row for each answer and a column for each image that is not planted: 1 kept, 0
    rejected, nan not seen. What no target asks for may be left out.
    """

    groups: Sequence[int] = ()
    matrices: Matrices | None = None
    priors: Float64[np.ndarray, " groups"] | None = None
    concepts: Sequence[int] = ()
    accuracies: PerAnswer | None = None
    votes: Votes | None = None

    def __len__(self) -> int:
        """Return how many answers there are; raises ValueError if the parts differ."""
        votes = () if self.votes is None else self.votes
        sizes = {len(part) for part in (self.groups, self.concepts, votes) if len(part)}
        if len(sizes) > 1:
            raise ValueError(f"groups, concepts and votes are of {sorted(sizes)} answers")
        return sizes.pop() if sizes else 0


@dataclass(frozen=True)
class Verdict:
    """Whether to stop asking, why, and how sure each thing is that a target is set for.

    ``why`` is sure, maximum or unsure; ``open`` names the targets that are not met.
    """

    enough: bool
    why: str
    answers: int
    open: tuple[str, ...]
    reached: dict[str, float]


def judge(so_far: SoFar, targets: Targets) -> Verdict:
    """Say whether a unit has been answered often enough.

    Raises:
        ValueError: the answers lack what a target asks for, or their parts do not fit together.
    """
    answers = len(so_far)
    reached = _reached(so_far, targets) if answers else {}
    unmet = tuple(name for name in _set(targets) if not _met(name, reached, targets))
    if answers >= targets.minimum and not unmet:
        return Verdict(True, "sure", answers, unmet, reached)
    if answers >= targets.maximum:
        return Verdict(True, "maximum", answers, unmet, reached)
    return Verdict(False, "unsure", answers, unmet, reached)


def group_posterior(
    groups: Sequence[int], matrices: Matrices, priors: Float64[np.ndarray, " groups"]
) -> Float64[np.ndarray, " groups"]:
    """Return the probability of each group: prior times what each answer's author says where.

    It is the E-step of Dawid and Skene for one task, of workers who are known already.
    """
    tables, wide = np.asarray(matrices, np.float64), len(priors)
    if tables.shape != (len(groups), wide, wide):
        raise ValueError(
            f"confusion matrices have shape {tables.shape}: give one of {wide} × {wide} for each "
            f"of {len(groups)} answers"
        )
    if len(groups) and not (min(groups) >= 0 and max(groups) < wide):
        raise ValueError(f"groups {list(groups)}: give numbers from 0 to {wide - 1}")
    logs = np.log(np.maximum(priors, FLOOR))
    for answer, group in enumerate(groups):
        logs = logs + np.log(np.maximum(tables[answer, :, group], FLOOR))
    return np.asarray(from_logs(logs[None])[0])


def concept_posterior(
    concepts: Sequence[int], accuracies: PerAnswer, vocabulary: int = VOCABULARY
) -> tuple[int, float]:
    """Return the likeliest concept and its probability.

    Words are free, so the labels cannot be listed. Each worker names the true concept with his
    accuracy and else one of ``vocabulary`` - 1 others, every concept as likely beforehand: one coin
    over that many labels, of which those not named share one likelihood. A tie goes to the
    concept named first.
    """
    right = np.clip(np.asarray(accuracies, np.float64), 1e-6, 1 - 1e-6)
    if not len(concepts) or right.shape != (len(concepts),):
        raise ValueError(f"{len(concepts)} concepts with {right.size} accuracies: give one of each")
    named = list(dict.fromkeys(concepts))
    unnamed = max(vocabulary - len(named), 0)
    wrong = np.log((1 - right) / (vocabulary - 1))
    chose = np.array([[one == name for one in concepts] for name in named])  # (named, answers)
    logs = np.append(np.where(chose, np.log(right), wrong).sum(axis=1), wrong.sum())
    weights = np.exp(logs - logs.max()) * np.append(np.ones(len(named)), unnamed)
    best = int(weights[:-1].argmax())
    return named[best], float(weights[best] / weights.sum())


def stated_crowd(labels: int, right: float) -> Float64[np.ndarray, "truth said"]:
    """Return the matrix of workers of whom nothing is known yet: right so often, else evenly wrong.

    Raises:
        ValueError: there are not two labels, or ``right`` is no share.
    """
    if labels < 2 or not 0 < right < 1:
        raise ValueError(f"{labels} labels, right {right}: give 2 labels or more, 0 < right < 1")
    matrix = np.full((labels, labels), (1 - right) / (labels - 1))
    np.fill_diagonal(matrix, right)
    return matrix


def better_half(accuracies: Mapping[str, float]) -> frozenset[str]:
    """Return the workers who are right at least as often as the middle one of them."""
    if not accuracies:
        return frozenset()
    middle = float(np.median(list(accuracies.values())))
    return frozenset(who for who, right in accuracies.items() if right >= middle)


def _set(targets: Targets) -> list[str]:
    """Return the names of the targets that are set."""
    names = ("group", "concept", "concept_share", "width")
    return [name for name in names if getattr(targets, name) is not None]


def _met(name: str, reached: dict[str, float], targets: Targets) -> bool:
    """Tell whether a target is met; the width is the one that must be small."""
    if name not in reached:
        return False
    wanted: float = getattr(targets, name)
    return reached[name] <= wanted if name == "width" else reached[name] >= wanted


def _reached(so_far: SoFar, targets: Targets) -> dict[str, float]:
    """Return how sure each thing is that a target is set for."""
    ways = {
        "group": _group,
        "concept": _concept,
        "concept_share": _concept_share,
        "width": _width,
    }
    return {name: ways[name](so_far) for name in _set(targets)}


def _group(so_far: SoFar) -> float:
    """Return the probability of the likeliest group."""
    if so_far.matrices is None or so_far.priors is None or not len(so_far.groups):
        raise ValueError("a target for the group needs groups, matrices and priors")
    return float(group_posterior(so_far.groups, so_far.matrices, so_far.priors).max())


def _concept(so_far: SoFar) -> float:
    """Return the probability of the likeliest concept."""
    if so_far.accuracies is None:
        raise ValueError("a target for the concept needs concepts and accuracies")
    return concept_posterior(so_far.concepts, so_far.accuracies)[1]


def _concept_share(so_far: SoFar) -> float:
    """Return the share of answers with the commonest concept."""
    if not len(so_far.concepts):
        raise ValueError("a target for the share of a concept needs concepts")
    said = list(so_far.concepts)
    return max(map(said.count, said)) / len(said)


def _width(so_far: SoFar) -> float:
    """Return the width of the precision's interval."""
    if so_far.votes is None:
        raise ValueError("a target for the width needs votes on images")
    low, high = precision_interval(so_far.votes)
    return high - low

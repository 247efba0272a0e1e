"""What pages say of a practice answer beside the expert's: part by part and image by image."""

from dataclasses import dataclass
from typing import Any

from annotate.core.practice import GROUP, IMAGES, WORDS, Score
from annotate.models import Lesson, PracticeAnswer
from annotate.services.guidelines import as_html
from annotate.views import sheet
from annotate.views.sheet import Tile


@dataclass(frozen=True)
class Part:
    """One line of the comparison: both answers, what to make of them, and the points it made."""

    name: str
    yours: str
    experts: str
    verdict: str
    state: str  # "good", "half" or "bad": drawn as an icon beside the verdict's words
    points: int
    most: int


@dataclass(frozen=True)
class Apart:
    """An image that only one of the two marked."""

    tile: Tile
    marked_by_worker: bool


def marks_of(lesson: Lesson) -> dict[str, Any]:
    """Return what the expert said, as the task page draws it."""
    return {
        "concept": lesson.concept,
        "category": lesson.category,
        "rejected": lesson.rejected,
        "all_fit": not lesson.rejected,
    }


def page(answer: PracticeAnswer) -> dict[str, Any]:
    """Return what the feedback page shows of one practice answer."""
    score = answer.score
    if score is None:
        raise ValueError(f"{answer} is not answered yet, so it cannot be compared")
    tiles = {tile.place: tile for tile in sheet.tiles(answer, marks_of(answer.lesson))}
    apart = [Apart(tiles[one.place], one.marked_by_worker) for one in answer.differences]
    apart.sort(key=lambda one: one.tile.number)
    pks = list(answer.round.answers.values_list("pk", flat=True))
    return {
        "campaign": answer.task.campaign,
        "answer": answer,
        "lesson": answer.lesson,
        "points": score.points,
        "parts": [_images(answer, score), _words(answer, score), _group(answer, score)],
        "missed": [one for one in apart if not one.marked_by_worker],
        "added": [one for one in apart if one.marked_by_worker],
        "tiles": list(tiles.values()),
        "why": as_html(answer.lesson.why),
        "number": pks.index(answer.pk) + 1,
        "total": len(pks),
    }


def _images(answer: PracticeAnswer, score: Score) -> Part:
    """Compare the marks, apart for the images that the expert kept and those that she marked."""
    shown, hers, mine = len(answer.task.items), len(answer.lesson.rejected), len(answer.rejected)
    unlike = len(answer.differences)
    few = "all alike" if not unlike else "1 image differs"
    return Part(
        "Images",
        f"{mine} marked, {shown - mine} kept",
        f"{hers} marked, {shown - hers} kept",
        f"{unlike} images differ" if unlike > 1 else few,
        _state(score.images),
        round(100 * IMAGES * score.images),
        round(100 * IMAGES),
    )


def _words(answer: PracticeAnswer, score: Score) -> Part:
    """Compare the words."""
    lesson = answer.lesson
    others = f" (also: {', '.join(lesson.other_words)})" if lesson.other_words else ""
    return Part(
        "Words",
        f"“{answer.concept}”",
        f"“{lesson.concept}”{others}",
        "the same concept" if score.words else "another concept",
        _state(score.words),
        round(100 * WORDS * score.words),
        round(100 * WORDS),
    )


def _group(answer: PracticeAnswer, score: Score) -> Part:
    """Compare the groups: a neighbour counts half."""
    state = _state(score.group)
    verdicts = {"good": "the same group", "half": "a neighbouring group", "bad": "another group"}
    return Part(
        "Group",
        answer.category,
        answer.lesson.category,
        verdicts[state],
        state,
        round(100 * GROUP * score.group),
        round(100 * GROUP),
    )


def _state(share: float) -> str:
    """Return how well a part went: all of it, some of it, nothing."""
    if share == 1:
        return "good"
    return "half" if share > 0 else "bad"

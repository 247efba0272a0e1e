"""What pages say of a practice answer beside the expert's: part by part and image by image."""

from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext

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
    counts = _("%(marked)s marked, %(kept)s kept")
    differ = ngettext("%(number)s image differs", "%(number)s images differ", unlike)
    return Part(
        _("Images"),
        counts % {"marked": mine, "kept": shown - mine},
        counts % {"marked": hers, "kept": shown - hers},
        differ % {"number": unlike} if unlike else _("all alike"),
        _state(score.images),
        round(100 * IMAGES * score.images),
        round(100 * IMAGES),
    )


def _words(answer: PracticeAnswer, score: Score) -> Part:
    """Compare the words."""
    lesson = answer.lesson
    others = _(" (also: %(words)s)") % {"words": ", ".join(lesson.other_words)}
    return Part(
        _("Words"),
        f"“{answer.concept}”",
        f"“{lesson.concept}”{others if lesson.other_words else ''}",
        _("the same concept") if score.words else _("another concept"),
        _state(score.words),
        round(100 * WORDS * score.words),
        round(100 * WORDS),
    )


def _group(answer: PracticeAnswer, score: Score) -> Part:
    """Compare the groups: a neighbour counts half."""
    state = _state(score.group)
    verdicts = {
        "good": _("the same group"),
        "half": _("a neighbouring group"),
        "bad": _("another group"),
    }
    return Part(
        _("Group"),
        pgettext("group", answer.category),
        pgettext("group", answer.lesson.category),
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

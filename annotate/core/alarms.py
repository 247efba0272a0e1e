"""Alarms of a running campaign: each a rule over a few numbers, with its threshold in the open.

A rule returns an `Alarm` (what was seen, what to do about it) or None. None of them is a verdict
on anybody: a rule says where a researcher should look.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

MISSES = 0.1  # a worker misses planted negatives who leaves in more than this share of them
MISSING_WORKERS = 1 / 3
FEWEST_WORKERS = 3
GIVEN_UP = 3  # workers who left a unit without an answer, while nobody answered it
FAILING = 0.05  # answers with a picture that did not load
SILENT_HOURS = 24.0
LION = 0.5  # share of all answers by one worker
HASTE = 1 / 3  # of the usual time
HASTY = 0.15  # answers that took less
REFUSED = 1 / 3  # answers that took more than one submission
CHANCE = 0.1  # agreement above the least possible, as a share of what is possible above it
FEWEST_ANSWERS = 20
FEWEST_UNITS = 10


@dataclass(frozen=True)
class Alarm:
    """What was seen, with its numbers and threshold, and what to do about it."""

    name: str
    seen: str
    advice: str


def planted_missed(missed: Sequence[tuple[int, int]]) -> Alarm | None:
    """Ring when a third of the workers leave planted negatives in.

    ``missed`` has for each worker the planted images he left in, and all that he was shown.
    """
    judged = [(left, shown) for left, shown in missed if shown]
    careless = sum(left > MISSES * shown for left, shown in judged)
    if len(judged) < FEWEST_WORKERS or careless < MISSING_WORKERS * len(judged):
        return None
    return Alarm(
        "planted",
        f"{careless} of {len(judged)} workers left in more than {MISSES:.0%} of the planted"
        " negatives (alarm from a third).",
        "Are the segments readable? Label a unit yourself, and look at how the task explains what"
        " does not fit, before you doubt the workers.",
    )


def unfinished(units: int) -> Alarm | None:
    """Ring for units that several workers left without an answer, while nobody answered them."""
    if not units:
        return None
    what = "1 unit was" if units == 1 else f"{units:,} units were"
    return Alarm(
        "unfinished",
        f"{what} given back or left by {GIVEN_UP} or more workers, and answered by none.",
        "Look at them: they may have no common concept, or pictures too dark to read. Whoever"
        " sees nothing should be told in the guidelines what to write.",
    )


def pictures_failing(failing: int, answers: int) -> Alarm | None:
    """Ring when answers come from workers whose pictures failed to load."""
    if answers < FEWEST_ANSWERS or failing <= FAILING * answers:
        return None
    return Alarm(
        "pictures",
        f"In {failing:,} of the latest {answers:,} answers a picture did not load (alarm above"
        f" {FAILING:.0%}).",
        "Open a unit in the atlas: if its pictures are missing, restore the media folder or run"
        " the step segment again; if they are slow, look at the server's connection.",
    )


def silence(hours: float | None, *, is_open: bool, is_complete: bool) -> Alarm | None:
    """Ring when an open campaign that lacks answers got none for a day.

    ``hours`` have passed since the last answer, or since it was opened.
    """
    if not is_open or is_complete or hours is None or hours < SILENT_HOURS:
        return None
    days = int(hours // 24)
    return Alarm(
        "silence",
        f"No answer for {days} day{'s' if days > 1 else ''}, while the campaign is open.",
        "Send the link again, look whether the practice round lets anybody through, or pause it.",
    )


def one_worker(most: int, answers: int) -> Alarm | None:
    """Ring when one worker gives more than half of all answers."""
    if answers < FEWEST_ANSWERS or most <= LION * answers:
        return None
    return Alarm(
        "one worker",
        f"One worker gave {most:,} of the {answers:,} answers (alarm above {LION:.0%}).",
        "Labels then say what one person sees: invite others before you go on.",
    )


def haste(seconds: Sequence[float]) -> Alarm | None:
    """Ring when many answers took far less than the usual time; ``seconds`` of the latest."""
    if len(seconds) < FEWEST_ANSWERS:
        return None
    usual = median(seconds)
    hasty = sum(one < HASTE * usual for one in seconds)
    if hasty <= HASTY * len(seconds):
        return None
    return Alarm(
        "haste",
        f"{hasty:,} of the latest {len(seconds):,} answers took less than a third of the median of"
        f" {usual:.0f} s (alarm above {HASTY:.0%}).",
        "See in the table whose they are, and whether they agree with the others' answers.",
    )


def refused_often(again: int, answers: int) -> Alarm | None:
    """Ring when many answers were refused before they were taken."""
    if answers < FEWEST_ANSWERS or again < REFUSED * answers:
        return None
    return Alarm(
        "refused",
        f"{again:,} of the latest {answers:,} answers were refused at least once before they were"
        " taken (alarm from a third).",
        "A rule may be unclear or too strict: read its sentence on the task page as a worker"
        " does, and consider fewer images to keep or a lenient rule for planted negatives.",
    )


def near_chance(agreement: float | None, answers: float, units: int) -> Alarm | None:
    """Ring when workers hardly agree more than if each said something else.

    ``agreement`` is the mean share of answers that agree with their unit's label, ``answers`` the
    mean number of answers of these units: the least possible share is 1 / answers.
    """
    if agreement is None or units < FEWEST_UNITS or answers <= 1:
        return None
    least = 1 / answers
    above = (agreement - least) / (1 - least)
    if above >= CHANCE:
        return None
    return Alarm(
        "chance",
        f"The mean agreement is {agreement:.2f} over {units:,} units; {least:.2f} is what it would"
        f" be if no two workers ever agreed (alarm below {least + CHANCE * (1 - least):.2f}).",
        "Merge words of one meaning on the page of concepts; if it stays so, these units may have"
        " no concept that people can name.",
    )

"""How long a worker takes for a unit, from his own answers."""

from statistics import median

from annotate.models import Answer, Campaign, Worker

# Enough to even out one phone call, few enough to follow a worker who gets faster.
LATEST = 9


def seconds_each(worker: Worker, campaign: Campaign) -> int | None:
    """Return the middle of the focused seconds of the latest answers; None before the first.

    An answer given without scripts has no focused time, and its clock time stands in.
    """
    # Correcting an answer is quicker than finding it.
    first = Answer.objects.filter(worker=worker, supersedes__isnull=True)
    latest = first.filter(task__campaign=campaign).order_by("-pk")
    rows = latest.values_list("focused_seconds", "seconds")[:LATEST]
    seconds = [focused or clock for focused, clock in rows]
    return round(median(seconds)) if seconds else None

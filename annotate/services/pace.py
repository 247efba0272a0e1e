"""How long a worker takes for a unit, from his own answers."""

from statistics import median

from annotate.models import Answer, Campaign, Worker
from annotate.models.prepared import Prepared

# Enough to even out one phone call, few enough to follow a worker who gets faster.
LATEST = 9
# Without corrections: correcting an answer is quicker than finding it.
ANSWERS = Prepared(
    lambda worker, campaign: (
        Answer.objects.filter(worker=worker, task__campaign=campaign, supersedes__isnull=True)
        .order_by("-pk")
        .values_list("focused_seconds", "seconds")[:LATEST]
    ),
    worker=int,
    campaign=int,
)


def seconds_each(worker: Worker, campaign: Campaign) -> int | None:
    """Return the middle of the focused seconds of the latest answers; None before the first.

    An answer given without scripts has no focused time, and its clock time stands in.
    """
    rows = ANSWERS.rows(worker=worker.pk, campaign=campaign.pk)
    seconds = [focused or clock for focused, clock in rows]
    return round(median(seconds)) if seconds else None

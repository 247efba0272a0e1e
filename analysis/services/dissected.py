"""What a machine says of units by one dissection: its labels follow the newest, these do not.

They stand for labels of the origin ``dissection-KEY`` wherever labels are asked for by origin, with
the first twelve digits of the run's key; they are read from the rows of the run.
"""

import re
from collections.abc import Iterator

from django.db.models import F

from analysis.models import ClassScore, Network, Run, Source, State, UnitSemantics
from analysis.services.dissection import DETECTS, ORIGIN
from analysis.services.semantics import LONGEST_CONCEPT

CALLED = re.compile(rf"{ORIGIN}-([0-9a-f]{{12}})")


def origin_of(run: Run) -> str:
    """Return the origin that stands for the labels by a dissection."""
    return f"{ORIGIN}-{run.short_key}"


def dissections(network: Network) -> list[Run]:
    """Return the runs of a network that have finished a dissection, newest first."""
    done = Run.objects.filter(network=network, jobs__step="dissect", jobs__state=State.DONE)
    return list(done.order_by(F("finished_at").desc(nulls_last=True), "-pk"))


def dissection_called(network: Network, source: str, origin: str) -> Run | None:
    """Return the dissection that an origin names; None where it names none of the network."""
    found = CALLED.fullmatch(origin)
    if source != Source.MACHINE or found is None:
        return None
    return next((run for run in dissections(network) if run.short_key == found[1]), None)


def labels_by(run: Run) -> Iterator[UnitSemantics]:
    """Give what a dissection says of each detector, in the order of the network; rows of nowhere.

    As `class_results.write_semantics` would write it.
    """
    found = ClassScore.objects.filter(run=run, rank=0, iou__gt=DETECTS)
    found = found.select_related("unit__layer").order_by("unit__layer__position", "unit__channel")
    for row in found:
        yield UnitSemantics(
            unit=row.unit,
            source=Source.MACHINE,
            origin=origin_of(run),
            run=run,
            concept=row.name[:LONGEST_CONCEPT],
            details={"iou": row.iou},
        )

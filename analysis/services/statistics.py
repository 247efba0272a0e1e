"""The statistics of a run by name: what its rows are, and who counts them.

One entry here gives the address `statistics/<name>/`, its CSV, and its place in the documentation.
"""

import csv
import io
from collections.abc import Iterator
from typing import Any

from analysis.core.loading import batched
from analysis.models import Job, Run, State
from analysis.services import (
    detector_findings,
    field_findings,
    localisation_findings,
    mask_findings,
    minimal_images,
    visibility,
)
from analysis.services.measures import Statistic
from analysis.services.spreadsheets import neutralise

STATISTICS: dict[str, Statistic] = {
    statistic.name: statistic
    for statistic in (
        field_findings.BY_LAYER,
        field_findings.BY_UNIT,
        visibility.VISIBLE,
        minimal_images.KEPT_OBJECTS,
        minimal_images.SCENES,
        mask_findings.BY_LAYER,
        mask_findings.BY_UNIT,
        detector_findings.BY_LAYER,
        detector_findings.BY_CLASS,
        detector_findings.BY_UNIT,
        localisation_findings.BY_CONCEPT,
    )
}
PAGE = 1000


def is_counted(run: Run, statistic: Statistic) -> bool:
    """Return whether the run has finished the step that the statistic counts."""
    return Job.objects.filter(run=run, step=statistic.step, state=State.DONE).exists()


def as_json(run: Run, statistic: Statistic) -> dict[str, Any]:
    """Return the statistic with what it was counted on."""
    return {
        "statistic": statistic.name,
        "network": run.network.slug,
        "image_set": run.image_set.slug,
        "run": run.short_key,
        "synthetic": run.network.synthetic or run.image_set.synthetic,
        "rows": [row._asdict() for row in statistic.rows(run)],
    }


def as_csv(run: Run, statistic: Statistic) -> Iterator[bytes]:
    """Write the rows as RFC 4180 has it, UTF-8, one header line; text is safe in a spreadsheet."""
    yield (",".join(statistic.row._fields) + "\r\n").encode()
    for some in batched(statistic.rows(run), PAGE):
        sheet = io.StringIO(newline="")
        writer = csv.writer(sheet)
        for row in some:
            writer.writerow([neutralise(cell) if isinstance(cell, str) else cell for cell in row])
        yield sheet.getvalue().encode()

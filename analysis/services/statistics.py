"""The statistics by name, of a run, labels or objects: what their rows are, who counts them.

One entry here gives the address `statistics/<name>/`, its CSV, and its place in the documentation.
"""

import csv
import io
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any

from analysis.core.loading import batched
from analysis.models import Job, Run, State
from analysis.services import (
    detector_findings,
    dissection_scores,
    field_findings,
    localisation_findings,
    localised_images,
    mask_findings,
    minimal_images,
    objects,
    people_machine,
    people_machine_shares,
    preferences,
    raw_rows,
    visibility,
)
from analysis.services.concept_counts import CONCEPTS
from analysis.services.meanings import AGREEMENT, CATEGORIES, PRECISION, Wanted, labels_of
from analysis.services.measures import LabelStatistic, ObjectStatistic, Statistic, Table
from analysis.services.object_coverage import COVERAGE
from analysis.services.spreadsheets import neutralise
from analysis.services.unit_precision import BY_UNIT as UNIT_PRECISION

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
        preferences.PREFERENCES,
        preferences.IMAGES,
        people_machine.BY_UNIT,
        people_machine_shares.BY_LAYER,
        raw_rows.SEGMENTED,
        raw_rows.SIMPLIFIED,
        raw_rows.SIMPLIFIED_OBJECTS,
        raw_rows.SCENE_NAMES,
        raw_rows.SCENE_OBJECTS,
        raw_rows.IMAGE_OBJECTS,
        localised_images.LOCALISED,
        dissection_scores.SCORES,
    )
}
OF_LABELS: dict[str, LabelStatistic] = {
    statistic.name: statistic
    for statistic in (CATEGORIES, PRECISION, UNIT_PRECISION, AGREEMENT, CONCEPTS, raw_rows.ANSWERS)
}
OF_OBJECTS: dict[str, ObjectStatistic] = {
    statistic.name: statistic
    for statistic in (objects.COUNTS, objects.CORRELATIONS, objects.UNITS, COVERAGE)
}
PAGE = 1000
JSON_ROWS = 100_000


def is_counted(run: Run, statistic: Statistic) -> bool:
    """Return whether the run has finished the step that the statistic counts."""
    return Job.objects.filter(run=run, step=statistic.step, state=State.DONE).exists()


def why_none(run: Run, statistic: Statistic) -> str:
    """Return why a statistic cannot be counted on a run, in a sentence; nothing where it can."""
    if not is_counted(run, statistic):
        return f"Run {run} has not finished the step {statistic.step}."
    return statistic.lacking(run)


def of_run(run: Run, statistic: Statistic) -> Table:
    """Return a statistic of a run."""
    return Table(
        statistic=statistic,
        on={
            "network": run.network.slug,
            "image_set": run.image_set.slug,
            "run": run.short_key,
            "synthetic": run.network.synthetic or run.image_set.synthetic,
        },
        file=f"{statistic.name}-{run.network.slug}-{run.short_key}",
        rows=lambda: statistic.rows(run),
    )


def of_labels(wanted: Wanted, statistic: LabelStatistic) -> Table:
    """Return a statistic of a network's labels."""
    network, source, campaign = wanted.network.slug, wanted.source, wanted.campaign
    name = "-".join(part for part in (statistic.name, network, source, campaign) if part)
    return Table(
        statistic=statistic,
        on={
            "network": network,
            "source": source,
            "campaign": campaign or None,
            **({"threshold": wanted.threshold} if statistic.uses_threshold else {}),
            "synthetic": wanted.network.synthetic,
        },
        file=name,
        rows=lambda: statistic.rows(labels_of(wanted), wanted.threshold),
    )


def of_objects(wanted: objects.Wanted, statistic: ObjectStatistic) -> Table:
    """Return a statistic of what units stand for, in the masks of an image set."""
    network, images = wanted.network, wanted.image_set
    parts = (statistic.name, network.slug, wanted.source, wanted.campaign, images.slug)
    return Table(
        statistic=statistic,
        on={
            "network": network.slug,
            "source": wanted.source,
            "campaign": wanted.campaign or None,
            "threshold": wanted.threshold,
            "image_set": images.slug,
            "layers": list(wanted.layers) or None,
            "synthetic": network.synthetic or images.synthetic,
        },
        file="-".join(part for part in parts if part),
        rows=lambda: statistic.rows(wanted),
    )


class TooManyRows(ValueError):
    """A statistic has more rows than one answer holds; the sentence says where they are."""


def as_json(table: Table) -> dict[str, Any]:
    """Return the statistic with what it was counted on.

    Raises:
        TooManyRows: more than JSON_ROWS, which would all be in memory at once.
    """
    rows = [row._asdict() for row in islice(table.rows(), JSON_ROWS + 1)]
    if len(rows) > JSON_ROWS:
        raise TooManyRows(
            f"{table.statistic.name} has more than {JSON_ROWS:,} rows here: take the table"
            f" {table.statistic.name}.csv, which is sent while it is read."
        )
    return {"statistic": table.statistic.name, **table.on, "rows": rows}


def csv_head(table: Table) -> bytes:
    """Write the header line."""
    return (",".join(table.statistic.row._fields) + "\r\n").encode()


def as_csv(table: Table) -> Iterator[bytes]:
    """Write the rows as RFC 4180 has it, UTF-8, one header line; text is safe in a spreadsheet."""
    yield csv_head(table)
    for some in batched(table.rows(), PAGE):
        yield csv_lines(some)


def csv_lines(rows: Iterable[Any]) -> bytes:
    """Write rows as lines of CSV."""
    sheet = io.StringIO(newline="")
    writer = csv.writer(sheet)
    for row in rows:
        writer.writerow([neutralise(cell) if isinstance(cell, str) else cell for cell in row])
    return sheet.getvalue().encode()

"""Examples for a report: the best unit of every layer and group, with its pictures as data."""

from base64 import b64encode
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import groupby

from analysis.models import Category, Network, Source, State, TopImage, UnitSemantics
from analysis.services import files, label_choices
from analysis.services.atlas import runs_to_show
from analysis.services.dissected import dissection_called, labels_by
from analysis.services.meaning_figures import note_of
from analysis.services.meanings import Wanted
from analysis.services.pictures import picture_file

PICTURES = 4  # of a unit
CONCEPTS = 6  # of a layer whose labels have no group
MOST_UNITS = 48
MOST_BYTES = 3_000_000  # of all pictures together, before they are written as data
NO_GROUP = "no group said"


@dataclass(frozen=True)
class Picture:
    """A segmented image of a unit, whole: a WebP of a few kilobytes."""

    webp: bytes
    words: str

    @property
    def address(self) -> str:
        """Return the picture as an address that holds it."""
        return f"data:image/webp;base64,{b64encode(self.webp).decode()}"


@dataclass(frozen=True)
class Example:
    """The best unit of one layer and group."""

    network: str
    layer: str
    unit: int
    group: str
    concept: str
    said: str  # how sure, in a few words
    note: str
    pictures: list[Picture] = field(default_factory=list)
    without: str = ""  # why there are no pictures


def examples_of(network: Network, asked: Mapping[str, str]) -> list[Example]:
    """Return the best unit of each layer and group, low to high, with what it sees.

    Best is the highest precision; of a machine's labels, the highest IoU. Pictures are left out
    once those before have taken ``MOST_BYTES``.
    """
    choice = label_choices.answers_chosen(network, asked)
    if choice is None:
        return []
    note = note_of(choice.wanted.source, network.synthetic)
    room, found = MOST_BYTES, []
    for label in list(_best(_labels(choice.wanted)))[:MOST_UNITS]:
        pictures = _pictures(label)
        taken = sum(len(one.webp) for one in pictures)
        if taken > room:
            pictures = []
        room -= taken if pictures else 0
        found.append(_example(network, label, note, pictures))
    return found


def _labels(wanted: Wanted) -> Iterable[UnitSemantics]:
    """Return the labels that count."""
    if run := dissection_called(wanted.network, wanted.source, wanted.campaign):
        return labels_by(run)
    rows = UnitSemantics.objects.filter(
        unit__layer__network=wanted.network, source=wanted.source
    ).select_related("unit__layer", "run")
    return rows.filter(origin=wanted.campaign) if wanted.campaign else rows


def _best(rows: Iterable[UnitSemantics]) -> Iterator[UnitSemantics]:
    """Give the best label of each layer and group, in the order of network and groups."""
    places = {value: place for place, value in enumerate(Category.values)}
    ranked = sorted(
        rows,
        key=lambda row: (
            row.unit.layer.position,
            places.get(row.category, len(places)),
            -_quality(row),
            row.unit.channel,
            row.origin,
        ),
    )
    for (_, group), some in groupby(
        ranked, key=lambda row: (row.unit.layer.position, row.category)
    ):
        if group:
            yield next(some)
        else:  # a machine says no group: the best units of a few concepts stand for it
            first: dict[str, UnitSemantics] = {}
            for row in some:
                first.setdefault(row.concept, row)
            yield from list(first.values())[:CONCEPTS]


def _quality(label: UnitSemantics) -> float:
    """Return how well a unit keeps to its concept, as far as its source knows."""
    if label.precision is not None:
        return label.precision
    iou = label.details.get("iou")
    return float(iou) if isinstance(iou, int | float) else 0.0


def _example(network: Network, label: UnitSemantics, note: str, pictures: list[Picture]) -> Example:
    groups = dict(Category.choices)
    return Example(
        network=str(network),
        layer=label.unit.layer.name,
        unit=label.unit.channel,
        group=str(groups.get(label.category, NO_GROUP)),
        concept=label.concept,
        said=_said(label),
        note=note,
        pictures=pictures,
        without="" if pictures else "No segmented pictures of this unit are here.",
    )


def _said(label: UnitSemantics) -> str:
    """Return precision or IoU, and who said so, in a few words."""
    if label.precision is not None:
        sure = f"precision {label.precision:.2f}"
        if label.precision_low is not None and label.precision_high is not None:
            sure += f" ({label.precision_low:.2f} to {label.precision_high:.2f})"
    else:
        sure = f"IoU {_quality(label):.3f}" if "iou" in label.details else "precision not known"
    if label.source == Source.MACHINE:
        return sure
    return f"{sure}, {label.answers} answer{'' if label.answers == 1 else 's'}"


def _pictures(label: UnitSemantics) -> list[Picture]:
    """Return the segmented pictures of the strongest images that are still stored."""
    drawn = runs_to_show(label.unit.layer).filter(jobs__step="segment", jobs__state=State.DONE)
    run = next((one for one in drawn if one.pk == label.run_id), None) or drawn.first()
    if run is None:
        return []
    best = TopImage.objects.filter(
        run=run, unit=label.unit, end=TopImage.End.TOP, rank__lt=PICTURES
    )
    found = []
    for top in best.select_related("segment").order_by("rank"):
        if hasattr(top, "segment"):
            name = picture_file(top.segment.token, "segmented", "tile")
            if files.exists(name):
                place = f"image {top.rank + 1} of those that drive unit {label.unit.channel} most"
                found.append(Picture(files.read(name), place))
    return found
